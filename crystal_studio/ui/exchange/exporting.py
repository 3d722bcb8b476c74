"""Crystals out of the project: files, the clipboard, a report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.exported import FileFormat
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.services.jobs import ExportJob, ReportJob
from crystal_studio.ui.exchange.ending_note import EndingNote
from crystal_studio.ui.exchange.errands import Errand, Errands
from crystal_studio.ui.exchange.last_folders import LastFolders
from crystal_studio.ui.notation import formula_text

if TYPE_CHECKING:
    from crystal_studio.ui.exchange.export_dialog import Scope
    from crystal_studio.ui.main_window import MainWindow

REPORT_ENDINGS = (".html", ".pdf")
_LONGEST_CIF = 20_000_000


class Exporting(QObject):
    """Has the engine host write them, and says where they are."""

    def __init__(self, window: MainWindow, errands: Errands, note: EndingNote) -> None:
        super().__init__(window)
        self._window = window
        self._errands = errands
        self._note = note
        self._folders = LastFolders(window.program, window.state.path, window.banner.say)

    def choose(self, node_id: str = "") -> None:
        """Ask what is exported, how, and where to.

        Args:
            node_id: the node that is meant, "" for the one that is shown.
        """
        from crystal_studio.ui.exchange.export_dialog import ExportDialog

        current = self._window.state.current
        node_id = node_id or (current.id if current is not None else "")
        if not node_id:
            return
        scopes = self.scopes(node_id)
        dialog = ExportDialog(self._window.state.path, scopes, self._outlines, self._folders.exports, self._window)
        dialog.chosen.connect(self._export)
        _open(dialog)

    def scopes(self, node_id: str) -> list[Scope]:
        """What may be meant: the selected nodes where there are several, this one, the way to it, what follows it."""
        from crystal_studio.ui.exchange.export_dialog import Scope

        state = self._window.state
        selected = tuple(self._window.docks["tree"].selected)
        way = tuple(one for one, _ in state.way(node_id))
        below = tuple(state.subtree(node_id))
        name = formula_text(state.outline(node_id).formula)
        this = Scope(f"This node: {name}", (node_id,))
        several = (
            Scope(f"The {len(selected):,} nodes that are selected in the history", selected),
            Scope(f"Its whole branch: {len(way):,} nodes, first to last", way),
            Scope(f"{name} and all that follows it: {len(below):,} nodes", below),
        )
        offered = (several[0], this, *several[1:])
        return [one for one in offered if one is this or len(one.nodes) > 1]

    def copy_cif(self) -> None:
        """Put the CIF of the node that is shown on the clipboard."""
        node = self._window.state.current
        if node is None:
            return
        folder = TemporaryDirectory(prefix="crystal-studio-")
        job = ExportJob(self._window.state.path, (node.id,), FileFormat.CIF, Path(folder.name) / "crystal.cif")
        formula = node.crystal.formula
        errand = Errand(lambda written: self._to_clipboard(written, formula), folder.cleanup)
        self._errands.run(job, errand, f"Writing {formula_text(formula)} as CIF …")

    def report(self) -> None:
        """Ask for a file and write a report of the branch into it."""
        from crystal_studio.ui.exchange.target_dialog import TargetDialog

        node = self._window.state.current
        if node is None:
            return
        dialog = TargetDialog(
            "Report of this branch",
            "Every round from the first wish to the node that is shown, with pictures, values and plots. "
            "The ending chooses the format: .html or .pdf.",
            self._folders.exports / f"{node.crystal.formula}-{node.id[:8]}.pdf",
            REPORT_ENDINGS,
            "PDF (*.pdf);;Web page (*.html)",
            self._window,
        )
        dialog.chosen.connect(lambda out: self._report(node.id, out))
        _open(dialog)

    def _export(self, job: ExportJob) -> None:
        self._folders.keep_exports(job.out if job.out.is_dir() else job.out.parent)
        count = len(job.nodes)
        sentence = "Exporting …" if count == 1 else f"Exporting {count:,} crystals …"
        self._errands.run(job, Errand(self._exported), sentence)

    def _exported(self, written: Sequence[Path]) -> None:
        if not written:
            self._window.status.say("Nothing was written.")
            return
        first = Path(written[0])
        others = len(written) - 1
        more = f" and {others:,} more {'file' if others == 1 else 'files'}" if others else ""
        self._note.tell(f"Written: {first.name}{more}", first)

    def _to_clipboard(self, written: Sequence[Path], formula: str) -> None:
        path = Path(written[0])
        try:
            if path.stat().st_size > _LONGEST_CIF:
                raise Unavailable("The CIF is too long for the clipboard. Export it to a file.")
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise Unavailable(f"The CIF could not be read back ({error.strerror}). Export it to a file.") from error
        QGuiApplication.clipboard().setText(text)
        self._window.status.say(f"CIF of {formula_text(formula)} copied.")

    def _report(self, node_id: str, out: Path) -> None:
        self._folders.keep_exports(out.parent)
        job = ReportJob(self._window.state.path, node_id, out)
        errand = Errand(lambda written: self._note.tell(f"Report written: {written.name}", written, may_open=True))
        self._errands.run(job, errand, "Writing the report …")

    def _outlines(self, nodes: Sequence[str]) -> list[tuple[NodeOutline, Mark]]:
        state = self._window.state
        return [(state.outline(node_id), state.mark(node_id)) for node_id in nodes]


def _open(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
