"""Whole projects as one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog, QFileDialog, QMessageBox

from crystal_studio.services.jobs import BundleJob, UnbundleJob
from crystal_studio.ui.exchange.ending_note import EndingNote
from crystal_studio.ui.exchange.errands import Errand, Errands
from crystal_studio.ui.exchange.last_folders import LastFolders
from crystal_studio.ui.exchange.offer import BUNDLE_ENDING, PROJECT_ENDING

if TYPE_CHECKING:
    from crystal_studio.ui.main_window import MainWindow

BUNDLES = f"Bundles of projects (*{BUNDLE_ENDING})"
_PROJECTS = f"Crystal Studio projects (*{PROJECT_ENDING})"


class Bundling(QObject):
    """Packs the project, merges a bundle into it, or makes a project of one."""

    def __init__(self, window: MainWindow, errands: Errands, note: EndingNote) -> None:
        super().__init__(window)
        self._window = window
        self._errands = errands
        self._note = note
        self._folders = LastFolders(window.program, window.state.path, window.banner.say)

    def save(self) -> None:
        """Ask for a file and pack the project into it."""
        from crystal_studio.ui.exchange.target_dialog import TargetDialog

        project = self._window.state.path
        dialog = TargetDialog(
            "Save bundle",
            "The whole project in one zip file, to keep or to send: every node with its candidates, marks and notes.",
            self._folders.exports / f"{project.stem}{BUNDLE_ENDING}",
            (BUNDLE_ENDING,),
            BUNDLES,
            self._window,
        )
        dialog.chosen.connect(self._pack)
        _open(dialog)

    def choose(self) -> None:
        """Ask for a bundle, then what to do with it."""
        folder = str(self._folders.imports)
        name, _ = QFileDialog.getOpenFileName(self._window, "Open or merge a bundle", folder, BUNDLES)
        if name:
            self._folders.keep_imports(Path(name).parent)
            self.ask(Path(name))

    def ask(self, bundle: Path) -> None:
        """Merge it, or make a project of it?"""
        from crystal_studio.ui.exchange.bundle_question import BundleQuestion

        window = self._window
        question = BundleQuestion(bundle, window.state.path, not window.read_only, window)
        question.merge_wanted.connect(lambda: self.merge(bundle))
        question.project_wanted.connect(lambda: self.open_as_project(bundle))
        _open(question)

    def ask_project(self, project: Path) -> None:
        """Open another project in place of this one?"""
        question = QMessageBox(self._window)
        question.setObjectName("open_project")
        question.setWindowTitle("Open project")
        question.setIcon(QMessageBox.Icon.Question)
        question.setTextFormat(Qt.TextFormat.PlainText)
        question.setText(f"Open {project.name}?")
        question.setInformativeText("It takes the place of this window. Everything here is stored already.")
        opens = question.addButton("&Open it", QMessageBox.ButtonRole.AcceptRole)
        question.setEscapeButton(question.addButton(QMessageBox.StandardButton.Cancel))
        opens.clicked.connect(lambda: self._window.program.open_project(project))
        _open(question)

    def merge(self, bundle: Path) -> None:
        """Take the nodes of a bundle that are new into this project."""
        errand = Errand(lambda new: self._merged(bundle, new), heard=self._hear)
        self._errands.run(UnbundleJob(self._window.state.path, bundle), errand, f"Merging {bundle.name} …")

    def open_as_project(self, bundle: Path) -> None:
        """Ask for a project file, fill it from a bundle and open it."""
        suggested = self._window.program.new_project_path().with_stem(bundle.stem)
        name, _ = QFileDialog.getSaveFileName(self._window, "Open as a project", str(suggested), _PROJECTS)
        if not name:
            return
        project = Path(name) if Path(name).suffix else Path(f"{name}{PROJECT_ENDING}")
        if project.exists():
            self._window.banner.say(f"{project.name} is there already. Give the project of the bundle a new name.")
            return
        errand = Errand(lambda _new: self._window.program.open_project(project), heard=self._hear)
        self._errands.run(UnbundleJob(project, bundle), errand, f"Opening {bundle.name} …")

    def _pack(self, out: Path) -> None:
        job = BundleJob(self._window.state.path, out)
        self._errands.run(job, Errand(self._packed), f"Packing {job.project.name} …")
        self._folders.keep_exports(out.parent)

    def _packed(self, out: Path) -> None:
        self._note.tell(f"Bundle written: {out.name}", out)

    def _hear(self, kind: str, payload: object) -> None:
        """What the bundle holds otherwise than the project is said; neither of the two is changed."""
        if kind == "conflict":
            self._window.banner.say(str(payload))

    def _merged(self, bundle: Path, new: tuple[str, ...]) -> None:
        state = self._window.state
        state.reread()
        if not new:
            self._window.status.say(f"{bundle.name} held nothing new: all its nodes are here already.")
            return
        count = f"{len(new):,} new {'node' if len(new) == 1 else 'nodes'}"
        self._window.status.say(f"Merged {bundle.name}: {count}.")
        if state.current is None:
            state.set_current(new[-1])


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
