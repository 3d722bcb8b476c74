"""The branch as a table and plots, all nodes as points, and what a round has changed."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest
from compared import CUBIC, comparison, gap
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Direction, Goal, Quantity
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.services.jobs import CompareJob
from crystal_studio.ui import theme
from crystal_studio.ui.compare import node_points
from crystal_studio.ui.compare.branch_panel import BranchPanel
from crystal_studio.ui.compare.changes_panel import ChangesPanel
from crystal_studio.ui.compare.numbers import ALIGNMENT, GAP, HULL, PROPERTIES, VOLUME
from crystal_studio.ui.compare.path_plots import goal_bands
from crystal_studio.ui.panels.plot_starter import PlotStarter


@pytest.fixture
def add(state, store, node_of):
    """A function that commits a node with a gap below another and takes it into the session."""
    count = 0

    def commit(gap_ev: float | None, parent: Node | None = None, edge: float = 3.9, **fields) -> Node:
        nonlocal count
        count += 1
        crystal = Crystal(CUBIC.lattice * edge / 3.9, CUBIC.species, CUBIC.frac_coords)
        band_gap = None if gap_ev is None else gap(gap_ev, max(0.0, gap_ev - 0.6), gap_ev + 0.8)
        drawn = node_of("a cubic oxide" if parent is None else "wider band gap", parent)
        made = replace(
            drawn, id=f"{count:032x}",
            crystal=crystal, space_group=SpaceGroup(221, 0.1), band_gap=band_gap, **fields,
        )  # fmt: skip
        store.commit(made)
        store.hide([drawn.id])  # only the remade one is looked at
        state.add(made)
        return made

    return commit


@pytest.fixture
def panel(qtbot, state, runner):
    made = BranchPanel(state, runner)
    qtbot.addWidget(made)
    made.resize(860, 270)
    yield made
    made.close_panel()


@pytest.fixture
def changes(qtbot, state, runner):
    made = ChangesPanel(state, runner)
    qtbot.addWidget(made)
    made.resize(860, 270)
    yield made
    made.close_panel()


def current(qtbot, panel, state, node: Node) -> None:
    panel.show()
    state.set_current(node.id)
    qtbot.waitUntil(lambda: panel.reader.waiting == 0 and node.id in panel.reader.found)
    qtbot.wait(120)


def column(panel, number: int) -> list[str]:
    rows = panel.table.rows
    return [rows.text(line, number) for line in range(rows.rowCount())]


def points_of(plot) -> list:
    import pyqtgraph

    items = [item for item in plot.plotItem.items if isinstance(item, pyqtgraph.ScatterPlotItem)]
    return sorted((spot for item in items for spot in item.points()), key=lambda spot: spot.pos().x())


def test_that_the_table_has_every_round_with_its_numbers(qtbot, panel, state, add) -> None:
    root = add(1.5, alignment=0.4)
    child = add(2.5, root, edge=4.0, alignment=0.6)
    current(qtbot, panel, state, child)
    assert column(panel, 0) == ["1", "2"]
    assert column(panel, 1) == ["", "★"]
    assert column(panel, 2) == ["SrTiO₃", "SrTiO₃"]
    assert column(panel, 4) == ["1.50", "2.50"]
    assert column(panel, 5) == ["0.90 to 2.30", "1.90 to 3.30"]
    assert column(panel, 7) == ["0.40", "0.60"]
    assert column(panel, 8) == ["11.86", "12.80"]
    assert column(panel, 9) == ["0.10", "0.10"]


def test_that_an_earlier_round_is_shown_on_enter_and_the_branch_stays(qtbot, panel, state, add) -> None:
    root = add(1.5)
    current(qtbot, panel, state, add(2.5, root))
    panel.table.view.opened.emit(0)
    qtbot.wait(80)
    assert state.current.id == root.id
    assert column(panel, 1) == ["★", ""]


def test_that_chosen_rows_are_compared_if_there_are_two_to_four(qtbot, panel, state, add) -> None:
    node = None
    ids = []
    for number in range(5):
        node = add(1.0 + number, node)
        ids.append(node.id)
    current(qtbot, panel, state, node)
    assert not panel.table.compare.isEnabled()
    panel.table.view.select_rows([1, 3])
    panel.table.view.picked.emit((1, 3))
    with qtbot.waitSignal(panel.compare_asked) as asked:
        panel.table.compare.click()
    assert asked.args == [[ids[1], ids[3]]]
    panel.table.view.selectAll()
    assert not panel.table.compare.isEnabled()


def test_that_the_plots_show_gap_alignment_volume_and_hull_with_the_goal_as_a_band(qtbot, panel, state, add) -> None:
    import pyqtgraph

    goals = (Goal(Quantity.BAND_GAP, Direction.NEAR, 3.0),)
    root = add(1.5, alignment=0.4)
    child = add(2.5, root, edge=4.0, alignment=0.6, intent=replace(root.intent, goals=goals))
    panel.views.setCurrentIndex(1)
    current(qtbot, panel, state, child)
    qtbot.waitUntil(lambda: len(panel.path.plots) == 4)
    qtbot.wait(100)
    gaps, alignments, volumes, _ = panel.path.plots
    assert [spot.pos().y() for spot in points_of(gaps)] == [1.5, 2.5]
    assert [spot.pos().y() for spot in points_of(alignments)] == [0.4, 0.6]
    assert [spot.pos().y() for spot in points_of(volumes)] == pytest.approx([3.9**3 / 5, 4.0**3 / 5])
    assert [spot.symbol() for spot in points_of(gaps)] == ["o", "star"]
    bands = [item for item in gaps.plotItem.items if isinstance(item, pyqtgraph.LinearRegionItem)]
    assert [item.getRegion() for item in bands] == [(2.5, 3.5)]
    low, high = gaps.viewRange()[1]
    assert low < min(0.9, 2.5), "intervals and goal are in sight"
    assert high > max(3.3, 3.5)
    with qtbot.waitSignal(panel.path.opened) as opened:
        points = next(item for item in gaps.plotItem.items if isinstance(item, pyqtgraph.ScatterPlotItem))
        points.sigClicked.emit(points, points.points()[:1], None)
    assert opened.args == [root.id]


def test_that_goals_without_a_target_make_no_band() -> None:
    goals = [
        Goal(Quantity.VOLUME, Direction.AT_LEAST, 12.0),
        Goal(Quantity.VOLUME, Direction.AT_MOST, 14.0),
        Goal(Quantity.VOLUME, Direction.HIGHER),
    ]
    assert goal_bands(goals) == [(12.0, None), (None, 14.0)]


def shown_points(qtbot, panel, state, node: Node) -> None:
    panel.views.setCurrentIndex(2)
    current(qtbot, panel, state, node)
    qtbot.waitUntil(lambda: panel.points.plot is not None and panel.points._is_read)
    qtbot.waitUntil(lambda: panel.reader.waiting == 0)
    qtbot.wait(120)


def hull_of(node: Node, value: float) -> dict:
    return {"e_above_hull": replace(gap(1, 0, 2), value=value, unit="eV/atom", low=None, high=None)}


def test_that_all_nodes_are_points_and_the_pareto_front_is_marked_and_listed(qtbot, panel, state, add) -> None:
    root = add(1.0)
    best = add(3.0, **hull_of(root, 0.01))
    also = add(4.0, **hull_of(root, 0.10))
    beaten = add(2.0, **hull_of(root, 0.05))
    shown_points(qtbot, panel, state, beaten)
    names = [node_points.PROPERTIES[box.currentIndex()].name for box in panel.points.axes]
    assert names == [HULL.name, GAP.name]
    assert [box.currentText() for box in panel.points.ways] == ["lower is better", "higher is better"]
    front = {panel.points._front_ids[row] for row in range(panel.points.rows.rowCount())}
    assert {best.id, also.id} <= front
    assert beaten.id not in front
    assert panel.points.note.text() == "4 of 4 nodes are drawn."
    with qtbot.waitSignal(panel.points.opened) as opened:
        panel.points.table.opened.emit(0)
    assert opened.args[0] in front


def test_that_the_other_direction_turns_the_front_round(qtbot, panel, state, add) -> None:
    low, high = add(0.5, edge=3.9, **hull_of(None, 0.2)), add(4.5, edge=3.9, **hull_of(None, 0.0))
    shown_points(qtbot, panel, state, low)
    for box in panel.points.ways:
        box.setCurrentIndex(1 - box.currentIndex())
    assert low.id in panel.points._front_ids
    assert high.id not in panel.points._front_ids


def test_that_alignment_and_volume_are_read_from_the_nodes_when_they_are_chosen(qtbot, panel, state, add) -> None:
    nodes = [add(1.0 + n, alignment=0.1 * n, edge=3.9 + 0.1 * n) for n in range(4)]
    shown_points(qtbot, panel, state, nodes[0])
    panel.points.axes[0].setCurrentIndex(PROPERTIES.index(ALIGNMENT))
    panel.points.axes[1].setCurrentIndex(PROPERTIES.index(VOLUME))
    qtbot.waitUntil(lambda: panel.reader.waiting == 0 and not panel.points.unread())
    qtbot.wait(120)
    drawn = {(round(spot.pos().x(), 6), round(spot.pos().y(), 6)) for spot in points_of(panel.points.plot)}
    wanted = {(round(0.1 * n, 6), round((3.9 + 0.1 * n) ** 3 / 5, 6)) for n in range(4)}
    assert wanted <= drawn


def test_that_it_is_said_when_there_are_more_nodes_than_are_drawn(qtbot, panel, state, add, monkeypatch) -> None:
    monkeypatch.setattr(node_points, "MOST_POINTS", 3)
    nodes = [add(1.0 + n) for n in range(5)]
    shown_points(qtbot, panel, state, nodes[-1])
    assert "Only the newest 3 were looked at." in panel.points.note.text()


def test_that_a_new_node_appears_among_the_points(qtbot, panel, state, add) -> None:
    first = add(1.0)
    shown_points(qtbot, panel, state, first)
    before = panel.points._total
    second = add(2.0)
    qtbot.waitUntil(lambda: panel.points._is_read and panel.points._total > before)
    assert second.id in [one.id for one in panel.points._outlines]


def test_that_the_panel_is_readable_in_dark_colours(qtbot, qapp, panel, state, add) -> None:
    shown_points(qtbot, panel, state, add(1.0))
    theme.switch.use(qapp, theme.Mode.DARK)
    qtbot.wait(120)
    assert panel.points.plot.backgroundBrush().color().name() == theme.DARK.surface


def test_that_a_root_has_no_changes_and_asks_nothing(qtbot, changes, state, add, runner) -> None:
    changes.show()
    state.set_current(add(1.5).id)
    qtbot.waitUntil(lambda: "begins its branch" in changes.line.text())
    assert changes.table.isHidden()
    assert runner.of(CompareJob) == []


def test_that_changes_against_the_parent_stand_there_at_once_and_the_engine_adds_its_own(
    qtbot, changes, state, add, runner
) -> None:
    root = add(1.5)
    child = add(2.5, root, edge=4.0)
    changes.show()
    state.set_current(child.id)
    qtbot.waitUntil(lambda: bool(runner.of(CompareJob)))
    assert changes.line.text() == "Against its parent: volume +7.9 % · gap +1.00 eV"
    assert [(job.first, job.second) for job in runner.of(CompareJob)] == [(root.id, child.id)]
    runner.finish(comparison(root, child))
    lines = {changes.table.item(i, 0).text(): changes.table.item(i, 3).text() for i in range(changes.table.rowCount())}
    assert lines["a"] == "+2.56 %"
    assert lines["Volume per atom"] == "+7.89 %"
    with qtbot.waitSignal(changes.compare_asked) as asked:
        changes.beside.click()
    assert asked.args == [[root.id, child.id]]
    changes.copy_csv.click()
    assert "a,3.900 Å,4.000 Å,+2.56 %" in QGuiApplication.clipboard().text()


def test_that_the_engine_is_not_asked_while_the_panel_is_hidden(qtbot, changes, state, add, runner) -> None:
    root = add(1.5)
    state.set_current(add(2.5, root).id)
    qtbot.wait(150)
    assert runner.of(CompareJob) == []
    changes.show()
    qtbot.waitUntil(lambda: len(runner.of(CompareJob)) == 1)


def test_that_an_answer_about_an_earlier_node_is_not_shown(qtbot, changes, state, add, runner) -> None:
    root = add(1.5)
    first, second = add(2.5, root, edge=4.0), add(3.5, root, edge=4.1)
    changes.show()
    state.set_current(first.id)
    qtbot.waitUntil(lambda: len(runner.of(CompareJob)) == 1)
    late = runner.last
    state.set_current(second.id)
    qtbot.waitUntil(lambda: len(runner.of(CompareJob)) == 2)
    runner.finish(comparison(root, first), late)
    cells = [changes.table.item(i, 3).text() for i in range(changes.table.rowCount())]
    assert "…" in cells
    assert "+2.56 %" not in cells


def test_that_neither_panel_imports_plots_or_vtk_before_it_is_seen() -> None:
    script = (
        "import sys; import crystal_studio.ui.compare.branch_panel, crystal_studio.ui.compare.changes_panel, "
        "crystal_studio.ui.compare.comparing; "
        "sys.exit(', '.join({'pyqtgraph', 'vtkmodules', 'pymatgen', 'sqlalchemy'} & sys.modules.keys()) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr


def test_that_plots_are_loaded_only_when_their_view_is_chosen(qtbot, panel, state, add, monkeypatch) -> None:
    started: list[bool] = []
    monkeypatch.setattr(PlotStarter, "start", lambda _self: started.append(True))
    current(qtbot, panel, state, add(1.0))
    assert started == []
    panel.views.tabBar().setFocus()
    panel.views.setCurrentIndex(1)
    qtbot.waitUntil(lambda: bool(started))
    assert panel.views.tabBar().focusPolicy() & Qt.FocusPolicy.TabFocus
