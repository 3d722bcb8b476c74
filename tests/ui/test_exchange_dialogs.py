"""The dialogs of import, export and bundles: bad input has its message beside the field."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QMessageBox

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.exported import FileFormat
from crystal_studio.domain.imported import Imported, ReadFile, RefusedFile, SharedSite
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.replayed import Replayed, Verdict
from crystal_studio.services.jobs import ReplayJob
from crystal_studio.ui.exchange.bundle_question import BundleQuestion
from crystal_studio.ui.exchange.ending_note import EndingNote
from crystal_studio.ui.exchange.export_dialog import ExportDialog, Scope
from crystal_studio.ui.exchange.format_words import FORMATS
from crystal_studio.ui.exchange.read_dialog import ReadDialog
from crystal_studio.ui.exchange.replay_view import ReplayView
from crystal_studio.ui.exchange.target_dialog import TargetDialog
from crystal_studio.ui.exchange.viewing_strip import ViewingStrip

ROCK_SALT = Crystal(np.eye(3) * 4, ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
CLEAN = ReadFile("salt.cif", ROCK_SALT, (), "pymatgen", (), ())
MIXED = ReadFile("mixed.cif", ROCK_SALT, (SharedSite(0, {"Na": 0.5, "K": 0.4}),), "pymatgen", (), ())
REFUSED = RefusedFile("bomb <b>.cif", "It has 1,000,000 atoms. Give at most 1,000.")


def answer(text: str) -> None:
    """Press a button of the question that comes next."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(button for button in box.buttons() if button.text() == text).click()

    QTimer.singleShot(0, press)


# Export


def outline(number: int) -> NodeOutline:
    return NodeOutline(
        f"{number:032x}", None, 1, "", "NaCl", 225, None, None, True, 0.1, 7, "noise", "model", "", "2026-01-01"
    )


@pytest.fixture
def dialog(qtbot, tmp_path: Path) -> ExportDialog:
    """Export of one node, or of three."""
    ids = tuple(outline(number).id for number in range(3))
    outlines = {one: (outline(number), Mark()) for number, one in enumerate(ids)}
    made = ExportDialog(
        tmp_path / "design.cstudio",
        [Scope("one", ids[:1]), Scope("branch", ids)],
        lambda wanted: [outlines[one] for one in wanted],
        tmp_path,
    )
    qtbot.addWidget(made)
    made.show()
    return made


def choose(dialog: ExportDialog, file_format: FileFormat, scope: int = 0) -> None:
    dialog.what.setCurrentIndex(scope)
    dialog.format.setCurrentIndex(dialog.format.findData(file_format.value))


def chosen(dialog: ExportDialog, qtbot):
    with qtbot.waitSignal(dialog.chosen) as signal:
        dialog.export.click()
    return signal.args[0]


def test_that_every_format_is_offered_with_a_sentence(dialog) -> None:
    assert set(FORMATS) == set(FileFormat)
    for file_format in FileFormat:
        choose(dialog, file_format)
        assert dialog.hint.text().endswith(".")
        assert dialog.file.text.endswith(file_format.ending)


def test_that_only_the_choices_of_a_format_are_shown(dialog) -> None:
    choose(dialog, FileFormat.CIF)
    assert not any(one.isVisible() for one in (dialog.tolerance, dialog.trajectory, dialog.together))
    dialog.conventional.setChecked(True)
    assert dialog.tolerance.isVisible()
    dialog.conventional.setChecked(False)
    choose(dialog, FileFormat.CIF_SYMMETRIZED)
    assert dialog.tolerance.isVisible()
    choose(dialog, FileFormat.EXTXYZ)
    assert dialog.trajectory.isVisible()
    assert not dialog.tolerance.isVisible()


def test_that_one_node_goes_into_the_file_that_is_named(dialog, qtbot, tmp_path: Path) -> None:
    choose(dialog, FileFormat.CIF_SYMMETRIZED)
    dialog.file.line.setText(str(tmp_path / "mine.cif"))
    dialog.tolerance.set_value(0.05)
    dialog.conventional.setChecked(True)
    job = chosen(dialog, qtbot)
    assert (job.out, job.symprec_angstrom, job.conventional) == (tmp_path / "mine.cif", 0.05, True)
    assert len(job.nodes) == 1


def test_that_a_choice_of_another_format_is_not_taken_along(dialog, qtbot) -> None:
    choose(dialog, FileFormat.EXTXYZ)
    dialog.trajectory.setChecked(True)
    choose(dialog, FileFormat.POSCAR)
    assert not chosen(dialog, qtbot).with_trajectory


def test_that_many_nodes_go_into_a_folder_under_names_that_are_shown_first(dialog, qtbot, tmp_path: Path) -> None:
    choose(dialog, FileFormat.POSCAR, scope=1)
    dialog.pattern.line.setText("{number}-{formula}")
    shown = dialog.preview.text().splitlines()
    assert len(shown) == 3
    assert all(name.endswith(".vasp") for name in shown)
    job = chosen(dialog, qtbot)
    assert job.out == tmp_path
    assert job.pattern == "{number}-{formula}"
    assert len(job.nodes) == 3


def test_that_many_nodes_can_go_into_one_file_where_the_format_holds_them(dialog, qtbot) -> None:
    choose(dialog, FileFormat.ASE, scope=1)
    assert dialog.file.isVisible()
    assert not dialog.pattern.isVisible()
    choose(dialog, FileFormat.CIF, scope=1)
    assert not dialog.file.isVisible()
    dialog.together.setChecked(True)
    assert dialog.file.isVisible()
    assert chosen(dialog, qtbot).out.suffix == ".cif"


@pytest.mark.parametrize(
    ("pattern", "why"),
    [("", "names no file"), ("{colour}", "{colour}"), ("{formula", "brace"), ("a/b", "names no file")],
)
def test_that_a_bad_pattern_is_told_beside_the_field(dialog, pattern: str, why: str) -> None:
    choose(dialog, FileFormat.CIF, scope=1)
    dialog.pattern.line.setText(pattern)
    assert why in dialog.pattern.message.text()
    assert not dialog.export.isEnabled()


def test_that_a_bad_folder_file_or_tolerance_is_told_beside_the_field(dialog, tmp_path: Path) -> None:
    choose(dialog, FileFormat.CIF_SYMMETRIZED)
    for wrong, why in (("", "Name a file"), (str(tmp_path), "folder"), (str(tmp_path / "no" / "a.cif"), "not exist")):
        dialog.file.line.setText(wrong)
        assert why in dialog.file.message.text()
        assert not dialog.export.isEnabled()
    dialog.file.line.setText(str(tmp_path / "a.cif"))
    assert dialog.export.isEnabled()
    dialog.tolerance.edit.setText("5")
    dialog.tolerance.edit.textEdited.emit("5")
    assert dialog.tolerance.message.text()
    assert not dialog.export.isEnabled()
    choose(dialog, FileFormat.CIF, scope=1)
    dialog.folder.line.setText("a folder")
    assert "whole path" in dialog.folder.message.text()
    assert not dialog.export.isEnabled()


def test_that_files_that_are_there_are_replaced_only_when_that_is_wanted(dialog, qtbot, tmp_path: Path) -> None:
    choose(dialog, FileFormat.CIF)
    there = tmp_path / "there.cif"
    there.write_text("mine")
    dialog.file.line.setText(str(there))
    answer("&Keep")
    dialog.export.click()
    assert dialog.isVisible()
    answer("&Replace")
    job = chosen(dialog, qtbot)
    assert (job.out, job.overwrite) == (there, True)
    assert there.read_text() == "mine"


# Reports and bundles


@pytest.fixture
def target(qtbot, tmp_path: Path) -> TargetDialog:
    made = TargetDialog("Report", "A report.", tmp_path / "a.pdf", (".html", ".pdf"), "PDF (*.pdf)")
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize(
    ("name", "why"),
    [("", "Name a file"), ("a.docx", ".html or .pdf"), ("none/a.pdf", "not exist"), ("\0.pdf", "character")],
)
def test_that_a_bad_target_is_told_beside_the_field(target, tmp_path: Path, name: str, why: str) -> None:
    target.file.line.setText(f"{tmp_path}/{name}" if name else "")
    assert why in target.file.message.text()
    assert not target.buttons.button(QDialogButtonBox.StandardButton.Save).isEnabled()


def test_that_a_target_is_handed_over_once(target, qtbot, tmp_path: Path) -> None:
    with qtbot.waitSignal(target.chosen) as signal:
        target.buttons.accepted.emit()
    assert signal.args == [tmp_path / "a.pdf"]
    assert target.isHidden()


def test_that_a_bundle_is_merged_or_opened_as_asked(qtbot) -> None:
    question = BundleQuestion(Path("/a/b.zip"), Path("/c/d.cstudio"), True)
    qtbot.addWidget(question)
    question.open()
    with qtbot.waitSignal(question.merge_wanted):
        question.merge.click()
    question.open()
    with qtbot.waitSignal(question.project_wanted):
        question.open_own.click()


def test_that_nothing_is_merged_into_a_project_that_is_only_read(qtbot) -> None:
    question = BundleQuestion(Path("/a/b.zip"), Path("/c/d.cstudio"), False)
    qtbot.addWidget(question)
    assert not question.merge.isEnabled()
    assert question.open_own.isEnabled()


def test_that_the_way_to_what_was_written_is_offered(qtbot, monkeypatch, tmp_path: Path) -> None:
    went: list[Path] = []
    monkeypatch.setattr("crystal_studio.ui.exchange.ending_note.show_place", went.append)
    note = EndingNote()
    qtbot.addWidget(note)
    note.tell("Report written: a.pdf", tmp_path / "a.pdf", may_open=True)
    note.open.click()
    note.folder.click()
    assert went == [tmp_path / "a.pdf", tmp_path]
    note.dismiss.click()
    assert note.isHidden()
    note.tell("Written: b.cif", tmp_path / "b.cif")
    assert note.open.isHidden()


# What was read


@pytest.fixture
def read(qtbot) -> ReadDialog:
    made = ReadDialog(Imported(("node",), (CLEAN, MIXED), (REFUSED,)))
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_each_file_is_described_and_can_be_gone_to(read, qtbot) -> None:
    assert REFUSED.reason in read.text.toPlainText()
    assert not read.view.isVisible()
    assert not read.show_node.isVisible()
    read.list.setCurrentRow(1)
    assert "0.50 Na, 0.40 K, 0.10 empty" in read.text.toPlainText()
    with qtbot.waitSignal(read.view_asked) as viewed:
        read.view.click()
    assert viewed.args == [MIXED]
    read.list.setCurrentRow(2)
    assert not read.view.isVisible()
    with qtbot.waitSignal(read.node_asked) as gone:
        read.show_node.click()
    assert gone.args == ["node"]


def test_that_all_of_it_can_be_copied(read) -> None:
    read.copy.click()
    copied = QGuiApplication.clipboard().text()
    assert "1 crystal was imported, 1 is for viewing only, 1 was refused." in copied
    assert "bomb <b>.cif" in copied
    assert REFUSED.reason in copied


def test_that_a_disordered_crystal_is_viewed_under_a_line_that_says_so(qtbot, state, new_node) -> None:
    node = new_node("a cubic oxide")
    state.set_current(node.id)
    strip = ViewingStrip(state)
    qtbot.addWidget(strip)
    strip.view(MIXED)
    assert state.crystal is ROCK_SALT
    assert state.current.id == node.id
    assert "for viewing only" in strip.label.text()
    assert "0.50 Na, 0.40 K, 0.10 empty" in strip.label.text()
    strip.back.click()
    assert state.crystal is node.crystal
    assert strip.isHidden()
    strip.view(MIXED)
    state.set_current(node.id)
    assert strip.isHidden()


# Running again


@pytest.fixture
def replay(qtbot, state, runner, new_node) -> ReplayView:
    state.set_current(new_node("a cubic oxide").id)
    made = ReplayView(state, runner)
    qtbot.addWidget(made)
    made.show()
    return made


def test_that_a_verdict_stands_beside_its_node_and_no_other(replay, state, runner, new_node) -> None:
    node = state.current
    replay.again.click()
    assert runner.of(ReplayJob) == [ReplayJob(state.path, node.id)]
    replay.run_again()
    assert len(runner.of(ReplayJob)) == 1
    other = new_node("an oxide of titanium")
    state.set_current(other.id)
    runner.finish(Replayed(node.id, Verdict.DIFFERENT, "", {}, ("The denoiser is another one.",), 3.0))
    assert replay.text.text() == ""
    state.set_current(node.id)
    assert "The denoiser is another one." in replay.text.text()
    assert replay.sign.accessibleName() == "failed"


def test_that_a_replay_that_fails_or_is_stopped_says_so(replay, runner) -> None:
    replay.again.click()
    runner.progress("sampling", 0.5)
    assert "50 %" in replay.text.text()
    replay.stop.click()
    assert runner.stopped == [runner.last]
    runner.end_cancelled()
    assert replay.text.text() == ""
    assert replay.again.isEnabled()
    replay.again.click()
    runner.fail("Its denoiser is not installed.")
    assert "Its denoiser is not installed." in replay.text.text()
    assert replay.again.isEnabled()
