"""The dock of atoms shows positions at once, neighbours when they come, and the atom that was picked."""

from __future__ import annotations

import time

import numpy as np
import pytest
from inspected import SITES, STRONTIUM_TITANATE, Asked

from crystal_studio.domain.crystal import Crystal
from crystal_studio.services.jobs import SitesJob
from crystal_studio.ui.panels.sites_panel import LARGEST_UNASKED, SitesPanel, atom_labels


@pytest.fixture
def asked(runner) -> Asked:
    return Asked(runner)


@pytest.fixture
def panel(qtbot, state, runner, asked):
    made = SitesPanel(state, runner)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.close_panel()


def crowd(num_atoms: int) -> Crystal:
    rng = np.random.default_rng(0)
    return Crystal(np.eye(3) * 50, tuple(rng.choice(["Si", "O"], num_atoms)), rng.random((num_atoms, 3)))


def line(panel, number: int) -> list[str]:
    return [panel.rows.text(number, column) for column in range(panel.rows.columnCount())]


def test_that_positions_are_there_before_any_answer(qtbot, panel, state) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: panel.rows.rowCount() == 5)
    assert line(panel, 1) == [
        "Ti2", "Ti", "–", "0.5000", "0.5000", "0.5000", "1.952", "1.952", "1.952", "–", "–", "–"
    ]  # fmt: skip


def test_that_neighbours_are_filled_in_when_the_host_answers(qtbot, panel, asked, state) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: bool(asked.of(SitesJob)))
    asked.answer(asked.of(SitesJob)[0], SITES)
    assert line(panel, 1)[2] == "b"
    assert line(panel, 1)[9:] == ["6", "octahedral", "6 × O 1.952"]
    assert line(panel, 2)[11] == "2 × Ti 1.952, 4 × Sr 2.761"


def test_that_a_picked_atom_has_its_card_and_its_row(qtbot, panel, asked, state) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: bool(asked.of(SitesJob)))
    with qtbot.assertNotEmitted(panel.sites_selected):
        panel.show_picks((0, 1))
    assert panel.table.picked_rows() == (0, 1)
    card = panel.card.text()
    assert "Ti2: titanium, atom 2 of 5" in card
    assert "Fractional 0.5000, 0.5000, 0.5000" in card
    assert "Cartesian 1.952, 1.952, 1.952 Å" in card
    asked.answer(asked.of(SitesJob)[0], SITES)
    assert "Wyckoff position b" in panel.card.text()
    assert "6 neighbours, octahedral" in panel.card.text()


def test_that_selecting_a_row_tells_the_atom_and_shows_its_card(qtbot, panel, state) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: panel.rows.rowCount() == 5)
    with qtbot.waitSignal(panel.sites_selected) as told:
        panel.table.selectRow(3)
    assert told.args == [(3,)]
    assert panel.card.text().startswith("O4: oxygen")


def test_that_a_sorted_table_still_tells_the_right_atom(qtbot, panel, state) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: panel.rows.rowCount() == 5)
    panel.table.sortByColumn(1, panel.table.horizontalHeader().sortIndicatorOrder().AscendingOrder)
    assert [line(panel, i)[0] for i in range(5)] == ["O3", "O4", "O5", "Sr1", "Ti2"]
    with qtbot.waitSignal(panel.sites_selected) as told:
        panel.table.selectRow(4)
    assert told.args == [(1,)]
    panel.show_picks((0,))
    assert [index.row() for index in panel.table.selectionModel().selectedRows()] == [3]


def test_that_picks_beyond_the_crystal_are_not_shown(qtbot, panel, state) -> None:
    panel.show_picks((4711,))
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: panel.rows.rowCount() == 5)
    panel.show_picks((99,))
    assert panel.table.picked_rows() == ()
    assert panel.card.text().startswith("Click an atom")


def test_that_an_answer_about_another_crystal_is_dropped(qtbot, panel, asked, state) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: bool(asked.of(SitesJob)))
    late = asked.of(SitesJob)[0]
    state.show_crystal(STRONTIUM_TITANATE.with_species(("Ba", "Zr", "S", "S", "S")))
    qtbot.waitUntil(lambda: line(panel, 0)[1] == "Ba")
    asked.answer(late, SITES)
    assert line(panel, 1)[9] == "–"


def test_that_neighbours_of_a_large_crystal_are_found_on_request_only(qtbot, panel, asked, state) -> None:
    state.show_crystal(crowd(LARGEST_UNASKED + 1))
    qtbot.waitUntil(panel.find.isVisible)
    qtbot.wait(150)
    assert asked.jobs == []
    panel.find.click()
    qtbot.waitUntil(lambda: bool(asked.of(SitesJob)))
    assert not panel.find.isVisible()


def test_that_five_thousand_atoms_do_not_hold_up_the_window(qtbot, panel, state) -> None:
    state.show_crystal(crowd(5000))
    began = time.perf_counter()
    panel.refresh()
    panel.show_picks((4999,))
    panel.grab()
    assert panel.rows.rowCount() == 5000
    assert time.perf_counter() - began < 1.0


def test_that_selected_rows_are_copied_with_their_headings(qtbot, panel, state, qapp) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.waitUntil(lambda: panel.rows.rowCount() == 5)
    panel.table.selectRow(0)
    panel.table.copy()
    lines = qapp.clipboard().text().split("\n")
    assert lines[0].startswith("Atom\tElement\tWyckoff\tx")
    assert lines[1].startswith("Sr1\tSr\t–\t0.0000")
    assert len(lines) == 2


def test_that_labels_number_the_atoms_of_each_element() -> None:
    assert atom_labels(STRONTIUM_TITANATE) == ["Sr1", "Ti2", "O3", "O4", "O5"]
