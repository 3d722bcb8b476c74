"""The symmetry dock asks the host, shows orbits, and changes the cell that is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from inspected import ORBITS, STRONTIUM_TITANATE, Asked, symmetry

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.inspection import CellChoice
from crystal_studio.services.jobs import CellJob, SymmetryJob
from crystal_studio.ui.panels.symmetry_panel import SymmetryPanel


@pytest.fixture
def asked(runner) -> Asked:
    return Asked(runner)


@pytest.fixture
def panel(qtbot, state, runner, asked):
    made = SymmetryPanel(state, runner)
    qtbot.addWidget(made)
    yield made
    made.close_panel()


def shown(qtbot, panel, asked, state, crystal=STRONTIUM_TITANATE) -> SymmetryJob:
    """The panel is visible, and has asked about the crystal at its tolerance."""
    panel.show()
    state.show_crystal(crystal)
    qtbot.waitUntil(lambda: bool(of_panel(panel, asked, crystal)))
    return of_panel(panel, asked, crystal)[-1]


def of_panel(panel, asked, crystal) -> list[SymmetryJob]:
    """The questions of the panel's own tolerance, not those of the comparison."""
    return [job for job in asked.of(SymmetryJob, symprec_angstrom=panel.tolerance.value) if job.crystal is crystal]


def test_that_nothing_is_asked_while_the_panel_is_hidden(qtbot, panel, asked, state) -> None:
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.wait(150)
    assert asked.jobs == []
    panel.show()
    qtbot.waitUntil(lambda: bool(asked.of(SymmetryJob, symprec_angstrom=0.1)))


def test_that_without_a_crystal_a_sentence_of_help_is_shown(qtbot, panel) -> None:
    panel.show()
    qtbot.wait(20)
    assert panel.empty.isVisible()
    assert "crystal" in panel.empty.text()


def test_that_the_report_names_group_system_point_group_hall_and_tolerance(qtbot, panel, asked, state) -> None:
    job = shown(qtbot, panel, asked, state)
    assert panel.news.isVisible()
    asked.answer(job, symmetry())
    text = panel.facts.text()
    for part in ("Pm-3m", "221", "Cubic", "m-3m", "-P 4 2 3", "0.1 Å"):
        assert part in text
    assert not panel.news.isVisible()
    assert [panel.rows.text(line, 1) for line in range(3)] == ["1a", "1b", "3c"]
    assert panel.rows.text(2, 2) == "4/mm.m"
    assert [panel.rows.text(0, column) for column in (4, 5, 6)] == ["0.0000"] * 3  # never 1.0000 or -0.0000


def test_that_selecting_an_orbit_tells_its_atoms(qtbot, panel, asked, state) -> None:
    asked.answer(shown(qtbot, panel, asked, state), symmetry())
    with qtbot.waitSignal(panel.sites_selected) as told:
        panel.table.selectRow(2)
    assert told.args == [ORBITS[2].sites]


def test_that_an_answer_about_an_earlier_crystal_is_dropped(qtbot, panel, asked, state) -> None:
    late = shown(qtbot, panel, asked, state)
    other = STRONTIUM_TITANATE.with_species(("Ba", "Ti", "O", "O", "O"))
    now = shown(qtbot, panel, asked, state, other)
    asked.answer(late, symmetry(99))
    assert "P4mm" not in panel.facts.text()
    asked.answer(now, symmetry(221))
    assert "Pm-3m" in panel.facts.text()


def test_that_a_crystal_seen_before_is_not_asked_about_again(qtbot, panel, asked, state) -> None:
    asked.answer(shown(qtbot, panel, asked, state), symmetry())
    shown(qtbot, panel, asked, state, STRONTIUM_TITANATE.with_species(("Ba", "Ti", "O", "O", "O")))
    before = len(asked.of(SymmetryJob, symprec_angstrom=0.1))
    assert before == 2
    again = Crystal(STRONTIUM_TITANATE.lattice, STRONTIUM_TITANATE.species, STRONTIUM_TITANATE.frac_coords)
    state.show_crystal(again)
    qtbot.waitUntil(lambda: "Pm-3m" in panel.facts.text())
    qtbot.wait(150)
    assert len(asked.of(SymmetryJob, symprec_angstrom=0.1)) == before


@pytest.mark.parametrize("typed", ["", "abc", "0", "-1", "nan", "inf", "0.6", "1e-9"])
def test_that_a_bad_tolerance_has_its_message_beside_the_field_and_asks_nothing(
    qtbot, panel, asked, state, typed
) -> None:
    asked.answer(shown(qtbot, panel, asked, state), symmetry())
    before = len(asked.jobs)
    panel.tolerance.edit.selectAll()
    qtbot.keyClicks(panel.tolerance.edit, typed or "x")
    assert panel.tolerance.message.isVisible()
    assert "0.001 to 0.5 Å" in panel.tolerance.message.text()
    qtbot.wait(150)
    assert len([job for job in asked.jobs[before:] if job.symprec_angstrom not in (0.01, 0.1, 0.3)]) == 0


def test_that_the_slider_asks_once_for_the_tolerance_at_which_it_stands(qtbot, panel, asked, state) -> None:
    asked.answer(shown(qtbot, panel, asked, state), symmetry())
    for position in range(0, 60):
        panel.tolerance.slider.setValue(position)
    qtbot.waitUntil(lambda: bool(asked.of(SymmetryJob, symprec_angstrom=panel.tolerance.value)))
    compared = {0.01, 0.1, 0.3}
    assert {job.symprec_angstrom for job in asked.of(SymmetryJob)} - compared == {panel.tolerance.value}


def test_that_groups_at_several_tolerances_stand_in_one_line(qtbot, panel, asked, state) -> None:
    shown(qtbot, panel, asked, state)
    qtbot.waitUntil(lambda: {job.symprec_angstrom for job in asked.of(SymmetryJob)} >= {0.01, 0.1, 0.3})
    for job in list(asked.of(SymmetryJob)):
        asked.answer(job, symmetry(99 if job.symprec_angstrom < 0.05 else 221, job.symprec_angstrom))
    assert panel.comparison.text().endswith("P4mm within 0.01 Å; Pm-3m within 0.1 and 0.3 Å")


def test_that_another_cell_is_drawn_and_the_generated_one_comes_back(qtbot, panel, asked, state) -> None:
    asked.answer(shown(qtbot, panel, asked, state), symmetry())
    panel.choices[CellChoice.CONVENTIONAL].click()
    qtbot.waitUntil(lambda: bool(asked.of(CellJob)))
    (job,) = asked.of(CellJob)
    assert job.crystal is STRONTIUM_TITANATE
    assert job.choice is CellChoice.CONVENTIONAL
    doubled = Crystal(np.diag([7.81, 3.905, 3.905]), ("Sr",) * 2, np.array([[0, 0, 0], [0.5, 0, 0]], dtype=np.float64))
    asked.answer(job, doubled)
    assert state.crystal is doubled
    qtbot.waitUntil(lambda: "7.810" in panel.lattice.text())
    assert "conventional, 2 atoms" in panel.lattice.text()
    assert panel.choices[CellChoice.CONVENTIONAL].isChecked()
    panel.choices[CellChoice.INPUT].click()
    assert state.crystal is STRONTIUM_TITANATE


def test_that_the_orbits_are_those_of_the_cell_that_is_drawn(qtbot, panel, asked, state) -> None:
    asked.answer(shown(qtbot, panel, asked, state), symmetry())
    panel.choices[CellChoice.PRIMITIVE].click()
    qtbot.waitUntil(lambda: bool(asked.of(CellJob)))
    cell = STRONTIUM_TITANATE.scaled_to(60.0)
    asked.answer(asked.of(CellJob)[0], cell)
    qtbot.waitUntil(lambda: bool(of_panel(panel, asked, cell)))
    assert panel.rows.rowCount() == 0


def test_that_a_crystal_shown_by_someone_else_is_as_generated_again(qtbot, panel, asked, state) -> None:
    shown(qtbot, panel, asked, state)
    panel.choices[CellChoice.NIGGLI].click()
    qtbot.waitUntil(lambda: bool(asked.of(CellJob)))
    (job,) = asked.of(CellJob)
    other = STRONTIUM_TITANATE.scaled_to(70.0)
    state.show_crystal(other)
    qtbot.waitUntil(panel.choices[CellChoice.INPUT].isChecked)
    asked.answer(job, STRONTIUM_TITANATE.scaled_to(50.0))
    assert state.crystal is other


def test_that_a_cell_that_cannot_be_made_leaves_the_generated_one_and_says_why(qtbot, panel, asked, state) -> None:
    shown(qtbot, panel, asked, state)
    panel.choices[CellChoice.PRIMITIVE].click()
    qtbot.waitUntil(lambda: bool(asked.of(CellJob)))
    asked.refuse(asked.of(CellJob)[0], "<b>No cell</b> was found. Raise the tolerance.")
    assert panel.cell_news.label.text() == "<b>No cell</b> was found. Raise the tolerance."
    assert panel.cell_news.label.textFormat().name == "PlainText"
    assert panel.choices[CellChoice.INPUT].isChecked()
    assert state.crystal is STRONTIUM_TITANATE


def test_that_a_failed_search_can_be_tried_again(qtbot, panel, asked, state) -> None:
    job = shown(qtbot, panel, asked, state)
    asked.refuse(job, "The engine stopped.")
    assert panel.news.retry.isVisible()
    before = len(asked.of(SymmetryJob, symprec_angstrom=0.1))
    panel.news.retry.click()
    qtbot.waitUntil(lambda: len(asked.of(SymmetryJob, symprec_angstrom=0.1)) > before)


def test_that_a_closed_panel_listens_no_longer(qtbot, state, runner, asked) -> None:
    made = SymmetryPanel(state, runner)
    qtbot.addWidget(made)
    made.show()
    made.close_panel()
    state.show_crystal(STRONTIUM_TITANATE)
    qtbot.wait(150)
    assert asked.jobs == []
