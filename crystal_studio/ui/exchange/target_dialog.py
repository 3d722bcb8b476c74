"""Where one file is to be written: a report or a bundle."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QMessageBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.ui.dialogs.checked_line import CheckedLine
from crystal_studio.ui.exchange.growing import Growing
from crystal_studio.ui.plain_label import PlainLabel

_NAMES_ASKED = 8


def target_problem(text: str, endings: Sequence[str]) -> str:
    """What is wrong with the name of a file to be written, "" where nothing is.

    Args:
        text: as typed.
        endings: that the name may have, such as ``.pdf``; empty for any.
    """
    if not text:
        return "Name a file."
    if "\0" in text:
        return "The name has a character that no file may have."
    path = Path(text).expanduser()
    if not path.is_absolute():
        return "Give the whole path, from the root on, or browse to the folder."
    if endings and path.suffix.lower() not in endings:
        return f"The name must end in {' or '.join(endings)}."
    if path.is_dir():
        return "This is a folder. Name a file in it."
    return folder_problem(str(path.parent))


def folder_problem(text: str) -> str:
    """What is wrong with a folder to be written to, "" where nothing is."""
    if not text:
        return "Name a folder."
    if "\0" in text:
        return "The name has a character that no folder may have."
    path = Path(text).expanduser()
    if not path.is_absolute():
        return "Give the whole path, from the root on, or browse to the folder."
    if not path.is_dir():
        return "The folder does not exist. Make it, or choose another."
    if not os.access(path, os.W_OK | os.X_OK):
        return "You may not write in this folder. Choose another."
    return ""


def may_overwrite(files: Sequence[Path], parent: QWidget) -> bool:
    """Ask, by name, whether the files that are there already may be replaced."""
    there = [one for one in files if one.exists()]
    if not there:
        return True
    question = QMessageBox(parent)
    question.setObjectName("overwrite")
    question.setWindowTitle("Replace files")
    question.setIcon(QMessageBox.Icon.Warning)
    question.setTextFormat(Qt.TextFormat.PlainText)
    many = len(there) > 1
    question.setText(f"{len(there):,} files are there already:" if many else f"{there[0].name} is there already.")
    names = "\n".join(one.name for one in there[:_NAMES_ASKED]) if many else str(there[0])
    more = f"\nand {len(there) - _NAMES_ASKED:,} more" if len(there) > _NAMES_ASKED else ""
    question.setInformativeText(f"{names}{more}\n\nReplacing cannot be undone.")
    replace = question.addButton("&Replace", QMessageBox.ButtonRole.DestructiveRole)
    keep = question.addButton("&Keep", QMessageBox.ButtonRole.RejectRole)
    question.setDefaultButton(keep)
    question.setEscapeButton(keep)
    question.exec()
    return question.clickedButton() is replace


class TargetDialog(Growing):
    """A file, checked while it is typed.

    Args:
        title: of the dialog.
        words: what will be written.
        suggested: a name to begin with.
        endings: that the name may have.
        kinds: the same for a dialog of files.
        parent: Qt's.
        may_replace: whether a file that is there may be chosen; it is then asked whether to replace it.

    Signals:
        chosen: the `Path`; that it may be replaced was asked.
    """

    chosen = Signal(object)

    def __init__(
        self,
        title: str,
        words: str,
        suggested: Path,
        endings: Sequence[str],
        kinds: str,
        parent: QWidget | None = None,
        *,
        may_replace: bool = True,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setObjectName("target")
        self._endings, self._kinds, self._may_replace = tuple(endings), kinds, may_replace
        self.file = CheckedLine(str(suggested), self._problem, "File", self)
        self.browse = QPushButton("&Browse…", self)
        self.file.row.addWidget(self.browse)
        self.buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Save | QDialogButtonBox.StandardButton.Cancel, self
        )
        form = QFormLayout()
        form.addRow("&File", self.file)
        layout = QVBoxLayout(self)
        layout.addWidget(PlainLabel(words, self, wraps=True))
        layout.addLayout(form)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(
            min(self.fontMetrics().averageCharWidth() * 80, self.screen().availableSize().width() - 40)
        )
        self.browse.clicked.connect(self._browse)
        self.file.line.textChanged.connect(self._examine)
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        self._examine()

    @property
    def path(self) -> Path:
        """What is named."""
        return Path(self.file.text).expanduser()

    def _problem(self, text: str) -> str:
        problem = target_problem(text, self._endings)
        if problem or self._may_replace or not Path(text).expanduser().exists():
            return problem
        return "This file is there already. Choose another name."

    def _browse(self) -> None:
        # The question whether to replace a file comes when it is written to, by name.
        name, _ = QFileDialog.getSaveFileName(
            self, self.windowTitle(), self.file.text, self._kinds, "", QFileDialog.Option.DontConfirmOverwrite
        )
        if name:
            self.file.line.setText(name if Path(name).suffix else f"{name}{self._endings[0]}")

    def _examine(self) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Save).setEnabled(self.file.examine())
        self.grow()

    def _save(self) -> None:
        if self.file.examine() and may_overwrite([self.path], self):
            self.chosen.emit(self.path)
            self.accept()
