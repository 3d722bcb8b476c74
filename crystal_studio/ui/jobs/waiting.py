"""Jobs that outlive the program: the project's queue as the runner uses it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from crystal_studio.domain.errors import StudioError
from crystal_studio.ports.job_queue import JobQueue, JobState, QueuedJob
from crystal_studio.services.jobs import DesignJob, ImportJob, Job, PromoteJob, RepairJob, ReplayJob, SheetJob

logger = logging.getLogger(__name__)

_KEPT = (DesignJob, PromoteJob, RepairJob, SheetJob)
_TITLE_LENGTH = 80


class WaitingJobs:
    """Writes what becomes of the jobs that change the project; does nothing without a queue or for other jobs.

    A queue that cannot be written to (a full disk) is logged: the job itself runs, and says what it cannot store.
    """

    def __init__(self, queue: JobQueue | None) -> None:
        self._queue = queue
        self._known: set[str] = set()

    def add(self, job_id: str, job: Job) -> None:
        """A job was accepted."""
        if self._queue is None or not isinstance(job, _KEPT):
            return
        from crystal_studio.services.job_json import job_to_json

        created = datetime.now(UTC).isoformat(timespec="milliseconds")
        row = QueuedJob(job_id, type(job).__name__, job_to_json(job), JobState.WAITING, title(job), "", created)
        try:
            self._queue.add(row)
        except StudioError as error:
            logger.warning("The queue cannot be written: %s", error)
            return
        self._known.add(job_id)

    def move(self, job_id: str, state: JobState, message: str = "") -> None:
        """A job began or ended."""
        if self._queue is None or job_id not in self._known:
            return
        try:
            self._queue.move(job_id, state, message)
        except StudioError as error:
            logger.warning("The queue cannot be written: %s", error)

    def left(self) -> tuple[list[tuple[str, Job]], list[tuple[str, Job]]]:
        """What an earlier run of the program left: jobs that were interrupted, and jobs that still wait."""
        if self._queue is None:
            return [], []
        try:
            interrupted = self._read(self._queue.interrupted())
            waiting = self._read([row for row in self._queue.jobs() if row.state is JobState.WAITING])
        except StudioError as error:
            logger.warning("The queue cannot be read: %s", error)
            return [], []
        self._known.update(job_id for job_id, _ in (*interrupted, *waiting))
        return interrupted, waiting

    def _read(self, rows: list[QueuedJob]) -> list[tuple[str, Job]]:
        from crystal_studio.services.job_json import job_from_json

        jobs: list[tuple[str, Job]] = []
        project = getattr(self._queue, "path", None)  # a queue in a file that may have been moved since
        for row in rows:
            try:
                jobs.append((row.id, job_from_json(row.kind, row.payload, project)))
            except StudioError as error:
                logger.warning("The queued job %s cannot be read: %s", row.title, error)
        return jobs


def title(job: Job) -> str:
    """A job in a few words for a person."""
    words = _WORDS.get(type(job))
    return words(job)[:_TITLE_LENGTH] if words else type(job).__name__.removesuffix("Job")


def _sources(job: ImportJob) -> str:
    if job.text:
        return "what was pasted"
    return job.files[0].name if len(job.files) == 1 else f"{len(job.files):,} files"


_WORDS: dict[type, Callable[[Any], str]] = {
    DesignJob: lambda job: job.message or "From the predicted values",
    PromoteJob: lambda job: f"Candidate {job.candidate + 1} of {job.node[:8]}",
    RepairJob: lambda job: f"{job.repair.kind.value.capitalize()} of {job.node[:8]}",
    SheetJob: lambda job: f"Contact sheet: {job.base.message or 'from the predicted values'}",
    ReplayJob: lambda job: f"Run {job.node[:8]} again",
    ImportJob: lambda job: f"Import of {_sources(job)}",
}
