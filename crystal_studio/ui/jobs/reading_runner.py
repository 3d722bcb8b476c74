"""The job runner of a project that is open for reading only."""

from __future__ import annotations

from uuid import uuid4

from crystal_studio.host.protocol import Failed, Failure
from crystal_studio.services.jobs import DesignJob, ImportJob, Job, PromoteJob, RepairJob, SheetJob, UnbundleJob
from crystal_studio.ui.jobs.qt_runner import QtJobRunner

_REFUSAL = (
    "This project is open for reading only, so nothing can be added to it. "
    "Close the other window of it and open it again, or make a new project."
)


class ReadingJobRunner(QtJobRunner):
    """Answers questions about crystals and refuses what would change the project."""

    def submit(self, job: Job) -> str:
        """Queue a job; one that would commit a node fails at once."""
        if not isinstance(job, DesignJob | PromoteJob | RepairJob | SheetJob | ImportJob | UnbundleJob):
            return super().submit(job)
        job_id = uuid4().hex
        self.queued.emit(job_id, job)
        self.failed.emit(job_id, Failed(job_id, Failure.USER_CORRECTABLE, _REFUSAL))
        return job_id
