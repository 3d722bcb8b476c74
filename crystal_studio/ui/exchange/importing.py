"""Crystals into the project: chosen, dropped or pasted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

from crystal_studio.domain.imported import Imported, ReadFile
from crystal_studio.services.jobs import ImportJob
from crystal_studio.ui.exchange.errands import Errand, Errands
from crystal_studio.ui.exchange.last_folders import LastFolders
from crystal_studio.ui.exchange.offer import Offer, named, offer_of
from crystal_studio.ui.exchange.read_words import clean_sentence, headline, is_clean
from crystal_studio.ui.exchange.viewing_strip import ViewingStrip

if TYPE_CHECKING:
    from crystal_studio.ui.main_window import MainWindow

CRYSTAL_FILES = (
    "Crystals (*.cif *.mcif *.vasp POSCAR* CONTCAR* *.xyz *.extxyz *.json *.gz *.res *.xsf *.cssr *.pdb);;All files (*)"
)
READ_ONLY = "This project is open for reading only, so no crystal can be added to it. Open or make another project."
NOTHING_TO_PASTE = (
    "The clipboard holds no crystal. Copy the text of a CIF, POSCAR, extended XYZ or JSON, or copy files."
)


class Importing(QObject):
    """Has the engine host read them, and shows what came of it."""

    def __init__(self, window: MainWindow, errands: Errands, strip: ViewingStrip) -> None:
        super().__init__(window)
        self._window = window
        self._errands = errands
        self._strip = strip
        self._folders = LastFolders(window.program, window.state.path, window.banner.say)

    def choose_files(self) -> None:
        """Ask for files."""
        folder = str(self._folders.imports)
        names, _ = QFileDialog.getOpenFileNames(self._window, "Import crystals", folder, CRYSTAL_FILES)
        if names:
            self._folders.keep_imports(Path(names[0]).parent)
            self.take_files([Path(name) for name in names])

    def choose_folder(self) -> None:
        """Ask for a folder; every crystal in it is read."""
        folder = str(self._folders.imports)
        name = QFileDialog.getExistingDirectory(self._window, "Import a folder of crystals", folder)
        if name:
            self._folders.keep_imports(Path(name).parent)
            self.take_files([Path(name)])

    def paste(self) -> Offer | None:
        """What the clipboard holds; None, and said so, where that is none of our business."""
        offer = offer_of(QGuiApplication.clipboard().mimeData())
        if offer is None:
            self._window.status.say(NOTHING_TO_PASTE)
        return offer

    def take_files(self, files: Sequence[Path]) -> None:
        """Import files and folders."""
        self._run(ImportJob(self._window.state.path, tuple(files)), f"Importing {named(files)} …")

    def take_text(self, text: str) -> None:
        """Import a crystal that was pasted."""
        self._run(ImportJob(self._window.state.path, (), text), "Importing what was pasted …")

    def _run(self, job: ImportJob, sentence: str) -> None:
        if self._window.read_only:
            self._window.banner.say(READ_ONLY)
            return
        shown = self._window.state.current
        shown_id = shown.id if shown is not None else None
        self._errands.run(job, Errand(lambda imported: self._arrived(imported, shown_id)), sentence)

    def _arrived(self, imported: Imported, shown_before: str | None) -> None:
        """The first root is shown, unless the person has gone elsewhere meanwhile."""
        state = self._window.state
        state.reread()
        current = state.current.id if state.current is not None else None
        if imported.nodes and current == shown_before:
            state.set_current(imported.nodes[0])
        if is_clean(imported) and imported.read:
            self._window.status.say(clean_sentence(imported))
        else:
            self._explain(imported)

    def _explain(self, imported: Imported) -> None:
        from crystal_studio.ui.exchange.read_dialog import ReadDialog

        self._window.status.say(headline(imported))
        dialog = ReadDialog(imported, self._window)
        dialog.view_asked.connect(self._view)
        dialog.node_asked.connect(self._window.state.set_current)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        # The 3D view is to be looked at beside it.
        dialog.show()

    def _view(self, read: ReadFile) -> None:
        self._strip.view(read)
