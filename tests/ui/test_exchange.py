"""Import, export, reports and bundles in the whole window, over a runner that is driven by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent, QGuiApplication
from PySide6.QtWidgets import QDockWidget, QFileDialog, QMainWindow, QMessageBox, QVBoxLayout, QWidget
from test_exchange_words import CIF, CLEAN, MIXED, REFUSED, WARNED

from crystal_studio.domain.exported import FileFormat
from crystal_studio.domain.imported import Imported
from crystal_studio.services.jobs import BundleJob, DesignJob, ExportJob, ImportJob, ReportJob, UnbundleJob
from crystal_studio.services.settings import SettingsFile
from crystal_studio.ui.banner import Banner
from crystal_studio.ui.chat.chat_panel import ChatPanel
from crystal_studio.ui.exchange.bundle_question import BundleQuestion
from crystal_studio.ui.exchange.commands import exchange_slots
from crystal_studio.ui.exchange.exchange import Exchange
from crystal_studio.ui.exchange.export_dialog import ExportDialog
from crystal_studio.ui.exchange.read_dialog import ReadDialog
from crystal_studio.ui.exchange.target_dialog import TargetDialog
from crystal_studio.ui.history.tree_panel import TreePanel
from crystal_studio.ui.program import WindowProgram
from crystal_studio.ui.status_line import StatusLine


@pytest.fixture
def opened() -> list[Path]:
    return []


@pytest.fixture
def settings(tmp_path: Path) -> SettingsFile:
    return SettingsFile(tmp_path / "settings.toml")


class Window(QMainWindow):
    """As much of the main window as exchange has to do with: making the whole of it takes seconds."""

    def __init__(self, state, runner, program: WindowProgram, read_only: bool) -> None:
        super().__init__()
        self.state, self.jobs, self.program, self.read_only = state, runner, program, read_only
        centre = QWidget()
        self.banner = Banner(centre)
        column = QVBoxLayout(centre)
        column.addWidget(self.banner)
        column.addWidget(QWidget())
        self.setCentralWidget(centre)
        self.status = StatusLine(runner, str(state.path), self)
        self.setStatusBar(self.status)
        self.docks = {"chat": ChatPanel(state, runner), "tree": TreePanel(state, runner)}
        for name, panel in self.docks.items():
            dock = QDockWidget(name, self)
            dock.setWidget(panel)
            self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        self._exchange: Exchange | None = None

    def exchange(self) -> Exchange:
        self._exchange = self._exchange or Exchange(self)
        return self._exchange


@pytest.fixture
def open_window(state, runner, settings, tmp_path: Path, opened, qtbot) -> Iterator[object]:
    """A function that opens a window on the session."""
    untitled = tmp_path / "untitled.cstudio"
    program = WindowProgram(
        "1.2.3", settings, tmp_path / "layout.ini", None, lambda: "", opened.append, lambda: untitled
    )
    windows: list[Window] = []

    def open_one(read_only: bool = False) -> Window:
        made = Window(state, runner, program, read_only)
        windows.append(made)
        made.resize(1000, 600)
        made.show()
        made.exchange()
        return made

    yield open_one
    for made in windows:
        for part in (*made.docks.values(), made.status, made.exchange()):
            part.close_panel()
        made.close()
        made.deleteLater()


@pytest.fixture
def window(open_window) -> Window:
    return open_window()


def do(window: Window, action: str) -> None:
    """Take an action of the table."""
    exchange_slots(window)[action]()


def mime_of(*files: Path, text: str = "") -> QMimeData:
    mime = QMimeData()
    if files:
        mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    if text:
        mime.setText(text)
    return mime


def drag(window: Window, mime: QMimeData) -> bool:
    """Drag something over the chat; whether it would be taken."""
    event = QDragEnterEvent(QPoint(500, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.NoModifier)
    QCoreApplication.sendEvent(window.windowHandle(), event)
    return event.isAccepted()


def drop(window: Window, mime: QMimeData) -> None:
    """Drag something over the chat and let go."""
    drag(window, mime)
    event = QDropEvent(QPointF(500, 300), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.NoModifier)
    QCoreApplication.sendEvent(window.windowHandle(), event)


def hint(window: Window):
    return window.exchange().drops.hint


# Import


def test_that_files_and_folders_can_be_dropped_anywhere(window, runner, state, tmp_path: Path) -> None:
    file = tmp_path / "a.cif"
    file.write_text(CIF)
    assert drag(window, mime_of(file, tmp_path))
    assert hint(window).isVisible()
    assert "a.cif" in hint(window).offer.invitation
    assert hint(window).size() == window.size()
    drop(window, mime_of(file, tmp_path))
    assert hint(window).isHidden()
    assert runner.last_job == ImportJob(state.path, (file, tmp_path))
    assert window.docks["chat"].composer.text == ""


def test_that_files_can_be_dropped_on_a_panel_that_floats(window, runner, qtbot, tmp_path: Path) -> None:
    dock = window.findChildren(QDockWidget)[0]
    dock.setFloating(True)
    qtbot.wait(50)
    mime = mime_of(tmp_path / "a.cif")
    event = QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.NoModifier)
    QCoreApplication.sendEvent(dock.windowHandle(), event)
    assert runner.last_job.files == (tmp_path / "a.cif",)


def test_that_a_drag_that_leaves_takes_its_sentence_along(window, runner, tmp_path: Path) -> None:
    drag(window, mime_of(tmp_path / "a.cif"))
    QCoreApplication.sendEvent(window.windowHandle(), QDragLeaveEvent())
    assert hint(window).isHidden()
    assert runner.of(ImportJob) == []


def test_that_text_of_a_crystal_can_be_dropped_and_other_text_goes_where_it_belongs(window, runner) -> None:
    drop(window, mime_of(text=CIF))
    assert runner.last_job.text == CIF
    assert not hint(window).isVisible()
    drag(window, mime_of(text="a cubic oxide"))
    assert hint(window).isHidden()


def test_that_a_drop_that_cannot_be_taken_says_why(window, runner, tmp_path: Path) -> None:
    mime = mime_of(tmp_path / "a.zip", tmp_path / "b.cif")
    assert not drag(window, mime)
    assert "alone" in hint(window).offer.invitation
    drop(window, mime)
    assert runner.of(ImportJob) == []


def test_that_a_crystal_is_pasted(window, runner, state) -> None:
    QGuiApplication.clipboard().setText(CIF)
    do(window, "crystals.paste")
    assert runner.last_job == ImportJob(state.path, (), CIF)


def test_that_copied_files_are_pasted_as_files(window, runner, tmp_path: Path) -> None:
    QGuiApplication.clipboard().setMimeData(mime_of(tmp_path / "a.cif"))
    do(window, "crystals.paste")
    assert runner.last_job.files == (tmp_path / "a.cif",)


def test_that_a_clipboard_without_a_crystal_is_said(window, runner) -> None:
    QGuiApplication.clipboard().setText("a wish")
    do(window, "crystals.paste")
    assert "holds no crystal" in window.status.currentMessage()
    assert runner.of(ImportJob) == []


def test_that_a_crystal_in_the_message_box_is_offered_to_be_imported(window, runner, qtbot) -> None:
    composer, offer = window.docks["chat"].composer, window.exchange().paste_offer
    composer.put("look at this: ")
    composer.box.insertFromMimeData(mime_of(text=CIF))
    assert not offer.isHidden()
    assert "a CIF" in offer.label.text()
    offer.take.click()
    assert composer.text == "look at this: "
    assert offer.isHidden()
    assert runner.last_job.text == CIF
    assert runner.of(DesignJob) == []


def test_that_the_offer_goes_when_the_crystal_is_kept_as_text_or_taken_out(window) -> None:
    composer, offer = window.docks["chat"].composer, window.exchange().paste_offer
    composer.box.insertFromMimeData(mime_of(text=CIF))
    offer.leave.click()
    assert offer.isHidden()
    assert "_cell_length_a" in composer.text
    composer.put("")
    composer.box.insertFromMimeData(mime_of(text=CIF))
    composer.put("a cubic oxide")
    assert offer.isHidden()
    composer.box.insertFromMimeData(mime_of(text=" with strontium"))
    assert offer.isHidden()


def test_that_chosen_files_are_imported_and_their_folder_is_remembered(
    window, runner, settings, monkeypatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_: ([str(tmp_path / "a.cif")], ""))
    do(window, "crystals.import")
    assert runner.last_job.files == (tmp_path / "a.cif",)
    assert SettingsFile(settings.path).settings.folders.imports == str(tmp_path)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "many"))
    do(window, "crystals.import_folder")
    assert runner.last_job.files == (tmp_path / "many",)


def test_that_a_clean_import_shows_its_crystal_and_asks_nothing(window, runner, state, node_of) -> None:
    window.exchange().importing.take_text(CIF)
    first, second = node_of("an oxide"), node_of("an oxide of titanium")
    runner.finish(Imported((first.id, second.id), (CLEAN, CLEAN), ()))
    assert state.current.id == first.id
    assert state.outline(second.id).id == second.id
    assert window.findChild(ReadDialog) is None
    assert "2 crystals were imported" in window.status.currentMessage()


def test_that_an_import_does_not_steal_the_view(window, runner, state, node_of, new_node) -> None:
    window.exchange().importing.take_text(CIF)
    job = runner.last
    elsewhere = new_node("an oxide of titanium")
    state.set_current(elsewhere.id)
    late = node_of("an oxide of titanium")
    runner.finish(Imported((late.id,), (CLEAN,), ()), job)
    assert state.current.id == elsewhere.id


@pytest.mark.parametrize(("read", "refused"), [((WARNED,), ()), ((), (REFUSED,)), ((MIXED,), ())])
def test_that_warnings_and_refusals_are_shown_in_a_dialog(window, runner, node_of, read, refused) -> None:
    window.exchange().importing.take_text(CIF)
    nodes = tuple(node_of("an oxide").id for one in read if one.is_ordered)
    runner.finish(Imported(nodes, read, refused))
    dialog = window.findChild(ReadDialog)
    assert dialog is not None
    assert dialog.isVisible()
    assert not dialog.isModal()
    dialog.close()


def test_that_a_disordered_crystal_is_viewed_beside_the_history(window, runner, state) -> None:
    window.exchange().importing.take_text(CIF)
    runner.finish(Imported((), (MIXED,), ()))
    dialog = window.findChild(ReadDialog)
    dialog.view.click()
    assert state.crystal is MIXED.crystal
    assert state.current is None
    assert window.exchange().strip.isVisible()
    dialog.close()


def test_that_an_import_that_fails_is_said_in_the_banner_and_no_other(window, runner) -> None:
    window.exchange().importing.take_text(CIF)
    runner.fail("somebody else failed", job_id="another")
    assert window.banner.text == ""
    runner.fail("The text is empty. Give a CIF.")
    assert window.banner.text == "The text is empty. Give a CIF."


def test_that_nothing_is_imported_into_a_project_that_is_only_read(open_window, runner, tmp_path: Path) -> None:
    window = open_window(read_only=True)
    drop(window, mime_of(tmp_path / "a.cif"))
    assert "reading only" in window.banner.text
    assert runner.of(ImportJob) == []


# Export, report, bundle


def test_that_the_menu_of_the_tree_exports_a_node_that_is_not_shown(window, state, branch) -> None:
    root, child = branch
    window.docks["tree"].export_asked.emit(root.id)
    dialog = window.findChild(ExportDialog)
    scopes = {scope.nodes for scope in dialog._scopes}
    assert {(root.id,), (root.id, child.id)} <= scopes
    assert state.current.id == child.id


@pytest.fixture
def branch(state, new_node):
    root = new_node("a cubic oxide")
    child = new_node("make the band gap wider", root)
    state.set_current(child.id)
    return root, child


def test_that_the_node_or_its_whole_branch_is_exported(window, runner, state, branch, tmp_path: Path, qtbot) -> None:
    do(window, "crystals.export")
    dialog = window.findChild(ExportDialog)
    assert [scope.nodes for scope in dialog._scopes] == [(branch[1].id,), (branch[0].id, branch[1].id)]
    dialog.what.setCurrentIndex(1)
    dialog.folder.line.setText(str(tmp_path))
    dialog.pattern.line.setText("{number}-{formula}")
    dialog.export.click()
    assert isinstance(runner.last_job, ExportJob)
    written = (tmp_path / "001.cif", tmp_path / "002.cif")
    runner.finish(written)
    note = window.exchange().note
    assert note.isVisible()
    assert "1 more file" in note.label.text()


def test_that_an_export_that_fails_says_why(window, runner, branch) -> None:
    do(window, "crystals.export")
    window.findChild(ExportDialog).export.click()
    runner.fail("The disk is full. Make room and export again.")
    assert window.banner.text == "The disk is full. Make room and export again."


def test_that_a_cif_is_copied_and_its_file_is_gone(window, runner, branch) -> None:
    do(window, "crystals.copy_cif")
    job = runner.last_job
    assert job.file_format is FileFormat.CIF
    job.out.write_text("data_copied\n")
    runner.finish((job.out,))
    assert QGuiApplication.clipboard().text() == "data_copied\n"
    assert not job.out.parent.exists()


def test_that_a_cif_that_was_not_written_is_told(window, runner, branch) -> None:
    do(window, "crystals.copy_cif")
    job = runner.last_job
    runner.finish((job.out,))
    assert "could not be read back" in window.banner.text
    assert not job.out.parent.exists()


def test_that_a_report_is_written_by_its_ending_and_can_be_opened(window, runner, state, branch, tmp_path) -> None:
    do(window, "branch.report")
    dialog = window.findChild(TargetDialog)
    dialog.file.line.setText(str(tmp_path / "mine.html"))
    dialog.buttons.accepted.emit()
    assert runner.last_job == ReportJob(state.path, branch[1].id, tmp_path / "mine.html")
    runner.finish(tmp_path / "mine.html")
    assert window.exchange().note.open.isVisible()


def test_that_a_bundle_is_saved(window, runner, state, tmp_path: Path) -> None:
    do(window, "bundle.save")
    dialog = window.findChild(TargetDialog)
    dialog.file.line.setText(str(tmp_path / "all.zip"))
    dialog.buttons.accepted.emit()
    assert runner.last_job == BundleJob(state.path, tmp_path / "all.zip")
    runner.finish(tmp_path / "all.zip")
    assert "all.zip" in window.exchange().note.label.text()


def test_that_a_dropped_bundle_is_merged_and_the_number_of_new_nodes_told(
    window, runner, state, node_of, tmp_path: Path
) -> None:
    drop(window, mime_of(tmp_path / "all.zip"))
    window.findChild(BundleQuestion).merge.click()
    assert runner.last_job == UnbundleJob(state.path, tmp_path / "all.zip")
    node = node_of("an oxide")
    runner.finish((node.id,))
    assert "1 new node" in window.status.currentMessage()
    assert state.current.id == node.id
    window.exchange().bundling.merge(tmp_path / "all.zip")
    runner.finish(())
    assert "nothing new" in window.status.currentMessage()


def test_that_a_bundle_becomes_a_project_of_its_own(window, runner, opened, monkeypatch, tmp_path: Path) -> None:
    own = tmp_path / "own.cstudio"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(own), ""))
    drop(window, mime_of(tmp_path / "all.zip"))
    window.findChild(BundleQuestion).open_own.click()
    assert runner.last_job == UnbundleJob(own, tmp_path / "all.zip")
    assert opened == []
    runner.finish(("a",))
    assert opened == [own]
    own.write_text("")
    window.exchange().bundling.open_as_project(tmp_path / "all.zip")
    assert "is there already" in window.banner.text


def test_that_a_dropped_project_is_opened_once_that_is_wanted(window, opened, tmp_path: Path) -> None:
    drop(window, mime_of(tmp_path / "other.cstudio"))
    question = next(one for one in window.findChildren(QMessageBox) if one.objectName() == "open_project")
    assert opened == []
    next(button for button in question.buttons() if button.text() == "&Open it").click()
    assert opened == [tmp_path / "other.cstudio"]


def test_that_provenance_is_copied_as_json_with_the_whole_path(window, branch) -> None:
    do(window, "node.provenance")
    copied = json.loads(QGuiApplication.clipboard().text())
    assert [one["node"] for one in copied["rounds"]] == [branch[0].id, branch[1].id]
