"""What to do with a bundle: into this project, or into one of its own."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget


class BundleQuestion(QMessageBox):
    """Merge, open, or neither.

    Signals:
        merge_wanted: into the project that is open.
        project_wanted: into a new project, which is then opened.
    """

    merge_wanted = Signal()
    project_wanted = Signal()

    def __init__(self, bundle: Path, project: Path, may_merge: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("bundle_question")
        self.setWindowTitle("Bundle")
        self.setIcon(QMessageBox.Icon.Question)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(f"What is to be done with {bundle.name}?")
        self.setInformativeText(
            f"Merging adds the nodes that {project.name} does not have yet; nothing in it is changed. "
            "Opening makes a project of its own of it."
        )
        self.merge = self.addButton(f"&Merge into {project.stem}", QMessageBox.ButtonRole.AcceptRole)
        self.merge.setEnabled(may_merge)
        self.open_own = self.addButton("&Open as a project…", QMessageBox.ButtonRole.ActionRole)
        self.setEscapeButton(self.addButton(QMessageBox.StandardButton.Cancel))
        self.finished.connect(self._answer)

    def _answer(self, _result: int) -> None:
        if self.clickedButton() is self.merge:
            self.merge_wanted.emit()
        elif self.clickedButton() is self.open_own:
            self.project_wanted.emit()
