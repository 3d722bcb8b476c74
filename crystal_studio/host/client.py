"""The window's end of one engine host; no Qt, used by one thread."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from crystal_studio.host.channel import ChannelBroken, MessageReader, encode
from crystal_studio.host.protocol import Command, Event

_BLOCK_BYTES = 1 << 16  # what a pipe holds
_EXIT_SECONDS = 2.0


class CommandRefused(Exception):
    """The command cannot be sent: it is too large, or holds what cannot travel."""


class HostDied(Exception):
    """The host cannot go on.

    Attributes:
        how: how it ended, in a few words for a person.
        details: for the log.
    """

    def __init__(self, how: str, details: str = "") -> None:
        super().__init__(f"{how}: {details}" if details else how)
        self.how = how
        self.details = details


class HostClient:
    """One host process. Sending never blocks; what a full pipe does not take is sent by the next `poll`.

    Attributes:
        command: program and arguments; its stdin and stdout become the channel.
        environment: of the process, None for ours; our import path is added.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str] | None = None) -> None:
        self.command = tuple(command)
        self.environment = environment
        self._process: subprocess.Popen[bytes] | None = None
        self._reader = MessageReader()
        self._received: list[Event] = []
        self._unsent = bytearray()

    @property
    def process(self) -> int | None:
        """Process id, None before the start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start the process; its `Ready` comes when it can take jobs. It dies when the calling thread ends.

        Raises:
            HostDied: it cannot be started.
        """
        environment = dict(os.environ if self.environment is None else self.environment)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        try:
            self._process = subprocess.Popen(
                self.command,
                env=environment,
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,  # Ctrl-C in the terminal is for the window; the group can be killed as a whole
            )
        except OSError as error:
            raise HostDied(f"it cannot be started ({error.strerror})") from error
        for descriptor in self._descriptors():
            os.set_blocking(descriptor, False)

    def send(self, command: Command) -> None:
        """Send a command, now or as soon as the pipe takes it.

        Raises:
            CommandRefused: it cannot be sent; the host knows nothing of it.
        """
        try:
            self._unsent += encode(command)
        except ChannelBroken as error:
            raise CommandRefused(str(error)) from error
        self._write()

    def poll(self, timeout_seconds: float | None = None, wake: int | None = None, reading: bool = True) -> list[Event]:
        """The events that have come; waits for one, for data on the descriptor `wake`, or for the time to be over.

        Args:
            timeout_seconds: None to wait for ever.
            wake: a descriptor that ends the waiting; its data are left to the caller.
            reading: False to let the host wait with its events.

        Raises:
            HostDied: it has ended, or sent something that is no event; every event before was handed out.
        """
        self._refuse_garbage()
        events, writes = self._descriptors()
        poller = select.poll()
        poller.register(events, select.POLLIN if reading else 0)
        if self._unsent:
            poller.register(writes, select.POLLOUT)
        if wake is not None:
            poller.register(wake, select.POLLIN)
        ready = dict(poller.poll(None if timeout_seconds is None else max(0.0, timeout_seconds) * 1000))
        if writes in ready:
            self._write()
        return self._read() if events in ready else []

    def receive(self, timeout_seconds: float) -> Event | None:
        """The next event for a caller that takes them one at a time; None when the time is over.

        Raises:
            HostDied: see `poll`.
        """
        end = time.monotonic() + timeout_seconds
        while not self._received and (left := end - time.monotonic()) > 0:
            self._received += self.poll(left)
        return self._received.pop(0) if self._received else None

    def kill(self) -> None:
        """End the process and its children at once."""
        if self._process is None:
            return
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self.wait(None)

    def wait(self, timeout_seconds: float | None) -> int | None:
        """Wait for the process to end and close the pipes; its exit status, None when it still runs."""
        if self._process is None:
            return None
        try:
            status = self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return None
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        return status

    def _descriptors(self) -> tuple[int, int]:
        """Where events come from and where commands go.

        Raises:
            HostDied: it was not started, or has been waited for.
        """
        process = self._process
        if process is None or process.stdout is None or process.stdin is None or process.stdout.closed:
            raise HostDied("it is not running")
        return process.stdout.fileno(), process.stdin.fileno()

    def _write(self) -> None:
        _, writes = self._descriptors()
        try:
            while self._unsent:
                del self._unsent[: os.write(writes, self._unsent)]
        except BlockingIOError:
            return  # the rest goes when the pipe has room
        except BrokenPipeError:
            self._unsent.clear()  # `poll` will find the end of the other pipe and say how the host died

    def _read(self) -> list[Event]:
        try:
            data = os.read(self._descriptors()[0], _BLOCK_BYTES)
        except BlockingIOError:
            return []
        if not data:
            raise HostDied(self._end())
        return [message for message in self._reader.feed(data) if isinstance(message, Event)]

    def _refuse_garbage(self) -> None:
        if self._reader.broken is not None:
            self.kill()
            raise HostDied("what it sent could not be read", str(self._reader.broken))

    def _end(self) -> str:
        """How the process ended, in words; it is given a moment to, and killed after that."""
        status = self.wait(_EXIT_SECONDS)
        if status is None:
            self.kill()
            return "it closed its pipe"
        return f"it was killed by {_signal_name(-status)}" if status < 0 else f"it exited with status {status}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
