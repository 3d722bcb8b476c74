"""The engine process: runs one job after another and answers with events."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable

from crystal_studio.domain.errors import JobCancelled, ProjectUnavailable, Unavailable, UserCorrectable
from crystal_studio.host.channel import Channel, ChannelBroken, ChannelClosed
from crystal_studio.host.context import RelayingContext
from crystal_studio.host.protocol import Cancel, Cancelled, Done, Event, Failed, Failure, Quit, Ready, Run, Started
from crystal_studio.ports.context import JobContext
from crystal_studio.services.jobs import Job

logger = logging.getLogger(__name__)

Handle = Callable[[Job, JobContext], object]
_PARENT_IS_GONE = 0
_GARBAGE = 2
_FLUSH_SECONDS = 0.05


def serve(channel: Channel, handle: Handle) -> None:
    """Run jobs in order until told to quit; the process exits at once when the other side is gone, also in a job."""
    _Server(channel, handle).run()


class _Server:
    """The main thread runs jobs, one thread reads commands, one sends what the jobs' contexts hold back."""

    def __init__(self, channel: Channel, handle: Handle) -> None:
        self._channel = channel
        self._handle = handle
        self._waiting: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._held = threading.Event()
        self._contexts: dict[str, RelayingContext] = {}
        self._current: RelayingContext | None = None

    def run(self) -> None:
        """Serve."""
        for target in (self._read, self._flush):
            threading.Thread(target=target, name=target.__name__.strip("_"), daemon=True).start()
        self._send(Ready(os.getpid()))
        while (command := self._waiting.get()) is not None:
            self._run(command)

    def _run(self, command: Run) -> None:
        context = self._contexts[command.id]
        self._current = context
        ending = self._outcome(command, context)
        self._current = None
        if isinstance(ending, Done):
            context.flush(last=True)
        context.discard()
        with self._lock:
            del self._contexts[command.id]
        self._answer(ending)

    def _outcome(self, command: Run, context: RelayingContext) -> Done | Failed | Cancelled:
        try:
            context.check_cancelled()
            self._send(Started(command.id))
            return Done(command.id, self._handle(command.job, context))
        except JobCancelled:
            return Cancelled(command.id)
        except (UserCorrectable, ProjectUnavailable) as error:
            return Failed(command.id, Failure.USER_CORRECTABLE, str(error))
        except Unavailable as error:
            return Failed(command.id, Failure.UNAVAILABLE, str(error))
        except MemoryError:
            logger.exception("out of memory")
            message = "There is not enough memory for this. Ask for fewer candidates or a smaller cell."
            return Failed(command.id, Failure.UNAVAILABLE, message, traceback.format_exc())
        except Exception as error:  # anything else is our bug: the job fails, the host lives on
            logger.exception("bug in %s", type(command.job).__name__)
            message = f"This is a bug of ours ({type(error).__name__}: {error}). Please send us the log."
            return Failed(command.id, Failure.BUG, message, traceback.format_exc())

    def _answer(self, ending: Done | Failed | Cancelled) -> None:
        try:
            self._send(ending)
        except ChannelBroken as error:
            logger.exception("result that cannot be sent")
            message = "This is a bug of ours: the result cannot be sent. Please send us the log."
            self._send(Failed(ending.id, Failure.BUG, message, str(error)))

    def _send(self, event: Event) -> None:
        try:
            self._channel.send(event)
        except ChannelClosed:
            os._exit(_PARENT_IS_GONE)

    def _read(self) -> None:
        """Take commands; the end of the pipe ends the process, whatever the main thread does."""
        try:
            while True:
                self._take(self._channel.receive())
        except ChannelClosed:
            os._exit(_PARENT_IS_GONE)
        except ChannelBroken as error:
            logger.error("The window's commands cannot be read: %s", error)
            os._exit(_GARBAGE)

    def _take(self, command: object) -> None:
        with self._lock:
            if isinstance(command, Run):
                self._contexts[command.id] = RelayingContext(command.id, self._send, self._held)
                self._waiting.put(command)
            elif isinstance(command, Cancel) and command.id in self._contexts:
                self._contexts[command.id].stop.set()
            elif isinstance(command, Quit):
                for context in self._contexts.values():
                    context.stop.set()
                self._waiting.put(None)

    def _flush(self) -> None:
        """Send a moment later what came too fast."""
        while self._held.wait():
            time.sleep(_FLUSH_SECONDS)
            self._held.clear()
            context = self._current
            if context is not None:
                context.flush()
