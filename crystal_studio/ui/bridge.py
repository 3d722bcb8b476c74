"""What engine hosts answer, brought to the session, the banner and the failure dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from crystal_studio.domain.history import Node
from crystal_studio.host.protocol import Failed, Failure
from crystal_studio.services.jobs import (
    BundleJob,
    DesignJob,
    ExportJob,
    ImportJob,
    Job,
    PromoteJob,
    RepairJob,
    ReplayJob,
    ReportJob,
    SheetJob,
    UnbundleJob,
)
from crystal_studio.services.jobs_models import ImportModelJob, PackModelsJob, UnpackModelsJob
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState

# These stand in the queue and can be stopped; questions of panels come and go unseen.
_ROUNDS = (DesignJob, PromoteJob, RepairJob, SheetJob)
# Who asked for one of these says how it ended.
_ERRANDS = (
    *(ImportJob, ExportJob, ReportJob, BundleJob, UnbundleJob, ReplayJob),
    *(ImportModelJob, PackModelsJob, UnpackModelsJob),
)
_TASKS = _ROUNDS + _ERRANDS


class Bridge(QObject):
    """Listens to the runner on behalf of the whole window.

    The chat follows the answer of a message; here every node that is committed, whoever asked for it, is taken in.

    Signals:
        tasks_changed: whether any task runs or waits.
    """

    tasks_changed = Signal(bool)

    def __init__(
        self,
        state: SessionState,
        jobs: JobRunner,
        say: Callable[[str], None],
        banner: Callable[[str], None],
        tell_failure: Callable[[str, str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._say, self._banner, self._tell_failure = say, banner, tell_failure
        self._open: dict[str, Job] = {}
        self._links = (
            (jobs.queued, self._queued),
            (jobs.finished, self._finished),
            (jobs.failed, self._failed),
            (jobs.cancelled, self._cancelled),
        )
        for signal, slot in self._links:
            signal.connect(slot)

    @property
    def has_tasks(self) -> bool:
        """Whether any task runs or waits."""
        return bool(self._open)

    def stop_newest(self) -> None:
        """Stop the newest task."""
        if self._open:
            self._jobs.cancel(next(reversed(self._open)))

    def close_panel(self) -> None:
        """Stop listening."""
        for signal, slot in self._links:
            signal.disconnect(slot)

    def _queued(self, job_id: str, job: Job) -> None:
        if isinstance(job, _TASKS):
            self._open[job_id] = job
            self.tasks_changed.emit(True)

    def _finished(self, job_id: str, result: object) -> None:
        job = self._open.get(job_id)
        if isinstance(result, Node) and (job is None or job.project == self._state.path):
            self._state.add(result)
        self._end(job_id)

    def _failed(self, job_id: str, failure: Failed) -> None:
        if failure.failure is Failure.UNAVAILABLE:
            self._banner(failure.message)
        elif failure.failure is Failure.HOST_DIED:
            self._state.reread()
            self._banner(f"{failure.message} Jobs that wait go on.")
        elif failure.failure is Failure.BUG:
            self._tell_failure(failure.message, failure.details)
        elif isinstance(self._open.get(job_id), _ROUNDS):
            self._say(failure.message)
        self._end(job_id)

    def _cancelled(self, job_id: str) -> None:
        if job_id in self._open:
            self._say("Stopped; nothing of it was kept.")
        self._end(job_id)

    def _end(self, job_id: str) -> None:
        if self._open.pop(job_id, None) is not None:
            self.tasks_changed.emit(bool(self._open))
