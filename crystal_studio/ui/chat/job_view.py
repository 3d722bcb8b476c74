"""The bubble of a job: under way, waiting, stopped, failed, or ready on another branch."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QFont, QFontDatabase
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from crystal_studio.host.protocol import Failure
from crystal_studio.ui.chat import wording
from crystal_studio.ui.chat.bubble import Bubble, Ground, beside
from crystal_studio.ui.chat.buttons import action_button
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.chat.plain_text import CappedText, FlatText, ToneLabel
from crystal_studio.ui.chat.rounds import ChatJob, Stage
from crystal_studio.ui.progress_bar import ProgressBar

_REPAINT_MS = 60  # tokens come faster than anybody reads
_STEPS = 1000
_LINES_OF_A_CRYSTAL = 12


class JobView(QWidget):
    """What was asked, how far it is, what is written; buttons as the stage allows.

    Signals (all with the job's id):
        stop_asked, retry_asked, put_back_asked, dismiss_asked.
        show_asked: id of the node that came out.
    """

    stop_asked = Signal(str)
    retry_asked = Signal(str)
    put_back_asked = Signal(str)
    dismiss_asked = Signal(str)
    show_asked = Signal(str)

    def __init__(self, job: ChatJob, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.job = job
        self.lane = ""
        self.answers = ""
        self.elapsed = 0.0
        self._text = self._crystal_text = ""
        self.person = Bubble(Ground.PERSON)
        self.person.column.addWidget(CappedText(job.title, "text" if job.message else "muted"))
        self.sheet = Bubble(Ground.CRYSTAL)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 4)
        column.setSpacing(6)
        column.addWidget(beside(self.person, is_right=True))
        column.addWidget(beside(self.sheet, is_right=False))
        self._build_sheet()
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(_REPAINT_MS)
        self._soon.timeout.connect(self.refresh)
        self.refresh()

    def refresh_soon(self) -> None:
        """Show the job as it is, at most some twenty times a second."""
        if not self._soon.isActive():
            self._soon.start()

    def refresh(self) -> None:
        """Show the job as it is now."""
        job = self.job
        self.status.setText(self._status())
        self.sheet.set_ground(self._ground())
        is_alive = job.stage in (Stage.WAITING, Stage.RUNNING, Stage.STOPPING)
        self.bar.setVisible(job.stage in (Stage.RUNNING, Stage.STOPPING))
        self.bar.show_value(int(job.fraction * _STEPS))
        self.stop.setVisible(is_alive)
        self.stop.setEnabled(job.stage is not Stage.STOPPING)
        self.stop.setText("Stop" if job.stage is not Stage.WAITING else "Cancel")
        can_repeat = job.stage in (Stage.FAILED, Stage.STOPPED)
        self.retry.setVisible(can_repeat)
        self.put_back.setVisible(can_repeat and bool(job.message))
        self.dismiss.setVisible(not is_alive)
        self.show_node.setVisible(job.stage is Stage.READY)
        self._show_text()
        self._show_failure()

    def _build_sheet(self) -> None:
        self.status = ToneLabel("", "text")
        self.status.setAccessibleName("What the job is doing")
        self.bar = ProgressBar()
        self.bar.setRange(0, _STEPS)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(self.fontMetrics().height() // 2)
        self.bar.setAccessibleName("Progress")
        self.written = FlatText("", "muted")
        self.written.setAccessibleName("The description as it is written")
        self.crystal = FlatText("", "text")
        fixed = QFont()  # its family alone: the size stays that of the window
        fixed.setFamilies(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont).families())
        self.crystal.setFont(fixed)
        self.crystal.setAccessibleName("The crystal as it is written")
        self.reason = CappedText("")
        self.log = FlatText("", "muted")
        self.stop = QPushButton("Stop")
        self.stop.setAccessibleName("Stop this job")
        self.stop.clicked.connect(lambda _checked=False: self.stop_asked.emit(self.job.id))
        head = QHBoxLayout()
        head.addWidget(self.status, 1)
        head.addWidget(self.stop)
        self.sheet.column.addLayout(head)
        for widget in (self.bar, self.reason, self.log, self.written, self.crystal):
            self.sheet.column.addWidget(widget)
        self._build_actions()

    def _build_actions(self) -> None:
        self.retry = action_button("Try again", lambda: self.retry_asked.emit(self.job.id), "Run the same job again")
        self.put_back = action_button(
            "Edit the message", lambda: self.put_back_asked.emit(self.job.id), "Put the message back into the box"
        )
        self.show_node = action_button("Show it", self._show, "Go to the crystal that came out")
        self.dismiss = action_button("Dismiss", lambda: self.dismiss_asked.emit(self.job.id), "Take this bubble away")
        flow = FlowLayout(gap=2)
        for button in (self.show_node, self.retry, self.put_back, self.dismiss):
            flow.addWidget(button)
        self.sheet.column.addLayout(flow)

    def _show(self) -> None:
        if self.job.node is not None:
            self.show_asked.emit(self.job.node.id)

    def _ground(self) -> Ground:
        failure = self.job.failure
        if self.job.stage is not Stage.FAILED or failure is None:
            return Ground.CRYSTAL
        return Ground.HINT if failure.failure is Failure.USER_CORRECTABLE else Ground.FAULT

    def _status(self) -> str:
        job = self.job
        if job.stage is Stage.WAITING:
            return f"waiting{self.answers}"
        if job.stage is Stage.STOPPING:
            return "stopping"
        if job.stage is Stage.STOPPED:
            return "stopped; nothing of it was kept"
        if job.stage is Stage.READY and job.node is not None:
            return f"{wording.subscripted(job.node.crystal.formula)} is ready{self.answers}"
        if job.stage is Stage.FAILED and job.failure is not None:
            return _FAILED[job.failure.failure]
        part = "loading" if not job.part and self.lane in ("starting", "loading") else job.part
        words = wording.part_line(part, job.fraction, job.note)
        left = wording.duration_left(self.elapsed, job.fraction)
        return ", ".join(piece for piece in (words + self.answers, left) if piece)

    def _show_text(self) -> None:
        is_alive = self.job.stage in (Stage.RUNNING, Stage.STOPPING)
        if self.job.text != self._text:
            self._text = self.job.text
            self.written.say(wording.shown(self._text))
        self.written.setVisible(is_alive and bool(self._text))
        if self.job.crystal_text != self._crystal_text:
            self._crystal_text = self.job.crystal_text
            self.crystal.say(wording.shown(wording.last_lines(self._crystal_text, _LINES_OF_A_CRYSTAL)))
            # Each crystal begins with few lines: what has been read would jump if the room were given back.
            self.crystal.setMinimumHeight(max(self.crystal.minimumHeight(), self.crystal.sizeHint().height()))
        self.crystal.setVisible(is_alive and bool(self._crystal_text))

    def _show_failure(self) -> None:
        failure = self.job.failure if self.job.stage is Stage.FAILED else None
        self.reason.setVisible(failure is not None)
        self.log.setVisible(failure is not None and failure.failure is Failure.BUG and bool(failure.details))
        if failure is not None:
            self.reason.say(failure.message)
            self.log.say(wording.shown(failure.details[-600:]))


_FAILED = {
    Failure.USER_CORRECTABLE: "This could not be done as it was asked",
    Failure.UNAVAILABLE: "Something that is needed is not there",
    Failure.HOST_DIED: "The engine stopped; no crystal was lost",
    Failure.BUG: "A fault of this program; no crystal was lost",
}
