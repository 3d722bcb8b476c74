"""A job runner without engine hosts: it answers when, and what, the test says."""

from __future__ import annotations

from uuid import uuid4

from crystal_studio.host.protocol import Failed, Failure
from crystal_studio.services.jobs import Job
from crystal_studio.ui.jobs.runner import JobRunner


class HandRunner(JobRunner):
    """Implements `JobRunner`.

    Attributes:
        jobs: id -> job of everything submitted, in order.
        stopped: ids that `cancel` was asked for, in order.
        closed: whether `close` was called.
    """

    def __init__(self) -> None:
        super().__init__()
        self.jobs: dict[str, Job] = {}
        self.stopped: list[str] = []
        self.closed = False

    @property
    def last(self) -> str:
        """Id of the newest job."""
        return next(reversed(self.jobs))

    @property
    def last_job(self) -> Job:
        """The newest job."""
        return self.jobs[self.last]

    def of(self, kind: type) -> list[Job]:
        """All submitted jobs of a class."""
        return [job for job in self.jobs.values() if isinstance(job, kind)]

    def submit(self, job: Job) -> str:
        """Remember a job."""
        job_id = uuid4().hex
        self.jobs[job_id] = job
        self.queued.emit(job_id, job)
        return job_id

    def cancel(self, job_id: str) -> None:
        """Remember the wish; the test then says `end_cancelled`, or not."""
        self.stopped.append(job_id)

    def retry(self, job_id: str) -> str:
        """Submit the same job again."""
        return self.submit(self.jobs[job_id])

    def close(self) -> None:
        """Remember it."""
        self.closed = True

    def start(self, job_id: str | None = None) -> None:
        """The host began the (newest) job."""
        self.started.emit(job_id or self.last)

    def progress(self, part: str, fraction: float, message: str = "", job_id: str | None = None) -> None:
        """The host reports progress."""
        self.progressed.emit(job_id or self.last, part, fraction, message)

    def say(self, kind: str, payload: object, job_id: str | None = None) -> None:
        """The host hands out something unfinished."""
        self.partial.emit(job_id or self.last, kind, payload)

    def finish(self, result: object, job_id: str | None = None) -> None:
        """The (newest) job ends well."""
        self.finished.emit(job_id or self.last, result)

    def fail(
        self, message: str, failure: Failure = Failure.USER_CORRECTABLE, details: str = "", job_id: str | None = None
    ) -> None:
        """The (newest) job fails."""
        wanted = job_id or self.last
        self.failed.emit(wanted, Failed(wanted, failure, message, details))

    def end_cancelled(self, job_id: str | None = None) -> None:
        """The (newest) job was stopped."""
        self.cancelled.emit(job_id or self.last)
