"""Keeps the host of one lane alive: starts it when it is needed, relays its events, ends it when it does not obey."""

from __future__ import annotations

import logging
import select
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from crystal_studio.host.client import CommandRefused, HostClient, HostDied
from crystal_studio.host.protocol import (
    Cancel,
    Cancelled,
    Command,
    Done,
    Event,
    Failed,
    Failure,
    Quit,
    Ready,
    Run,
)
from crystal_studio.services.jobs import WarmUpJob

logger = logging.getLogger(__name__)

OBEY_SECONDS = 3.0
_START_SECONDS = 120.0
_CATCH_UP_SECONDS = 0.01
_MOST_DEATHS = 3
_DEATHS_WITHIN_SECONDS = 30.0
_SAVED = "Every node that was shown is saved."


@dataclass(frozen=True)
class LaneNews:
    """What the lane is doing now: a state of `JobRunner.lane_changed`, and the process id of its host."""

    state: str
    process: int | None = None


class HostKeeper:
    """One lane's host; takes one job at a time, and belongs to one thread.

    Args:
        command: starts a host.
        environment: of the host, None for ours.
        relay: is given every event of the job in hand, and what the lane is doing.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None, relay: Callable[[Event | LaneNews], None]
    ) -> None:
        self._command = tuple(command)
        self._environment = environment
        self._relay = relay
        self._host: HostClient | None = None
        self._job: Run | None = None
        self._is_ready = False
        self._is_sent = False
        self._is_quitting = False
        self._deadline: float | None = None
        self._deaths: list[float] = []
        self.is_finished = False

    def take(self, command: Command) -> None:
        """Follow the window's command: run the next job, cancel the one in hand, or quit."""
        if isinstance(command, Run):
            self._job, self._is_sent = command, False
            if self._host is None:
                self._deaths.clear()  # somebody asked anew
                self._start()
            elif self._is_ready:
                self._send_job()
        elif isinstance(command, Cancel):
            self._cancel(command)
        else:
            self._quit()

    def turn(self, wake: int, reading: bool = True) -> None:
        """Wait for an event, for data on `wake`, or for a deadline, and do what it asks for.

        Args:
            wake: a descriptor that ends the waiting.
            reading: False while the window cannot take more events; the host then waits too.
        """
        if self._host is None:
            _wait_for(wake)
            return
        try:
            for event in self._host.poll(self._seconds_left(reading), wake, reading):
                self._hear(event)
            if self._deadline is not None and time.monotonic() >= self._deadline:
                self._end_disobedient()
        except HostDied as death:
            self._bury(death)

    def abandon(self) -> None:
        """Kill the host after a bug of ours; the job in hand fails."""
        if self._host is not None:
            self._host.kill()
            self._host = None
        self._relay(LaneNews("died"))
        if self._job is not None:
            message = "This is a bug of ours in the window. Please send us the log and start the program again."
            self._relay(Failed(self._job.id, Failure.BUG, message))
        self.is_finished = True

    def _seconds_left(self, reading: bool) -> float | None:
        """Until something is to be done: kill a host that did not obey, or see whether the window has caught up."""
        limits = [] if reading else [_CATCH_UP_SECONDS]
        if self._deadline is not None:
            limits.append(self._deadline - time.monotonic())
        return min(limits, default=None)

    def _start(self) -> None:
        self._is_ready = self._is_sent = False
        self._deadline = time.monotonic() + _START_SECONDS
        self._host = HostClient(self._command, self._environment)
        try:
            self._host.start()
        except HostDied as death:
            self._bury(death)
        else:
            self._relay(LaneNews("starting", self._host.process))

    def _send_job(self) -> None:
        if self._host is None or self._job is None:
            return
        try:
            self._host.send(self._job)
        except CommandRefused as error:
            logger.error("A job cannot be sent: %s", error)
            message = f"This is too large for the engine, or a bug of ours: {error}"
            self._end_job(Failed(self._job.id, Failure.BUG, message, str(error)))
            return
        self._is_sent = True
        self._relay(LaneNews("loading" if isinstance(self._job.job, WarmUpJob) else "busy", self._host.process))

    def _cancel(self, command: Cancel) -> None:
        if self._job is None or self._job.id != command.id:
            return
        if self._host is None or not self._is_sent:
            self._end_job(Cancelled(command.id))
        elif self._deadline is None:
            self._host.send(command)
            if not command.patient:
                self._deadline = time.monotonic() + OBEY_SECONDS

    def _quit(self) -> None:
        self._is_quitting = True
        if self._host is None:
            self.is_finished = True
            return
        self._host.send(Quit())
        self._deadline = time.monotonic() + OBEY_SECONDS

    def _hear(self, event: Event) -> None:
        if isinstance(event, Ready):
            self._become_ready()
        elif self._job is not None and event.id == self._job.id:
            if isinstance(event, Done | Failed | Cancelled):
                self._end_job(event)
            else:
                self._relay(event)

    def _become_ready(self) -> None:
        self._is_ready = True
        if self._is_quitting:
            return
        self._deadline = None
        if self._job is not None:
            self._send_job()
        else:
            self._relay(LaneNews("ready", self._host.process if self._host else None))

    def _end_job(self, event: Done | Failed | Cancelled) -> None:
        """The job in hand is over; the lane is free for the next one."""
        self._job = None
        if self._is_ready:
            self._deaths.clear()
            if not self._is_quitting:
                self._deadline = None
        self._relay(event)
        if self._is_ready and not self._is_quitting:
            self._relay(LaneNews("ready", self._host.process if self._host else None))

    def _end_disobedient(self) -> None:
        """The host was asked to cancel, to quit or to start, and did not in time."""
        if self._host is None:
            return
        self._host.kill()
        if self._is_quitting or not self._is_ready:
            self._bury(HostDied("it did not answer in time"))
            return
        job, self._job, self._is_ready = self._job, None, False
        if job is not None:
            self._relay(Cancelled(job.id))
        self._start()

    def _bury(self, death: HostDied) -> None:
        """The host has ended unasked: say so, and start another one unless that helps nothing."""
        self._host, self._deadline, self._is_ready = None, None, False
        if self._is_quitting:
            self.is_finished = True
            return
        logger.error("An engine host died: %s", death)
        now = time.monotonic()
        self._deaths = [*(one for one in self._deaths if now - one < _DEATHS_WITHIN_SECONDS), now]
        gives_up = len(self._deaths) >= _MOST_DEATHS
        if gives_up:
            self._relay(LaneNews("died"))
        job = self._job
        if job is not None and (self._is_sent or gives_up):
            self._job = None
            self._relay(Failed(job.id, Failure.HOST_DIED, _obituary(death.how, gives_up), str(death)))
        if not gives_up:
            self._start()


def _obituary(how: str, gives_up: bool) -> str:
    if gives_up:
        return f"The engine stopped {_MOST_DEATHS} times in a row ({how}). {_SAVED} See the log, then try again."
    return f"The engine stopped in the middle of this ({how}) and was started anew. {_SAVED} Try this again."


def _wait_for(wake: int) -> None:
    poller = select.poll()
    poller.register(wake, select.POLLIN)
    poller.poll()
