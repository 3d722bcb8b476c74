"""What a fake is told to do next: answer, fail or stall."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from crystal_studio.ports.context import JobContext

Answer = TypeVar("Answer")
_POLL_SECONDS = 0.01


@dataclass(frozen=True)
class Stall:
    """A wait before the next outcome, polling for cancellation where there is a context."""

    seconds: float

    def wait(self, context: JobContext | None) -> None:
        """Sleep.

        Raises:
            JobCancelled: stopped while waiting.
        """
        end = time.monotonic() + self.seconds
        while (left := end - time.monotonic()) > 0:
            if context is not None:
                context.check_cancelled()
            time.sleep(min(left, _POLL_SECONDS))


class Script(Generic[Answer]):
    """A queue of outcomes, one for each call; a fake with an empty queue does its default."""

    def __init__(self) -> None:
        self._outcomes: deque[Answer | Exception | Stall] = deque()

    def __len__(self) -> int:
        return len(self._outcomes)

    def enqueue(self, outcomes: Iterable[Answer | Exception | Stall]) -> None:
        """Append outcomes: an answer is returned, an exception raised, a `Stall` waited for before the next one."""
        self._outcomes.extend(outcomes)

    def play(self, context: JobContext | None = None) -> Answer | None:
        """The next answer, or None when nothing is left and the fake does its default.

        Raises:
            JobCancelled: stopped during a stall.
            Exception: the one that was enqueued.
        """
        while self._outcomes:
            outcome = self._outcomes.popleft()
            if isinstance(outcome, Stall):
                outcome.wait(context)
            elif isinstance(outcome, Exception):
                raise outcome
            else:
                return outcome
        return None
