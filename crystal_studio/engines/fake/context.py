"""A job context that remembers what it was told."""

from __future__ import annotations

from typing import NamedTuple

from crystal_studio.domain.errors import JobCancelled


class Progress(NamedTuple):
    """One progress report."""

    part: str
    fraction: float
    message: str


class FakeContext:
    """Records progress and partial results; cancels when told to.

    Attributes:
        reports: every progress report, in order.
        partials: (kind, payload) of everything unfinished that was handed out.
        polls: how often cancellation was asked for.
    """

    def __init__(self) -> None:
        self.reports: list[Progress] = []
        self.partials: list[tuple[str, object]] = []
        self.polls = 0
        self._polls_allowed: int | None = None

    def cancel_after(self, polls: int) -> FakeContext:
        """Let so many polls pass from now on, then cancel at the next; returns itself."""
        self._polls_allowed = self.polls + polls
        return self

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Record a report."""
        self.reports.append(Progress(part, fraction, message))

    def partial(self, kind: str, payload: object) -> None:
        """Record something unfinished."""
        self.partials.append((kind, payload))

    def check_cancelled(self) -> None:
        """Count a poll.

        Raises:
            JobCancelled: the polls allowed are used up.
        """
        self.polls += 1
        if self._polls_allowed is not None and self.polls > self._polls_allowed:
            raise JobCancelled("The job was stopped. Start it again to go on.")
