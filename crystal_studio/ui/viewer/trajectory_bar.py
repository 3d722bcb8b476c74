"""Plays how a crystal came out of noise, or was written."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QToolButton, QWidget

from crystal_studio.domain.trajectory import Frame
from crystal_studio.ui.plain_label import PlainLabel

_BETWEEN_MS = 70


class TrajectoryBar(QWidget):
    """Play, pause, a slider over the steps, and the way back to the finished crystal.

    Signals:
        frame_chosen: the `Frame` to draw.
        closed: the finished crystal is wanted.
    """

    frame_chosen = Signal(object)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._frames: tuple[Frame, ...] = ()
        self._timer = QTimer(self, interval=_BETWEEN_MS, singleShot=True)
        self._timer.timeout.connect(self._advance)
        self.play = QToolButton()
        self.play.setText("Play")
        self.play.setCheckable(True)
        self.play.setAutoRaise(True)
        self.play.setToolTip("Play how the crystal came to be")
        self.play.setAccessibleName("Play how the crystal came to be")
        self.play.toggled.connect(self._toggle)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Step on the way to the crystal")
        self.slider.valueChanged.connect(self._show)
        self.step = PlainLabel()
        self.back = QToolButton()
        self.back.setText("Show the crystal")
        self.back.setAutoRaise(True)
        self.back.setToolTip("Leave the way to the crystal and show the finished one (Esc)")
        self.back.clicked.connect(self.close_frames)
        row = QHBoxLayout(self)
        row.setContentsMargins(6, 2, 6, 2)
        row.addWidget(self.play)
        row.addWidget(self.slider, 1)
        row.addWidget(self.step)
        row.addWidget(self.back)
        self.hide()

    @property
    def playing(self) -> bool:
        """Whether it runs by itself."""
        return bool(self.play.isChecked())

    @property
    def is_open(self) -> bool:
        """Whether frames are shown instead of the finished crystal."""
        return bool(self._frames)

    def open_frames(self, frames: tuple[Frame, ...]) -> None:
        """Show frames, of the draw that came last, from their beginning."""
        draw = frames[-1].draw
        self._frames = tuple(sorted((one for one in frames if one.draw == draw), key=lambda one: one.step))
        self.play.setChecked(False)
        self.slider.blockSignals(True)
        self.slider.setRange(0, len(self._frames) - 1)
        self.slider.setValue(0)
        self.slider.blockSignals(False)
        self.show()
        self._show(0)

    def close_frames(self) -> None:
        """Back to the finished crystal."""
        if self._frames:
            self.forget()
            self.closed.emit()

    def forget(self) -> None:
        """Stop and hide without a word."""
        self.play.setChecked(False)
        self._timer.stop()
        self._frames = ()
        self.hide()

    def _toggle(self, playing: bool) -> None:
        self.play.setText("Pause" if playing else "Play")
        if not playing:
            self._timer.stop()
            return
        if self.slider.value() == self.slider.maximum():
            self.slider.setValue(0)
        self._timer.start()

    def _advance(self) -> None:
        if self.slider.value() >= self.slider.maximum():
            self.play.setChecked(False)
            return
        # The next tick begins after this frame is drawn: a slow machine plays slower and stays awake.
        self.slider.setValue(self.slider.value() + 1)
        self._timer.start()

    def _show(self, index: int) -> None:
        if index < len(self._frames):
            frame = self._frames[index]
            atoms = frame.crystal.num_sites
            written = f"{atoms} atom" if atoms == 1 else f"{atoms} atoms"
            self.step.setText(written if frame.is_written else f"step {frame.step} of {frame.steps}")
            self.frame_chosen.emit(frame)
