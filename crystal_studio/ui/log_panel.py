"""What the program has noted since it was started."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from crystal_studio.ui.plain_label import PlainLabel

LINES_KEPT = 2000


class _Voice(QObject):
    """Carries a line from whichever thread noted it to the window's.

    Signals:
        noted: the line.
    """

    noted = Signal(str)


class LogTap(logging.Handler):
    """Hears our log lines and keeps the newest, also from before there is a panel."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
        self.voice = _Voice()
        self.lines: deque[str] = deque(maxlen=LINES_KEPT)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep and pass on one line."""
        line = self.format(record)
        self.lines.append(line)
        self.voice.noted.emit(line)


class LogPanel(QWidget):
    """The lines, and a button for a report."""

    title = "Log"
    object_name = "log"

    def __init__(
        self, tap: LogTap, log_file: Path | None, copy_diagnostics: Callable[[], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tap = tap
        self.text = QPlainTextEdit(self, readOnly=True, maximumBlockCount=LINES_KEPT)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName("Log lines")
        self.text.setPlaceholderText("Nothing was noted yet.")
        self.where = PlainLabel(str(log_file) if log_file else "No log file can be written.", self, wraps=True)
        self.copy_log = QPushButton("Copy &log", self)
        self.copy_log.setToolTip("The lines below to the clipboard; they may name your files")
        self.copy_diagnostics = QPushButton("Copy &diagnostics", self)
        self.copy_diagnostics.setToolTip("Versions, folders and models to the clipboard; nothing of your project")
        buttons = QHBoxLayout()
        buttons.addWidget(self.where, 1)
        buttons.addWidget(self.copy_log)
        buttons.addWidget(self.copy_diagnostics)
        layout = QVBoxLayout(self)
        layout.addLayout(buttons)
        layout.addWidget(self.text, 1)
        self.copy_log.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text.toPlainText()))
        self.copy_diagnostics.clicked.connect(lambda _checked=False: copy_diagnostics())
        self.text.setPlainText("\n".join(tap.lines))
        tap.voice.noted.connect(self.text.appendPlainText)

    def close_panel(self) -> None:
        """Stop listening."""
        self._tap.voice.noted.disconnect(self.text.appendPlainText)
