"""The line at the bottom: engines, memory, project."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QLabel, QSizePolicy, QStatusBar, QWidget

from crystal_studio.services.jobs import Lane
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.process_memory import resident_bytes

_NAMES = {Lane.MODEL.value: "Models", Lane.SCIENCE.value: "Chemistry"}
_WORDS = {
    "starting": "starting …",
    "loading": "loading …",
    "ready": "ready",
    "busy": "at work …",
    "died": "stopped, starting again …",
    "closed": "at rest",
}
_MEMORY_INTERVAL_MS = 3000
_MESSAGE_MS = 8000


class StatusLine(QStatusBar):
    """Shows the state of each engine host, the memory in use and the project.

    Attributes:
        lanes: lane value -> its label.
    """

    def __init__(self, jobs: JobRunner, project: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.project = PlainLabel(project, self)
        self.project.setToolTip(project)
        self.project.setAccessibleName("Project file")
        self.project.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.addWidget(self.project, 1)
        self.lanes: dict[str, QLabel] = {lane.value: PlainLabel("", self) for lane in Lane}
        for lane, label in self.lanes.items():
            label.setAccessibleName(f"State of {_NAMES[lane]}")
            self._say(lane, "closed")
            self.addPermanentWidget(label)
        self.memory = PlainLabel("", self)
        self.memory.setAccessibleName("Memory in use")
        self.memory.setToolTip("Memory held by the window and its engines")
        self.addPermanentWidget(self.memory)
        self._timer = QTimer(self, interval=_MEMORY_INTERVAL_MS)
        self._timer.timeout.connect(self._measure)
        self._timer.start()
        self._measure()
        self._jobs = jobs
        jobs.lane_changed.connect(self._say)

    def say(self, sentence: str) -> None:
        """Show a sentence for a few seconds."""
        self.showMessage(sentence, _MESSAGE_MS)

    def close_panel(self) -> None:
        """Stop listening."""
        self._timer.stop()
        self._jobs.lane_changed.disconnect(self._say)

    def _say(self, lane: str, state: str) -> None:
        self.lanes[lane].setText(f"{_NAMES[lane]}: {_WORDS.get(state, state)}")

    def _measure(self) -> None:
        held = resident_bytes()
        self.memory.setText(f"{held / 2**30:.1f} GiB" if held is not None else "")
