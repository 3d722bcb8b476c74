"""What the window of models asks before it does something: for files, and whether to remove."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox, QWidget

from crystal_studio.ui.models.brought import PACKED_ENDING
from crystal_studio.ui.models.model_rows import Key

_PACKED = f"Packed models (*{PACKED_ENDING})"
_FILES = "Models (*.gguf *.safetensors *.whl *.ckpt *.pt *.bin);;All files (*)"
_SEVERAL = "crystal-studio-models"


class ModelQuestions(QObject):
    """Each answer is a signal; a question that is left open has none.

    Signals:
        source_chosen: a folder or file to import.
        packed_chosen: a packed file to take in.
        target_chosen: (ids, file to pack them into).
        removal_wanted: the key of the model to delete.
    """

    source_chosen = Signal(object)
    packed_chosen = Signal(object)
    target_chosen = Signal(object, object)
    removal_wanted = Signal(object)

    def __init__(self, window: QWidget, folder: Path) -> None:
        super().__init__(window)
        self._window = window
        self._folder = folder

    def ask_for_folder(self) -> None:
        """A folder with a model, such as a hub's cache snapshot."""
        name = QFileDialog.getExistingDirectory(self._window, "Import a model from a folder", str(self._folder))
        if name:
            self._folder = Path(name).parent
            self.source_chosen.emit(Path(name))

    def ask_for_file(self) -> None:
        """A file that is a model, such as a GGUF or a wheel."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Import a model from a file", str(self._folder), _FILES)
        if name:
            self._folder = Path(name).parent
            self.source_chosen.emit(Path(name))

    def ask_for_packed(self) -> None:
        """A file that was packed on another machine."""
        name, _ = QFileDialog.getOpenFileName(self._window, "Unpack models", str(self._folder), _PACKED)
        if name:
            self._folder = Path(name).parent
            self.packed_chosen.emit(Path(name))

    def ask_where_to_pack(self, names: Sequence[str]) -> None:
        """The file that models are written into."""
        from crystal_studio.ui.exchange.target_dialog import TargetDialog

        if not names:
            return
        dialog = TargetDialog(
            "Pack models",
            f"{', '.join(names)}, and what they build on, in one file with checksums, for a memory stick.",
            self._folder / f"{names[0] if len(names) == 1 else _SEVERAL}{PACKED_ENDING}",
            (PACKED_ENDING,),
            _PACKED,
            self._window,
            may_replace=False,
        )
        dialog.chosen.connect(lambda target: self._pack(names, target))
        _open(dialog)

    def ask_to_remove(self, key: Key, is_in_use: bool) -> None:
        """Whether a model's files may be deleted."""
        question = QMessageBox(self._window)
        question.setObjectName("remove_model")
        question.setWindowTitle("Remove a model")
        question.setIcon(QMessageBox.Icon.Warning)
        question.setTextFormat(Qt.TextFormat.PlainText)
        question.setText(f"Remove {key[1]}?")
        question.setInformativeText(
            "Its files are deleted from your models folder, which cannot be undone. Files that it only links to stay. "
            "Nodes that it made keep their crystals, but cannot be run again."
            + (" It does its job now: the usual model takes over, if there is one." if is_in_use else "")
        )
        remove = question.addButton("&Remove", QMessageBox.ButtonRole.DestructiveRole)
        keep = question.addButton("&Keep", QMessageBox.ButtonRole.RejectRole)
        question.setDefaultButton(keep)
        question.setEscapeButton(keep)
        remove.clicked.connect(lambda: self.removal_wanted.emit(key))
        _open(question)

    def _pack(self, names: Sequence[str], target: Path) -> None:
        self._folder = target.parent
        self.target_chosen.emit(list(names), target)


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
