"""Nodes side by side: the tables, the overlay, what is asked of the engine, and how nodes get there."""

from __future__ import annotations

import csv
import io

import pytest
from compared import CUBIC, FERROELECTRIC, comparison, gap, remade, unmatched
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.scene import directions
from crystal_studio.scene.drawable import Style
from crystal_studio.services.jobs import CompareJob
from crystal_studio.ui.compare import words
from crystal_studio.ui.compare.compare_window import CompareWindow
from crystal_studio.ui.compare.comparing import Comparing
from crystal_studio.ui.compare.node_chooser import NodeChooser


@pytest.fixture
def pair(store, node_of) -> tuple[Node, Node]:
    """A cubic perovskite and the ferroelectric that answers it."""
    first = remade(store, node_of("SrTiO3 with a wider gap"), CUBIC, 221, gap(1.9, 1.2, 2.6))
    answer = node_of("wider band gap", first)
    return first, remade(store, answer, FERROELECTRIC, 99, gap(2.4, 2.1, 3.0))


@pytest.fixture
def others(store, node_of) -> list[Node]:
    return [remade(store, node_of(f"a cubic oxide, number {n}"), CUBIC, 221) for n in range(3)]


@pytest.fixture
def window(qtbot, pair, state, runner):
    made = CompareWindow(state, runner)
    qtbot.addWidget(made)
    return made


def compared(qtbot, window, runner, *nodes: Node) -> None:
    """Compare, wait until the pictures are there, and answer every question."""
    window.compare([one.id for one in nodes])
    qtbot.waitUntil(lambda: len(window.gallery.panes) == len(nodes))
    qtbot.waitUntil(lambda: len(runner.of(CompareJob)) >= len(nodes) - 1)
    by_id = {one.id: one for one in nodes}
    for job_id, job in list(runner.jobs.items()):
        if isinstance(job, CompareJob) and {job.first, job.second} <= by_id.keys():
            runner.finish(comparison(by_id[job.first], by_id[job.second]), job_id)


def cells(window) -> dict[str, list[str]]:
    """Name of a line of the summary -> its cells."""
    table = window.findings.summary
    rows = [[table.item(i, j).text() for j in range(table.columnCount())] for i in range(table.rowCount())]
    return {row[0]: row[1:] for row in rows}


def test_that_what_the_nodes_know_stands_there_before_the_engine_has_answered(qtbot, window, pair, runner) -> None:
    window.compare([one.id for one in pair])
    lines = cells(window)
    assert lines["Formula"] == ["SrTiO₃", "BaTiO₃", "changed"]
    assert lines["Space group"][:2] == ["Pm-3m (221), cubic", "P4mm (99), tetragonal"]
    assert lines["Band gap"] == ["1.90 eV (1.20 to 2.60)", "2.40 eV (2.10 to 3.00)", "+0.50 eV; 95 % intervals overlap"]
    assert lines["a"] == ["", "", "…"]
    assert not window.news.isHidden()
    qtbot.waitUntil(lambda: runner.of(CompareJob) == [CompareJob(window._state.path, pair[0].id, pair[1].id)])


def test_that_the_answer_of_the_engine_fills_lattice_displacements_coordination_and_bonds(
    qtbot, window, pair, runner
) -> None:
    compared(qtbot, window, runner, *pair)
    lines = cells(window)
    assert lines["a"] == ["3.900 Å", "3.990 Å", "+2.31 %"]
    assert lines["γ"] == ["90.00°", "90.00°", "0.00°"]
    assert lines["Structure"][-1] == "the same framework with other elements"
    assert lines["RMS displacement"][-1] == "0.089 Å"
    assert lines["Largest displacement"][-1] == "0.200 Å"
    assert lines["Neighbours of Sr → Ba"] == ["12.0", "12.0", "0.0"]
    assert lines["Neighbours of Ti"] == ["6.0", "5.0", "−1.0"]
    rows = window.findings.bond_rows
    assert [rows.text(i, 0) for i in range(rows.rowCount())] == ["Sr–O → Ba–O", "Ti–O"]
    assert rows.text(1, 3) == "+2.05"
    assert window.news.isHidden()


def test_that_displacements_are_sorted_by_their_length(qtbot, window, pair, runner) -> None:
    compared(qtbot, window, runner, *pair)
    rows = window.findings.site_rows
    assert [rows.text(0, j) for j in range(3)] == ["Sr1", "Ba1", "0.000"]
    window.findings.sites.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert [rows.text(0, j) for j in range(6)] == ["Ti2", "Ti2", "0.200", "0.000", "0.000", "0.200"]


def test_that_intervals_that_do_not_meet_are_said_not_to_overlap() -> None:
    apart = words.measured_change(gap(1.0, 0.5, 1.5), gap(3.0, 2.0, 4.0))
    assert apart == "+2.00 eV; 95 % intervals do not overlap"
    assert words.measured_change(None, gap(3.0, 2.0, 4.0)) == "–"


def test_that_an_overlay_shows_the_second_in_the_frame_of_the_first_with_arrows(qtbot, window, pair, runner) -> None:
    window.compare([one.id for one in pair])
    assert not window.bar.over.isEnabled(), "there is nothing to lay over before the engine has answered"
    compared(qtbot, window, runner, *pair)
    assert window.bar.over.isEnabled()
    window.bar.over.click()
    qtbot.waitUntil(lambda: len(window.gallery.panes) == 1)
    scene = window.gallery.panes[0].exhibit.scene
    assert len(scene.arrows.triangles_T33) > 0
    assert window.bar.times.currentText() == "× 5"
    assert "0.200 Å, drawn 5 times as long" in window.gallery.panes[0].facts.text()
    length = len(scene.arrows.triangles_T33)
    window.bar.times.setCurrentIndex(0)
    qtbot.waitUntil(lambda: "times as long" not in window.gallery.panes[0].facts.text())
    shorter = window.gallery.panes[0].exhibit.scene.arrows.triangles_T33
    assert len(shorter) == length
    assert abs(shorter).max() < abs(scene.arrows.triangles_T33).max()
    window.bar.beside.click()
    qtbot.waitUntil(lambda: len(window.gallery.panes) == 2)


def test_that_without_a_match_the_reason_is_said_and_no_overlay_is_offered(qtbot, window, pair, runner) -> None:
    window.compare([one.id for one in pair])
    qtbot.waitUntil(lambda: bool(runner.of(CompareJob)))
    runner.finish(unmatched(*pair, "The two have different compositions."))
    assert not window.bar.over.isEnabled()
    assert window.bar.over.toolTip() == "The two have different compositions."
    assert cells(window)["RMS displacement"][-1] == "The two have different compositions."
    assert window.findings.sites_hint.text() == "The two have different compositions."


def test_that_a_failure_is_said_and_can_be_tried_again(qtbot, window, pair, runner) -> None:
    window.show()
    window.compare([one.id for one in pair])
    qtbot.waitUntil(lambda: bool(runner.of(CompareJob)))
    runner.fail("The science engine ended.")
    assert window.news.label.text() == "The science engine ended."
    assert cells(window)["a"][-1] == "The science engine ended."
    window.news.retry.click()
    qtbot.waitUntil(lambda: len(runner.of(CompareJob)) == 2)
    runner.finish(comparison(*pair))
    assert cells(window)["a"][-1] == "+2.31 %"


def test_that_three_and_four_are_compared_against_the_first(qtbot, window, pair, others, runner) -> None:
    compared(qtbot, window, runner, *pair, *others[:2])
    jobs = runner.of(CompareJob)
    assert [(job.first, job.second) for job in jobs] == [(pair[0].id, one.id) for one in (pair[1], *others[:2])]
    assert window.findings.summary.columnCount() == 2 + 2 * 3
    assert not window.bar.add.isEnabled()
    assert window.findings.other.count() == 3
    window.findings.other.setCurrentIndex(1)
    assert window.findings.site_rows.text(0, 1) == "Sr1"
    with pytest.raises(UserCorrectable, match="two to four"):
        window.compare([one.id for one in (*pair, *others)])
    assert len(window.node_ids) == 4


def test_that_a_node_can_be_taken_out_and_the_first_be_another(qtbot, window, pair, others, runner) -> None:
    compared(qtbot, window, runner, *pair, others[0])
    window.gallery.panes[1].drop_button.click()
    qtbot.waitUntil(lambda: len(window.gallery.panes) == 2)
    assert window.node_ids == (pair[0].id, others[0].id)
    assert window.gallery.panes[0].drop_button.isHidden(), "two are the fewest"
    window.bar.swap.click()
    assert window.node_ids == (others[0].id, pair[0].id)


def test_that_the_same_question_is_not_asked_twice(qtbot, window, pair, runner) -> None:
    compared(qtbot, window, runner, *pair)
    window.compare([one.id for one in pair])
    qtbot.wait(120)
    assert len(runner.of(CompareJob)) == 1
    assert cells(window)["a"][-1] == "+2.31 %"


def test_that_titles_hold_formula_group_gap_and_name_and_follow_a_new_name(qtbot, window, pair, runner, state) -> None:
    state.set_mark(pair[0].id, Mark(name="<b>best</b>"))
    compared(qtbot, window, runner, *pair)
    assert window.gallery.panes[0].title.text() == "A  SrTiO₃ · Pm-3m · gap 1.90 eV · <b>best</b>"
    state.set_mark(pair[1].id, Mark(name="polar"))
    qtbot.waitUntil(lambda: window.gallery.panes[1].title.text().endswith("· polar"))


def test_that_all_pictures_turn_move_and_zoom_with_the_one_that_is_moved(qtbot, window, pair, runner) -> None:
    window.show()
    compared(qtbot, window, runner, *pair)
    first, second = (pane.canvas for pane in window.gallery.panes)
    before = second.camera
    first.setFocus()
    QTest.keyClick(first, Qt.Key.Key_Right)
    QTest.keyClick(first, Qt.Key.Key_Plus)
    assert abs(second.camera.rotation - before.rotation).max() > 0.05
    assert second.camera.half_height < before.half_height
    assert first.angstrom_per_pixel == pytest.approx(second.angstrom_per_pixel)
    window.gallery.view_along(directions.C)
    assert second.camera.rotation[2] == pytest.approx([0, 0, 1])
    QTest.mouseClick(window.bar.whole, Qt.MouseButton.LeftButton)
    assert first.angstrom_per_pixel == pytest.approx(second.angstrom_per_pixel)


def test_that_a_click_on_an_atom_marks_the_site_it_is_matched_with(qtbot, window, pair, runner) -> None:
    window.show()
    compared(qtbot, window, runner, *pair)
    window.gallery.view_along(directions.ViewDirection((3, 2, 1)))
    pane, other = window.gallery.panes
    spheres = pane.exhibit.scene.spheres
    titanium = int(next(i for i, site in enumerate(spheres.site_A) if site == 1))
    at, _, _ = pane.canvas.camera.projected(spheres.centers_A3[titanium], pane.canvas.pixels)
    QTest.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(*at[0].astype(int)))
    assert [len(one.canvas.overlay.marks) for one in (pane, other)] == [1, 1]
    assert other.canvas.overlay.marks[0].text == "0.200 Å"
    assert window.findings.sites.picked_rows() == (1,)
    QTest.keyClick(pane.canvas, Qt.Key.Key_Escape)
    assert [len(one.canvas.overlay.marks) for one in (pane, other)] == [0, 0]


def test_that_a_style_is_chosen_for_all_pictures(qtbot, window, pair, runner) -> None:
    compared(qtbot, window, runner, *pair)
    window.bar.style_box.setCurrentIndex(list(Style).index(Style.SPACE_FILLING))
    qtbot.waitUntil(lambda: all(not len(pane.exhibit.scene.sticks.starts_S3) for pane in window.gallery.panes))


def test_that_the_summary_is_copied_as_text_and_as_csv_with_plain_digits(qtbot, window, pair, runner) -> None:
    compared(qtbot, window, runner, *pair)
    window.findings.copy_csv.click()
    rows = list(csv.reader(io.StringIO(QGuiApplication.clipboard().text())))
    assert rows[0] == ["", "A SrTiO3", "B BaTiO3", "Change to B"]
    assert ["Neighbours of Ti", "6.0", "5.0", "-1.0"] in rows
    window.show()
    window.findings.summary.selectRow(1)
    window.findings.summary.setFocus()
    QTest.keyClick(window.findings.summary, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().split("\n")
    assert [line.split("\t")[0] for line in lines] == ["", "Space group"]
    window.findings.tabs.setCurrentIndex(1)
    window.findings.copy_csv.click()
    assert next(csv.reader(io.StringIO(QGuiApplication.clipboard().text()))) == [
        "Site", "Becomes", "Displacement (Å)", "x (Å)", "y (Å)", "z (Å)",
    ]  # fmt: skip


def test_that_closing_the_window_awaits_no_answer(qtbot, pair, state, runner) -> None:
    window = CompareWindow(state, runner)  # closing deletes it, so it is not for the bot to close
    window.compare([one.id for one in pair])
    qtbot.waitUntil(lambda: bool(runner.of(CompareJob)))
    job_id = runner.last
    with qtbot.waitSignal(window.closed):
        window.close()
    assert runner.stopped == [job_id]
    runner.finish(comparison(*pair), job_id)


@pytest.fixture
def comparing(qtbot, pair, others, state, runner):
    parent = QWidget()
    said: list[str] = []
    made = Comparing(state, runner, said.append, said.append, parent)
    made.said = said
    qtbot.addWidget(parent, before_close_func=lambda _: made.close_comparison())
    return made


def test_that_a_node_is_compared_with_its_parent(comparing, pair, state) -> None:
    state.set_current(pair[1].id)
    comparing.with_parent()
    assert comparing.window.node_ids == (pair[0].id, pair[1].id)
    comparing.close_comparison()
    comparing.compare([pair[1].id])
    assert comparing.window.node_ids == (pair[0].id, pair[1].id)
    with pytest.raises(UserCorrectable, match="no parent"):
        comparing.with_parent(pair[0].id)


def test_that_the_second_node_added_opens_the_comparison_and_a_fifth_is_refused(comparing, pair, others) -> None:
    comparing.add(pair[0].id)
    assert comparing.window is None
    assert "SrTiO₃ is kept" in comparing.said[-1]
    comparing.add(pair[0].id)
    assert comparing.window is None, "a node is not compared with itself"
    comparing.add(pair[1].id)
    assert len(comparing.window.node_ids) == 2
    comparing.add(others[0].id)
    comparing.add(others[1].id)
    with pytest.raises(UserCorrectable):
        comparing.add(others[2].id)
    assert len(comparing.window.node_ids) == 4


def test_that_a_node_is_chosen_by_words_and_the_ones_compared_are_not_offered(qtbot, pair, others, state) -> None:
    chooser = NodeChooser(state, "Compare with …", [pair[0].id])
    qtbot.addWidget(chooser)
    listed = {chooser.list.item(i).data(Qt.ItemDataRole.UserRole) for i in range(chooser.list.count())}
    assert pair[1].id in listed
    assert pair[0].id not in listed
    chooser.line.setText("cubic 2")
    with qtbot.waitSignal(chooser.chosen) as chosen:
        QTest.keyClick(chooser.line, Qt.Key.Key_Return)
    assert state.node(chosen.args[0]).message == "a cubic oxide, number 2"
    chooser.line.setText("no such words")
    chooser.find()
    assert chooser.note.text() == "No other node fits. Type fewer letters."


def test_that_a_further_node_is_chosen_from_the_comparison_and_a_first_pair_from_the_main_window(
    comparing, pair, others, state
) -> None:
    with pytest.raises(UserCorrectable, match="Show a node first"):
        comparing.choose()
    state.set_current(pair[0].id)
    comparing.choose()
    chooser = comparing.parent().findChild(NodeChooser)
    chooser.chosen.emit(pair[1].id)
    assert comparing.window.node_ids == (pair[0].id, pair[1].id)
    comparing.window.bar.add.click()
    comparing.window.findChild(NodeChooser).chosen.emit(others[0].id)
    assert comparing.window.node_ids == (pair[0].id, pair[1].id, others[0].id)


def test_that_without_opengl_the_pictures_say_so_and_the_tables_go_on(qtbot, window, pair, others, runner) -> None:
    compared(qtbot, window, runner, *pair)
    window.gallery._starter.failed.emit("no context")
    assert all("OpenGL" in pane.canvas.message for pane in window.gallery.panes)
    compared(qtbot, window, runner, *pair, others[0])
    assert "OpenGL" in window.gallery.panes[2].canvas.message
    assert cells(window)["a"][2] == "+2.31 %"


def test_that_the_window_fits_a_small_screen_with_text_twice_as_large(qtbot, qapp, window, pair, others) -> None:
    font = qapp.font()
    larger = qapp.font()
    larger.setPointSizeF(font.pointSizeF() * 2)
    qapp.setFont(larger)
    try:
        window.compare([one.id for one in (*pair, *others[:2])])
        window.show()
        qtbot.waitUntil(lambda: len(window.gallery.panes) == 4)
        least = window.minimumSizeHint()
    finally:
        qapp.setFont(font)
    assert least.width() <= 1280
    assert least.height() <= 800
