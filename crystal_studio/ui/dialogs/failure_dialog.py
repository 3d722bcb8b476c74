"""What is said when something of ours failed."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from crystal_studio.ui.plain_label import PlainLabel

_CALM = "Every node that was committed is stored, and you can go on. Please send us the log if it happens again."
_MOST_SHOWN = 20


class FailureDialog(QDialog):
    """One sentence, the path of the log, and the details for a report."""

    def __init__(self, sentence: str, details: str, log_file: Path | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Something went wrong")
        self.setObjectName("failure")
        self._count = 1
        self.sentence = PlainLabel(sentence, self, wraps=True)
        self.log = PlainLabel(f"Log: {log_file}" if log_file else "No log file can be written.", self, wraps=True)
        self.details = QPlainTextEdit(details, self, readOnly=True)
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setAccessibleName("Details")
        self.details.setVisible(bool(details))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.copy = QPushButton("&Copy for a report", self)
        buttons.addButton(self.copy, QDialogButtonBox.ButtonRole.ActionRole)
        layout = QVBoxLayout(self)
        for widget in (self.sentence, PlainLabel(_CALM, self, wraps=True), self.log, self.details, buttons):
            layout.addWidget(widget)
        buttons.rejected.connect(self.reject)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._report()))
        self.resize(self.fontMetrics().averageCharWidth() * 90, self.fontMetrics().height() * 22)

    def add(self, sentence: str, details: str) -> None:
        """One more failure while the first is still shown."""
        self._count += 1
        self.setWindowTitle(f"Something went wrong ({self._count} times)")
        if self._count <= _MOST_SHOWN:
            self.details.appendPlainText(f"\n{sentence}\n{details}")
            self.details.show()

    def _report(self) -> str:
        return "\n".join((self.sentence.text(), self.log.text(), self.details.toPlainText()))
