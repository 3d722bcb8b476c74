"""A job whose answer is a node: it is added to the session and shown."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.services.jobs import Job
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState


class NodeJob(QObject):
    """Runs one such job at a time.

    Signals:
        began: it was queued.
        ended: it is over; a sentence about what went wrong, "" where nothing did.
    """

    began = Signal()
    ended = Signal(str)

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._jobs = jobs
        self._id = ""
        jobs.finished.connect(self._take)
        jobs.failed.connect(self._fail)
        jobs.cancelled.connect(self._stop)

    @property
    def is_running(self) -> bool:
        """Whether an answer is awaited."""
        return bool(self._id)

    def submit(self, job: Job) -> None:
        """Queue a job, unless one is on its way."""
        if self._id:
            return
        try:
            self._id = self._jobs.submit(job)
        except StudioError as error:
            self.ended.emit(str(error))
        else:
            self.began.emit()

    def close(self) -> None:
        """Wait for nothing more."""
        self._jobs.finished.disconnect(self._take)
        self._jobs.failed.disconnect(self._fail)
        self._jobs.cancelled.disconnect(self._stop)

    def _take(self, job_id: str, result: object) -> None:
        if job_id != self._id:
            return
        self._id = ""
        problem = ""
        try:
            if isinstance(result, Node):
                self._state.add(result)
                self._state.set_current(result.id)
        except StudioError as error:
            problem = str(error)
        self.ended.emit(problem)

    def _fail(self, job_id: str, failed: object) -> None:
        if job_id == self._id:
            self._id = ""
            self.ended.emit(getattr(failed, "message", str(failed)))

    def _stop(self, job_id: str) -> None:
        if job_id == self._id:
            self._id = ""
            self.ended.emit("")
