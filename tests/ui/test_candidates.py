"""The candidates of a round: sorted by value, looked at, promoted."""

from __future__ import annotations

import random
from dataclasses import replace
from math import nan

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from random_nodes import random_node

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.validity import CheckResult
from crystal_studio.services.jobs import PromoteJob
from crystal_studio.ui.history.candidates_model import COLUMNS, refusal
from crystal_studio.ui.history.candidates_panel import CandidatesPanel

PASSED = CheckResult("min_distance", 1, True, "far enough", required=True)
FAILED = CheckResult("min_distance", 1, False, "The shortest distance is 0.31 Å.", required=True)
UNDECIDED = CheckResult("metallicity", 1, None, "a number to read")


@pytest.fixture
def panel(qtbot, state, runner):
    made = CandidatesPanel(state, runner)
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_panel()


@pytest.fixture
def node(new_node):
    """A node with a failed candidate, one without a score, and numbers that sort differently as texts."""
    plain = new_node(candidates=4)
    energies = (-8.5, -10.25, None, nan)
    changed = [
        replace(one, energy_per_atom_ev=energy, checks=(PASSED, UNDECIDED), score=-float(index))
        for index, (one, energy) in enumerate(zip(plain.candidates, energies, strict=True))
    ]
    changed[3] = replace(changed[3], checks=(FAILED, PASSED), score=None, rank=None)
    return replace(plain, candidates=tuple(changed), chosen=0)


@pytest.fixture
def shown(state, node, panel):
    state._memory._nodes.put(node.id, node)
    state.set_current(node.id)
    return node


def column(title: str) -> int:
    return [one.title for one in COLUMNS].index(title)


def cells(panel, title: str) -> list[str]:
    model = panel.table.model()
    return [model.index(row, column(title)).data() for row in range(model.rowCount())]


def test_that_no_node_means_one_sentence_of_help(panel) -> None:
    assert not panel.table.isVisible()


def test_that_every_candidate_has_a_row_and_the_chosen_one_says_so(panel, shown) -> None:
    assert cells(panel, "#") == ["1  chosen", "2", "3", "4"]
    assert cells(panel, "Checks") == ["1 of 1", "1 of 1", "1 of 1", "1 of 2"]
    assert cells(panel, "Start")[0] == shown.candidates[0].start.value


def test_that_formulas_are_shown_only_where_they_differ(panel, state, shown, new_node) -> None:
    assert panel.table.isColumnHidden(column("Formula"))
    mixed = list(shown.candidates)
    mixed[2] = replace(mixed[2], drawn=mixed[2].drawn.with_species(["Ba"] * len(mixed[2].drawn)), relaxed=None)
    state._memory._nodes.put(shown.id, replace(shown, candidates=tuple(mixed)))
    state.set_current(shown.id)
    assert not panel.table.isColumnHidden(column("Formula"))
    assert cells(panel, "Formula")[2] == "Ba"


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (Qt.SortOrder.AscendingOrder, ["−10.250", "−8.500", "–", "–"]),
        (Qt.SortOrder.DescendingOrder, ["−8.500", "−10.250", "–", "–"]),
    ],
)
def test_that_numbers_sort_as_numbers_and_missing_ones_stay_last(panel, shown, order, expected) -> None:
    panel.table.sortByColumn(column("E (eV/atom)"), order)
    assert cells(panel, "E (eV/atom)") == expected


def test_that_a_failed_candidate_is_grey_and_says_why(panel, shown) -> None:
    model = panel.table.model()
    reason = model.index(3, column("Failed because"))
    assert reason.data() == "The shortest distance is 0.31 Å."
    assert "0.31" in model.index(3, 0).data(Qt.ItemDataRole.ToolTipRole)
    assert reason.data(Qt.ItemDataRole.ForegroundRole) is not None
    assert model.index(0, 0).data(Qt.ItemDataRole.ForegroundRole) is None


def test_that_selecting_a_row_draws_that_candidate_and_says_so(panel, state, shown) -> None:
    panel.select(2)
    assert state.crystal is shown.candidates[2].crystal
    assert "candidate 3" in panel.sentence
    assert state.current is shown


def test_that_one_click_leads_back_to_the_chosen_one(qtbot, panel, state, shown) -> None:
    panel.select(2)
    qtbot.mouseClick(panel.back, Qt.MouseButton.LeftButton)
    assert state.crystal is shown.crystal
    assert not panel.back.isVisible()
    assert panel.selected() == shown.chosen


def test_that_the_line_is_silent_when_something_else_is_drawn(panel, state, shown) -> None:
    panel.select(2)
    state.show_crystal(shown.crystal)
    assert "candidate 3" not in panel.sentence
    assert not panel.back.isVisible()


def test_that_showing_a_node_draws_it_once(panel, state, shown) -> None:
    drawn: list[object] = []
    state.crystal_changed.connect(drawn.append)
    state.set_current(shown.id)
    assert drawn == [shown.crystal]


def test_that_promoting_asks_for_exactly_that_candidate_and_shows_the_new_node(
    panel, state, shown, runner, node_of
) -> None:
    panel.select(2)
    panel.promote.click()
    assert runner.last_job == PromoteJob(state.path, shown.id, 2)
    assert not panel.promote.isEnabled()
    promoted = node_of("a cubic oxide, promoted")
    runner.finish(promoted)
    assert state.current.id == promoted.id
    assert [one.id for one in state.search(NodeQuery())][-1] == promoted.id


def test_that_any_candidate_but_the_chosen_one_can_be_promoted_and_a_failed_one_is_named(panel, shown) -> None:
    assert not panel.promote.isEnabled()
    panel.select(1)
    assert panel.promote.isEnabled()
    assert "failed" not in panel.sentence
    panel.select(3)
    assert panel.promote.isEnabled()
    assert "failed a check" in panel.sentence


def test_that_a_promotion_that_fails_says_so_and_can_be_tried_again(panel, shown, runner) -> None:
    panel.select(1)
    panel.promote.click()
    runner.fail("The disk is full. Free some space and try again.")
    assert panel.sentence.startswith("The disk is full")
    assert panel.promote.isEnabled()


def test_that_another_job_s_answer_is_left_alone(panel, state, shown, runner, node_of) -> None:
    panel.select(1)
    panel.promote.click()
    runner.finish(node_of("another cubic oxide"), job_id="another")
    assert state.current is shown
    runner.end_cancelled()
    assert panel.promote.isEnabled()


def test_that_sorting_keeps_row_and_candidate_together(panel, state, shown) -> None:
    panel.table.sortByColumn(column("Score"), Qt.SortOrder.AscendingOrder)
    panel.table.selectRow(0)
    number = panel.selected()
    assert state.crystal is shown.candidates[number].crystal
    assert number == 2


@pytest.mark.parametrize("seed", range(8))
def test_that_odd_numbers_and_texts_are_shown_and_sorted(panel, state, seed) -> None:
    odd = random_node(random.Random(seed))
    state.add(odd)
    state.set_current(odd.id)
    tester = QAbstractItemModelTester(panel.model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for index in range(len(COLUMNS)):
        panel.table.sortByColumn(index, Qt.SortOrder.DescendingOrder)
    assert panel.table.model().rowCount() == len(odd.candidates)
    assert not panel.grab().isNull()
    assert tester.model() is panel.model


def test_that_a_candidate_without_checks_is_not_called_valid() -> None:
    crystal = random_node(random.Random(1)).crystal
    assert refusal(Candidate(crystal, Start.NOISE, "")) == "not checked"
    assert refusal(Candidate(crystal, Start.NOISE, "", (UNDECIDED,))) == ""
