"""A queue in memory."""

from __future__ import annotations

from dataclasses import replace

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ports.job_queue import JobState, QueuedJob


class FakeJobQueue:
    """Keeps jobs in a dictionary."""

    def __init__(self) -> None:
        self._jobs: dict[str, QueuedJob] = {}

    def add(self, job: QueuedJob) -> None:
        """Append a job."""
        self._jobs[job.id] = job

    def move(self, job_id: str, state: JobState, message: str = "") -> None:
        """Change the state of a job.

        Raises:
            UserCorrectable: there is no such job.
        """
        if job_id not in self._jobs:
            raise UserCorrectable(f"There is no job '{job_id[:40]}' in the queue.")
        self._jobs[job_id] = replace(self._jobs[job_id], state=state, message=message)

    def jobs(self) -> list[QueuedJob]:
        """All jobs in order of creation."""
        return list(self._jobs.values())

    def interrupted(self) -> list[QueuedJob]:
        """Mark what was running as interrupted, and return those."""
        running = [job.id for job in self._jobs.values() if job.state is JobState.RUNNING]
        for job_id in running:
            self._jobs[job_id] = replace(self._jobs[job_id], state=JobState.INTERRUPTED)
        return [self._jobs[job_id] for job_id in running]
