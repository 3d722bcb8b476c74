"""An engine host that does what the message of its job says: `python scripted_host.py`, started by the tests.

The message is a row of words, each done in turn: "sleep:2" (polling for cancellation), "stall:2" (deaf to it), "grip",
"tokens:100", "progress:1000", "flood:20000", "say:hello", "raise:UserCorrectable", "crash", "exit", "garbage",
"huge", "allocate", "print", "unpicklable", "commit". With the argument "loads-slowly" it loads models for 4 s,
deaf as well.
"""

from __future__ import annotations

import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from crystal_studio.domain import errors
from crystal_studio.host.channel import Channel, claim_channel
from crystal_studio.host.lifeline import die_with_parent
from crystal_studio.host.protocol import Progress
from crystal_studio.host.server import serve
from crystal_studio.ports.context import JobContext
from crystal_studio.services.jobs import DesignJob, Job, WarmUpJob

_GIGABYTE = 1 << 30


class Script:
    """Does the words of a job."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def handle(self, job: Job, context: JobContext) -> object:
        """The words, then what the last of them gave; jobs without a message say their own name."""
        if isinstance(job, WarmUpJob) and "loads-slowly" in sys.argv:
            time.sleep(4.0)  # longer than a host is given to stop
            context.check_cancelled()
        result: object = type(job).__name__
        for word in (job.message or "").split() if isinstance(job, DesignJob) else ():
            name, _, argument = word.partition(":")
            result = getattr(self, name)(job, context, argument)
        return result

    def sleep(self, job: Job, context: JobContext, argument: str) -> str:
        end = time.monotonic() + float(argument)
        while time.monotonic() < end:
            context.check_cancelled()
            time.sleep(0.01)
        return "slept"

    def stall(self, job: Job, context: JobContext, argument: str) -> str:
        time.sleep(float(argument))
        return "stalled"

    def grip(self, job: Job, context: JobContext, argument: str) -> object:
        """Hold the interpreter's lock for hours, as a library in C may."""
        return re.match(r"(a+)+$", "a" * 60 + "b")

    def tokens(self, job: Job, context: JobContext, argument: str) -> str:
        for index in range(int(argument)):
            context.partial("token", f"{index} ")
        return "spoken"

    def progress(self, job: Job, context: JobContext, argument: str) -> float:
        steps, start = int(argument), time.monotonic()
        for step in range(steps):
            context.progress("sampling", (step + 1) / steps)
            time.sleep(0.001)
        return time.monotonic() - start

    def flood(self, job: Job, context: JobContext, argument: str) -> str:
        """Events past the context that would hold them back."""
        for index in range(int(argument)):
            self._channel.send(Progress(context._id, "sampling", index / int(argument)))  # type: ignore[attr-defined]
        return "flooded"

    def say(self, job: Job, context: JobContext, argument: str) -> str:
        return argument

    def pid(self, job: Job, context: JobContext, argument: str) -> int:
        return os.getpid()

    def crash(self, job: Job, context: JobContext, argument: str) -> None:
        os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(10)

    def exit(self, job: Job, context: JobContext, argument: str) -> None:
        os._exit(7)

    def garbage(self, job: Job, context: JobContext, argument: str) -> None:
        os.write(self._channel._writing, b"Segmentation fault? No, a library that prints.\n" * 100)
        time.sleep(30)

    def huge(self, job: Job, context: JobContext, argument: str) -> None:
        os.write(self._channel._writing, b"CSh1\xff\xff\xff\xff")
        time.sleep(30)

    def allocate(self, job: Job, context: JobContext, argument: str) -> int:
        resource.setrlimit(resource.RLIMIT_AS, (4 * _GIGABYTE, 4 * _GIGABYTE))
        return len(bytearray(10 * _GIGABYTE))

    def print(self, job: Job, context: JobContext, argument: str) -> str:
        print("a library prints this")
        os.write(1, b"and a C library this\n")
        return "printed"

    def unpicklable(self, job: Job, context: JobContext, argument: str) -> Callable[[], None]:
        return lambda: None

    def commit(self, job: Job, context: JobContext, argument: str) -> object:
        """A real round on fakes, written under the lock of the window."""
        from crystal_studio.engines.fake.bundle import FakeEngines
        from crystal_studio.services.design import DesignRequest, respond
        from crystal_studio.storage.sql_history_store import SqlHistoryStore

        assert isinstance(job, DesignJob)
        with SqlHistoryStore.open(Path(job.project), take_lock=False) as store:
            return respond(DesignRequest("a cubic oxide", None, job.seed, 2), FakeEngines(), store, context)


for _error in (errors.UserCorrectable, errors.ProjectUnavailable, errors.Unavailable, ValueError, errors.NothingValid):

    def _raise(self: Script, job: Job, context: JobContext, argument: str, kind: type[Exception] = _error) -> None:
        raise kind("This is what is wrong.")

    setattr(Script, _error.__name__, _raise)


def main() -> None:
    die_with_parent()
    channel = claim_channel()
    if "dies-at-start" in sys.argv:
        os._exit(3)
    serve(channel, Script(channel).handle)


if __name__ == "__main__":
    main()
