"""The contact sheet: what is asked for, what is shown as it is drawn, and how a cell becomes a node."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.measured import Measured
from crystal_studio.services.contact_sheet import RefusedCell, cells
from crystal_studio.services.jobs import SheetJob
from crystal_studio.ui.history.sheet_cells import SheetOrder
from crystal_studio.ui.history.sheet_model import CELL_ROLE, cell_lines
from crystal_studio.ui.history.sheet_panel import SheetPanel
from crystal_studio.ui.history.sheet_plan import SheetPlan, duration, estimate, read_strengths


@pytest.fixture
def panel(qtbot, state, runner):
    made = SheetPanel(state, runner)
    qtbot.addWidget(made)
    made.resize(900, 500)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_panel()


@pytest.fixture
def draw(store, node_of):
    """A function that commits a cell of a job as a host does; returns its node."""

    def commit(job: SheetJob, number: int, gap_ev: float = 1.0, alignment: float = 0.5):
        cell = cells(job)[number]
        drawn = node_of(job.base.message, seed=cell.seed)
        parameters = {**drawn.parameters, "sheet": job.sheet, "cell": list(cell.place)}
        node = replace(
            drawn,
            id=cell.node,
            strength=cell.strength,
            seed=cell.seed,
            alignment=alignment,
            band_gap=Measured(gap_ev, "eV", 0.1, "PBE"),
            parameters=parameters,
        )
        store.hide([drawn.id])
        store.commit(node)
        return node

    return commit


@pytest.fixture
def asked(panel, runner, new_node):
    """A sheet of two strengths and two seeds that was asked for in the dialog."""
    dialog = panel.ask(new_node("a cubic oxide").id)
    dialog.strengths.line.setText("0.2 0.6")
    dialog.first_seed.line.setText("40")
    dialog.num_seeds.setValue(2)
    dialog.accept()
    return runner.last_job


def titles(panel) -> list[list[str]]:
    rows, columns = range(panel.model.rowCount()), range(panel.model.columnCount())
    found = [[panel.model.index(row, column).data(CELL_ROLE) for column in columns] for row in rows]
    return [["" if cell is None else cell_lines(cell)[0] for cell in row] for row in found]


def test_that_the_dialog_asks_for_the_round_of_a_node_with_every_strength_and_seed(asked, state) -> None:
    assert isinstance(asked, SheetJob)
    assert asked.base.message == "a cubic oxide"
    assert asked.base.parent is None
    assert (asked.strengths, asked.seeds, asked.guidances) == ((0.2, 0.6), (40, 41), ())
    assert len(cells(asked)) == 4


def test_that_what_is_typed_in_the_chat_is_offered_as_an_answer_to_the_node(panel, new_node) -> None:
    node = new_node()
    dialog = panel.ask(node.id, "a wider gap")
    assert dialog.message.toPlainText() == "a wider gap"
    assert dialog.job().base.parent == node.id
    dialog.kind.setCurrentIndex(0)
    assert dialog.message.toPlainText() == node.message
    dialog.reject()


def test_that_what_cannot_be_drawn_is_said_beside_its_field_and_cannot_be_submitted(panel, new_node) -> None:
    dialog = panel.ask(new_node().id)
    button = dialog.buttons.button(dialog.buttons.StandardButton.Ok)
    assert button.isEnabled()
    assert dialog.summary.text().startswith("16 cells, about")
    for field, text, complaint in (
        (dialog.strengths, "0.2, 1.5", "above 0 and at most 1"),
        (dialog.first_seed, "-1", "whole number"),
        (dialog.guidances, "high", "guidance scale"),
    ):
        before = field.line.text()
        field.line.setText(text)
        assert complaint in field.message.text()
        assert not button.isEnabled()
        field.line.setText(before)
    dialog.num_seeds.setValue(64)
    assert "at most 64" in dialog.summary.text()
    dialog.reject()


def test_that_the_estimate_counts_every_cell() -> None:
    assert estimate(SheetPlan((0.1, 0.2), (1, 2, 3), (1.0, 2.0)), 30.0) == "12 cells, about 6 min"
    assert [duration(seconds) for seconds in (0.2, 59, 90, 5400)] == ["1 s", "59 s", "2 min", "1.5 h"]
    with pytest.raises(UserCorrectable, match="at least one"):
        read_strengths(" , ")


def test_that_cells_fill_in_as_they_are_drawn_and_a_refused_one_says_why(panel, runner, asked, draw, state) -> None:
    assert titles(panel) == [["not drawn yet", "not drawn yet"], ["not drawn yet", "not drawn yet"]]
    assert [panel.model.headerData(row, Qt.Orientation.Vertical) for row in range(2)] == ["α 0.2", "α 0.6"]
    assert panel.model.headerData(1, Qt.Orientation.Horizontal) == "seed 41"
    node = draw(asked, 2)
    runner.say("cell", node.id)
    runner.say("refused", RefusedCell(cells(asked)[3], "No candidate is valid."))
    assert titles(panel)[1][1] == "No candidate is valid."
    assert titles(panel)[1][0] == cell_lines(panel.model.cell(panel.model.index(1, 0)))[0] != "not drawn yet"
    assert "1 of 4 cells · drawing" in panel.message.text()
    assert state.mark(node.id).is_hidden
    assert state.newest() != node.id


def test_that_a_click_looks_at_the_crystal_and_a_double_click_makes_it_a_node(
    qtbot, panel, runner, asked, draw, state
) -> None:
    node = draw(asked, 0)
    runner.say("cell", node.id)
    place = panel.view.visualRect(panel.model.index(0, 0)).center()
    before = state.current
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert state.crystal.content_hash == node.crystal.content_hash
    assert state.current is before
    qtbot.mouseDClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert state.current.id == node.id
    assert not state.mark(node.id).is_hidden
    assert state.undo().nodes == (node.id,)
    assert state.mark(node.id).is_hidden


def test_that_cells_can_be_put_in_the_order_of_a_value(panel, runner, asked, draw) -> None:
    gaps = (0.5, 3.0, 2.0)
    drawn = [draw(asked, number, gap, alignment=-gap) for number, gap in enumerate(gaps)]
    for node in drawn:
        runner.say("cell", node.id)
    panel.model.wrap_at(3)

    def order() -> list[str]:
        found = [panel.model.cell(panel.model.index(0, column)) for column in range(panel.model.columnCount())]
        return [cell.node.id for cell in found]

    panel.order.setCurrentIndex(list(SheetOrder).index(SheetOrder.GAP))
    assert order() == [drawn[1].id, drawn[2].id, drawn[0].id]
    panel.order.setCurrentIndex(list(SheetOrder).index(SheetOrder.ALIGNMENT))
    assert order() == [drawn[0].id, drawn[2].id, drawn[1].id]
    assert panel.model.headerData(0, Qt.Orientation.Horizontal) is None


def test_that_an_earlier_sheet_is_read_back_with_its_strengths_and_seeds(
    qtbot, panel, runner, asked, draw, state
) -> None:
    drawn = [draw(asked, number) for number in range(4)]
    again = SheetPanel(state, runner)
    qtbot.addWidget(again)
    qtbot.waitUntil(lambda: len(again.model.cells.nodes()) == 4)
    assert again.model.cells.strengths == {0: 0.2, 1: 0.6}
    assert again.model.cells.seeds == {0: 40, 1: 41}
    assert again.model.index_of(drawn[3].id).row() == 1
    assert "a cubic oxide" in again.sheets.currentText()
    again.close_panel()


def test_that_all_pictures_of_a_sheet_have_one_scale(qtbot, panel, runner, asked, draw) -> None:
    small, large = draw(asked, 0), draw(asked, 1)
    stretched = replace(large.crystal, lattice=large.crystal.lattice * 2)
    panel._pictures.include(small.crystal)
    before = panel._pictures.half_height_angstrom
    panel._pictures.include(stretched)
    assert panel._pictures.half_height_angstrom > 1.5 * before
    assert panel._pictures.picture(small) is None
    qtbot.waitUntil(lambda: panel._pictures.picture(small) is not None)
    image = panel._pictures.picture(small).toImage()
    width, height = range(image.width()), range(image.height())
    inked = [x for x in width for y in height if image.pixelColor(x, y).alpha()]
    assert max(inked) - min(inked) < 0.75 * image.width()
