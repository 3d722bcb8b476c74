"""The jobs that wait, run, or ended without a result: cancel exactly one, or try one again."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.errors import StudioError
from crystal_studio.host.protocol import Failed, Failure
from crystal_studio.services.jobs import Job, Lane
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.jobs.waiting import title
from crystal_studio.ui.notation import breakable, one_line
from crystal_studio.ui.progress_bar import ProgressBar
from crystal_studio.ui.session_state import SessionState

_KEPT_ENDED = 30  # failed jobs beyond this are dropped, oldest first
_PERCENT = 100


class JobRow(QFrame):
    """One job.

    Signals:
        cancel_asked: its id.
        retry_asked: its id.
        dismissed: its id.
    """

    cancel_asked = Signal(str)
    retry_asked = Signal(str)
    dismissed = Signal(str)

    def __init__(self, job_id: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job_id = job_id
        self.has_ended = False
        self._name = name
        self._title = _label(name)
        self.state = _label("waiting")
        self.progress = ProgressBar(maximum=_PERCENT, textVisible=False)
        self.progress.setAccessibleName(f"Progress of {name}")
        self.cancel = QPushButton("Cancel")
        self.retry = QPushButton("Retry")
        self.dismiss = QPushButton("Dismiss")
        for button, signal in (
            (self.cancel, self.cancel_asked),
            (self.retry, self.retry_asked),
            (self.dismiss, self.dismissed),
        ):
            button.setAccessibleName(f"{button.text()} {name}")
            button.clicked.connect(lambda _checked=False, signal=signal: signal.emit(job_id))
        self._lay_out()
        self._show_buttons()

    def start(self) -> None:
        """It runs."""
        self.state.setText("running")

    def advance(self, part: str, fraction: float, message: str) -> None:
        """A part of it is so far done."""
        detail = f" ({one_line(message[:200])})" if message else ""
        self.state.setText(f"running: {one_line(part)}{detail}")
        self.progress.show_value(round(_PERCENT * min(max(fraction, 0.0), 1.0)))

    def stop(self) -> None:
        """It is being cancelled."""
        self.state.setText("stopping…")
        self.cancel.setEnabled(False)

    def end(self, failed: Failed) -> None:
        """It ended without a result."""
        self.has_ended = True
        word = "interrupted" if failed.failure is Failure.HOST_DIED else "failed"
        self.state.setText(breakable(f"{word}: {failed.message[:1000]}"))
        self._show_buttons()

    def _lay_out(self) -> None:
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAccessibleName(self._name)
        font = self._title.font()
        font.setBold(True)
        self._title.setFont(font)
        layout = QGridLayout(self)
        layout.addWidget(self._title, 0, 0)
        layout.addWidget(self.state, 1, 0)
        layout.addWidget(self.progress, 2, 0)
        buttons = QVBoxLayout()
        for button in (self.cancel, self.retry, self.dismiss):
            buttons.addWidget(button)
        layout.addLayout(buttons, 0, 1, 3, 1, Qt.AlignmentFlag.AlignTop)
        layout.setColumnStretch(0, 1)

    def _show_buttons(self) -> None:
        self.cancel.setVisible(not self.has_ended)
        self.progress.setVisible(not self.has_ended)
        self.retry.setVisible(self.has_ended)
        self.dismiss.setVisible(self.has_ended)


class QueuePanel(QWidget):
    """Jobs of the models' lane; what the panels work out by themselves is not listed."""

    title = "Queue"
    object_name = "queue"

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._rows: dict[str, JobRow] = {}
        self._message = _label("")
        self._message.hide()
        self._list = QWidget()
        self._lines = QVBoxLayout(self._list)
        self._lines.setContentsMargins(0, 0, 0, 0)
        self._lines.addStretch()
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setWidget(self._list)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setAccessibleName("Jobs")
        self._stack = QStackedWidget()
        self._stack.addWidget(EmptyHint("Nothing waits and nothing runs. What you ask for in the chat appears here."))
        self._stack.addWidget(area)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._message)
        self._connections = (
            (jobs.queued, self._add),
            (jobs.started, self._start),
            (jobs.progressed, self._advance),
            (jobs.finished, self._finish),
            (jobs.failed, self._fail),
            (jobs.cancelled, self._remove),
        )
        for signal, slot in self._connections:
            signal.connect(slot)

    @property
    def rows(self) -> dict[str, JobRow]:
        """Job id -> its row, in order."""
        return self._rows

    def close_panel(self) -> None:
        """Listen no more."""
        for signal, slot in self._connections:
            signal.disconnect(slot)

    def _add(self, job_id: str, job: Job) -> None:
        if job.lane is not Lane.MODEL or job_id in self._rows:
            return
        row = JobRow(job_id, one_line(title(job)))
        row.cancel_asked.connect(self._cancel)
        row.retry_asked.connect(self._retry)
        row.dismissed.connect(self._remove)
        self._rows[job_id] = row
        self._lines.insertWidget(self._lines.count() - 1, row)
        self._stack.setCurrentIndex(1)

    def _start(self, job_id: str) -> None:
        if job_id in self._rows:
            self._rows[job_id].start()

    def _advance(self, job_id: str, part: str, fraction: float, message: str) -> None:
        if job_id in self._rows:
            self._rows[job_id].advance(part, fraction, message)

    def _finish(self, job_id: str, _result: object) -> None:
        self._remove(job_id)

    def _fail(self, job_id: str, failed: Failed) -> None:
        if job_id in self._rows:
            self._rows[job_id].end(failed)
            ended = [one for one, row in self._rows.items() if row.has_ended]
            for one in ended[: max(0, len(ended) - _KEPT_ENDED)]:
                self._remove(one)

    def _cancel(self, job_id: str) -> None:
        self._rows[job_id].stop()
        self._jobs.cancel(job_id)

    def _retry(self, job_id: str) -> None:
        try:
            self._jobs.retry(job_id)
        except StudioError as error:
            self._message.setText(breakable(str(error)))
            self._message.show()
        else:
            self._message.hide()
            self._remove(job_id)

    def _remove(self, job_id: str) -> None:
        row = self._rows.pop(job_id, None)
        if row is not None:
            self._lines.removeWidget(row)
            row.hide()
            row.deleteLater()
        self._stack.setCurrentIndex(1 if self._rows else 0)


def _label(text: str) -> QLabel:
    made = QLabel(breakable(text), textFormat=Qt.TextFormat.PlainText, wordWrap=True)
    policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    policy.setHeightForWidth(True)
    made.setSizePolicy(policy)
    return made
