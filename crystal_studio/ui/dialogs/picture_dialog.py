"""Saving the 3D view as a picture."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.errors import StudioError
from crystal_studio.ui import theme
from crystal_studio.ui.dialogs.checked_line import CheckedLine
from crystal_studio.ui.plain_label import PlainLabel

MOST_TIMES = 8


class Camera(Protocol):
    """What can save a picture of itself."""

    def save_png(self, path: Path, scale: int, transparent: bool) -> None:
        """Write the view, `scale` times as wide and high as on the screen."""


def file_problem(text: str) -> str:
    """What is wrong with the name of a picture, "" where nothing is."""
    if not text:
        return "Name a file."
    path = Path(text).expanduser()
    if path.suffix.lower() != ".png":
        return "The name must end in .png."
    if path.is_dir():
        return "This is a folder. Name a file in it."
    if not path.parent.is_dir():
        return "The folder does not exist. Make it, or choose another."
    if not os.access(path.parent, os.W_OK):
        return "You may not write in this folder. Choose another."
    return ""


class PictureDialog(QDialog):
    """File, scale and ground of a picture."""

    def __init__(self, camera: Camera, suggested: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save picture")
        self.setObjectName("picture")
        self._camera = camera
        self.file = CheckedLine(str(suggested), file_problem, "File", self)
        browse = QPushButton("&Browse…", self)
        self.file.row.addWidget(browse)
        self.scale = QSpinBox(minimum=1, maximum=MOST_TIMES, value=2, suffix=" × the size on the screen")
        self.transparent = QCheckBox("&Transparent ground", self)
        self.problem = PlainLabel("", self, wraps=True)
        self.problem.setStyleSheet(f"color: {theme.current().bad};")
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel, self
        )
        form = QFormLayout()
        form.addRow("&File", self.file)
        form.addRow("S&cale", self.scale)
        form.addRow("", self.transparent)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.problem)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 70)
        browse.clicked.connect(self._browse)
        self.file.line.textChanged.connect(self._examine)
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        self._examine()

    def _browse(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save picture", self.file.text, "Pictures (*.png)")
        if name:
            self.file.line.setText(name)

    def _examine(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(self.file.examine())

    def _save(self) -> None:
        try:
            self._camera.save_png(Path(self.file.text).expanduser(), self.scale.value(), self.transparent.isChecked())
        except StudioError as error:
            self.problem.setText(str(error))
        else:
            self.accept()
