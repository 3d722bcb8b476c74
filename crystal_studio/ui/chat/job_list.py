"""The bubbles of the jobs, oldest first."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.domain.errors import StudioError
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.job_view import JobView
from crystal_studio.ui.chat.presenter import ChatPresenter
from crystal_studio.ui.chat.rounds import ChatJob, Stage

_TICK_MS = 1000


class JobList(QWidget):
    """One `JobView` for each job that has a bubble."""

    def __init__(self, presenter: ChatPresenter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._presenter = presenter
        self.views: dict[str, JobView] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._tick = QTimer(self)
        self._tick.setInterval(_TICK_MS)
        self._tick.timeout.connect(self._count)
        presenter.lane_changed.connect(self._count)
        presenter.conversation_changed.connect(self._count)
        for job in presenter.jobs():
            self.refresh_job(job.id)

    def refresh_job(self, job_id: str) -> None:
        """Show a job that came, moved on or went."""
        job = self._presenter.job(job_id)
        view = self.views.get(job_id)
        if job is None:
            if view is not None:
                del self.views[job_id]
                self._column.removeWidget(view)
                view.hide()
                view.deleteLater()
        elif view is None:
            self._add(job)
        else:
            self._inform(view)
            view.refresh_soon() if job.stage is Stage.RUNNING else view.refresh()
        self._keep_time()

    def close_list(self) -> None:
        """Listen no more."""
        self._tick.stop()
        self._presenter.lane_changed.disconnect(self._count)
        self._presenter.conversation_changed.disconnect(self._count)

    def _add(self, job: ChatJob) -> None:
        view = JobView(job)
        self.views[job.id] = view
        view.stop_asked.connect(self._presenter.stop)
        view.retry_asked.connect(partial(self._presenter.attempt, self._presenter.retry))
        view.put_back_asked.connect(self._presenter.put_back)
        view.dismiss_asked.connect(self._presenter.dismiss)
        view.show_asked.connect(self._show)
        self._column.addWidget(view)
        self._inform(view)
        view.refresh()

    def _show(self, node_id: str) -> None:
        for job in self._presenter.jobs():
            if job.node is not None and job.node.id == node_id:
                self._presenter.dismiss(job.id)
        self._presenter.attempt(self._presenter.show, node_id)

    def _inform(self, view: JobView) -> None:
        view.lane = self._presenter.lane
        view.elapsed = self._presenter.elapsed(view.job)
        view.answers = self._elsewhere(view.job)

    def _elsewhere(self, job: ChatJob) -> str:
        """Whom a job answers, where that is not what the window shows."""
        current = self._presenter.state.current
        if job.answers == (current.id if current else None):
            return ""
        if job.answers is None:
            return " (a new wish)"
        try:
            outline = self._presenter.state.outline(job.answers)
        except StudioError:
            return ""
        return f" (answers {wording.subscripted(outline.formula)}, round {outline.round})"

    def _count(self, _value: object = None) -> None:
        for view in self.views.values():
            self._inform(view)
            view.refresh()

    def _keep_time(self) -> None:
        is_running = any(view.job.stage is Stage.RUNNING for view in self.views.values())
        if is_running and not self._tick.isActive():
            self._tick.start()
        elif not is_running:
            self._tick.stop()
