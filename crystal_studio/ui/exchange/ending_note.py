"""The part of the status line that says what was written, with the way there."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QToolButton, QWidget

from crystal_studio.ui.notation import one_line, plain_tooltip
from crystal_studio.ui.plain_label import PlainLabel

_SHOWN_MS = 30_000
_LONGEST = 44


class EndingNote(QWidget):
    """Hidden until a file was written; goes away by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._written: Path | None = None
        self.label = PlainLabel("", self)
        self.open = QPushButton("&Open", self)
        self.folder = QPushButton("S&how folder", self)
        self.dismiss = QToolButton(self, text="×", autoRaise=True)
        self.dismiss.setAccessibleName("Close the note")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        for part in (self.label, self.open, self.folder, self.dismiss):
            row.addWidget(part)
        self._timer = QTimer(self, singleShot=True, interval=_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.dismiss.clicked.connect(self.hide)
        self.open.clicked.connect(lambda: self._go(self._written))
        self.folder.clicked.connect(lambda: self._go(self._written.parent if self._written else None))
        self.hide()

    def tell(self, sentence: str, written: Path, *, may_open: bool = False) -> None:
        """Say that something was written, and offer the way there."""
        self._written = written
        text = one_line(sentence)
        self.label.setText(text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…")
        self.label.setToolTip(plain_tooltip(text))
        self.open.setVisible(may_open)
        self.open.setAccessibleName(f"Open {written.name}")
        self.folder.setAccessibleName(f"Show the folder of {written.name}")
        self.folder.setToolTip(plain_tooltip(str(written.parent)))
        self.show()
        self._timer.start()

    def close_panel(self) -> None:
        """Count no more."""
        self._timer.stop()

    def _go(self, place: Path | None) -> None:
        if place is not None:
            show_place(place)


def show_place(place: Path) -> None:
    """Let the desktop show a file or folder."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(place)))
