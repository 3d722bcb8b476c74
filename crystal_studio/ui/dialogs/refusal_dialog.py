"""What is asked when a project cannot be opened."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget


class RefusalDialog(QMessageBox):
    """Why a project cannot be opened, and what can be done instead.

    Signals:
        reading_wanted: open it for reading only.
        other_wanted: choose another project file.
        new_wanted: start an untitled project.
        given_up: none of these.
    """

    reading_wanted = Signal()
    other_wanted = Signal()
    new_wanted = Signal()
    given_up = Signal()

    def __init__(self, reason: str, may_read: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("refusal")
        self.setWindowTitle("Crystal Studio")
        self.setIcon(QMessageBox.Icon.Warning)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText("The project cannot be opened for writing." if may_read else "The project cannot be opened.")
        self.setInformativeText(reason)
        self.read: QPushButton | None = None
        if may_read:
            self.read = self.addButton("Open &read-only", QMessageBox.ButtonRole.AcceptRole)
        self.other = self.addButton("&Another project…", QMessageBox.ButtonRole.ActionRole)
        self.new = self.addButton("&New project", QMessageBox.ButtonRole.ActionRole)
        self.addButton(QMessageBox.StandardButton.Cancel)
        self.finished.connect(self._answer)

    def _answer(self, _result: int) -> None:
        signals = {self.read: self.reading_wanted, self.other: self.other_wanted, self.new: self.new_wanted}
        signals.get(self.clickedButton(), self.given_up).emit()
