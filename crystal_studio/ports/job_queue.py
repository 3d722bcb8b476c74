"""Where jobs wait, so that a crash or a restart loses none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class QueuedJob:
    """One job of a project's queue.

    Attributes:
        id: UUID, 32 hexadecimal digits.
        kind: class name of the job.
        payload: the job as plain JSON data.
        state: where it stands.
        title: for a person.
        message: of a failure.
        created: ISO 8601, UTC.
    """

    id: str
    kind: str
    payload: dict[str, object]
    state: JobState
    title: str
    message: str
    created: str


class JobQueue(Protocol):
    """The jobs of one project, in order."""

    def add(self, job: QueuedJob) -> None:
        """Append a job; durable when it returns."""

    def move(self, job_id: str, state: JobState, message: str = "") -> None:
        """Change the state of a job."""

    def jobs(self) -> list[QueuedJob]:
        """All jobs in order of creation."""

    def interrupted(self) -> list[QueuedJob]:
        """Mark every job that was running when the program ended as interrupted, and return those."""
