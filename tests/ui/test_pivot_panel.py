"""The text between words and crystal: edited, compared, checked clause by clause."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt

from crystal_studio.domain.intent import Limits
from crystal_studio.domain.word_diff import MOST_WORDS, Change, word_diff
from crystal_studio.ui.chat.pivot_panel import PivotPanel

ASKED = (
    "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group. Ti(1) is bonded to six "
    "equivalent O(1) atoms to form corner-sharing TiO6 octahedra. All Ti(1)-O(1) bond lengths are 2.40 Å."
)
FOUND = (
    "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group. Ti(1) is bonded to six "
    "equivalent O(1) atoms to form corner-sharing TiO6 octahedra. All Ti(1)-O(1) bond lengths are 1.95 Å."
)


@pytest.fixture
def node(new_node, store, state):
    root = new_node("a cubic oxide")
    limits = Limits(formula="MgO", excluded=frozenset({"Pb", "Sr"}), max_atoms=12)
    made = dataclasses.replace(
        new_node("a wider gap", root),
        id="e" * 32,
        pivot=ASKED,
        description=FOUND,
        strength=0.4,
    )
    made = dataclasses.replace(made, intent=dataclasses.replace(made.intent, limits=limits))
    store.commit(made)
    state.add(made)
    return made


@pytest.fixture
def panel(state, runner, qtbot) -> Iterator[PivotPanel]:
    made = PivotPanel(state, runner)
    qtbot.addWidget(made)
    made.resize(420, 800)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_panel()


def test_that_an_empty_session_says_what_the_panel_is_for(panel) -> None:
    assert panel._pages.currentIndex() == 0
    assert panel._empty.text()


def test_that_each_clause_is_ticked_or_crossed_with_what_was_found(panel, state, node) -> None:
    state.set_current(node.id)
    rows = panel.clauses.rows
    assert "✓ The formula is SrTiO3." in rows
    assert "✗ O-Ti bonds are 2.40 Å long.  false: O-Ti bonds are 1.95 Å long." in rows
    assert "1 false" in panel.summary.text()


def test_that_a_clause_the_description_is_silent_on_is_not_checkable(panel, state, node, store) -> None:
    silent = dataclasses.replace(node, id="d" * 32, description=FOUND.partition(" Ti(1)")[0])
    store.commit(silent)
    state.add(silent)
    state.set_current(silent.id)
    assert any(row.startswith("? Ti has 6 neighbours.  not checkable") for row in panel.clauses.rows)


def test_that_differences_are_marked_by_signs_as_well_as_colours(panel, state, node) -> None:
    state.set_current(node.id)
    assert "−2.40 +1.95" in panel.diff.toPlainText()
    panel.against.setCurrentIndex(1)
    assert "+SrTiO3" in panel.diff.toPlainText()
    assert panel.diff.toPlainText().startswith("−")


def test_that_an_edited_text_is_generated_from(panel, state, runner, node, qtbot) -> None:
    state.set_current(node.id)
    edited = ASKED.replace("2.40", "1.90")
    panel.editor.setPlainText(edited)
    qtbot.mouseClick(panel.button, Qt.MouseButton.LeftButton)
    job = runner.last_job
    assert (job.pivot, job.parent, job.message, job.strength) == (edited, node.parent, None, 0.4)
    assert job.limits == Limits(excluded=frozenset({"Pb"}), max_atoms=12)
    assert job.goals == node.intent.goals


def test_that_a_mistake_is_named_beside_the_editor_while_one_types(panel, state, runner, node, qtbot) -> None:
    state.set_current(node.id)
    panel.editor.setPlainText(ASKED.replace("cubic Pm-3m", "hexagonal Pm-3m"))
    qtbot.waitUntil(lambda: "cubic" in panel.problem.text() and panel.problem.isVisible())
    assert not panel.button.isEnabled()
    panel.generate()
    assert runner.jobs == {}
    qtbot.mouseClick(panel.undo, Qt.MouseButton.LeftButton)
    assert panel.editor.toPlainText() == ASKED
    assert panel.button.isEnabled()


def test_that_the_crystals_own_description_can_be_started_from(panel, state, node, qtbot) -> None:
    state.set_current(node.id)
    qtbot.mouseClick(panel.take, Qt.MouseButton.LeftButton)
    assert panel.editor.toPlainText() == FOUND


def test_that_an_edited_text_survives_a_look_at_another_node(panel, state, node) -> None:
    state.set_current(node.id)
    panel.editor.setPlainText("half a sentence")
    state.set_current(node.parent)
    state.set_current(node.id)
    assert panel.editor.toPlainText() == "half a sentence"


def test_that_a_pivot_that_cannot_be_read_is_shown_with_a_reason(panel, state, node, store) -> None:
    odd = dataclasses.replace(node, id="c" * 32, pivot="<b>no</b> pivot", description="")
    store.commit(odd)
    state.add(odd)
    state.set_current(odd.id)
    assert panel.editor.toPlainText() == "<b>no</b> pivot"
    assert "cannot be read" in panel.summary.text()
    assert panel.clauses.rows == []


def test_that_a_diff_keeps_every_word() -> None:
    stretches = word_diff("a b c d", "a x c")
    assert [(one.change, one.text) for one in stretches] == [
        (Change.SAME, "a"),
        (Change.REMOVED, "b"),
        (Change.ADDED, "x"),
        (Change.SAME, "c"),
        (Change.REMOVED, "d"),
    ]
    assert len(word_diff("", "w " * 10 * MOST_WORDS)[0].text.split()) == MOST_WORDS
