"""Limits and goals: filled from what is typed, changed by hand, sent only where they were."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from time import process_time

import pytest
from PySide6.QtCore import Qt

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.ui.chat.chat_panel import ChatPanel
from crystal_studio.ui.chat.goals_editor import GoalsEditor
from crystal_studio.ui.chat.hearing import MOST_CHARACTERS, Heard, hear
from crystal_studio.ui.chat.limits_draft import LimitsDraft, read_elements, read_formula, read_space_group
from crystal_studio.ui.chat.limits_form import ElementCompleter

WISH = "A wide-gap oxide insulator without lead, at most 12 atoms"


@pytest.fixture
def editor(qtbot) -> Iterator[GoalsEditor]:
    made = GoalsEditor()
    qtbot.addWidget(made)
    qtbot.addWidget(made.form)
    made.resize(420, 200)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_editor()


def chips(editor: GoalsEditor) -> list[str]:
    return [chip.text for chip in editor.draft.chips()]


def test_that_chips_show_what_is_heard_while_one_types(editor, qtbot) -> None:
    editor.listen_to(WISH, None)
    qtbot.waitUntil(lambda: bool(chips(editor)))
    assert chips(editor) == ["with O", "without Pb", "at most 12 atoms", "band gap at least 1.8 eV"]
    assert editor._flow.count() == 4


def test_that_what_is_not_understood_yet_is_a_quiet_hint(editor) -> None:
    editor.listen_to("hello there", None)
    editor.listen_now()
    assert "Nothing about a material" in editor.hint.text()
    assert editor.problem == ""
    editor.listen_to("an oxide", None)
    editor.listen_now()
    assert editor.hint.isHidden()


def test_that_a_chip_taken_away_overrides_what_was_heard(editor, qtbot) -> None:
    editor.listen_to(WISH, None)
    editor.listen_now()
    assert editor.draft.edited_limits is None
    assert editor.draft.edited_goals is None
    qtbot.mouseClick(editor._flow.itemAt(1).widget(), Qt.MouseButton.LeftButton)
    assert editor.draft.edited_limits == Limits(required=frozenset({"O"}), max_atoms=12)
    assert editor.draft.edited_goals is None
    editor.listen_to(f"{WISH} and with titanium", None)
    editor.listen_now()
    assert editor.draft.limits.required == frozenset({"O", "Ti"})
    assert editor.draft.limits.excluded == frozenset()
    editor.draft.remove("goal 0")
    assert editor.draft.edited_goals == ()
    editor.reset()
    assert editor.draft.edited_limits is None
    assert editor.draft.limits.excluded == frozenset({"Pb"})


def test_that_what_the_answered_crystal_carries_on_is_shown(editor, new_node) -> None:
    node = new_node("a cubic oxide without lead")
    editor.listen_to("", node)
    editor.listen_now()
    assert "without Pb" in chips(editor)
    assert "cubic" in chips(editor)
    editor.listen_to("a wider gap", node)
    editor.listen_now()
    assert "band gap higher" in chips(editor)
    assert any(text.startswith("formula ") for text in chips(editor))


def test_that_the_form_sets_every_limit(editor, qtbot) -> None:
    editor.toggle_form()
    form = editor.form
    form.required.field.setText("Sr, titanium")
    form.excluded.field.setText("pb")
    form.formula.field.setText("TiSrO3")
    form.space_group.field.setText("Pm-3m")
    form.crystal_system.setCurrentText("cubic")
    form.num_elements.setValue(3)
    form.max_atoms.setValue(5)
    assert editor.draft.edited_limits == Limits(
        required=frozenset({"Sr", "Ti"}),
        excluded=frozenset({"Pb"}),
        formula="SrTiO3",
        space_group=221,
        crystal_system="cubic",
        num_elements=3,
        max_atoms=5,
    )
    assert editor.problem == ""
    form.max_atoms.setValue(0)
    form.formula.field.setText("")
    assert editor.draft.limits.max_atoms is None
    assert editor.draft.limits.formula is None


def test_that_the_form_sets_goals(editor) -> None:
    editor.toggle_form()
    gap, distance = editor.form.gap, editor.form.distance
    gap.way.setCurrentText("between")
    gap.first.setValue(1.0)
    assert "below" in editor.problem
    gap.second.setValue(2.0)
    distance.way.setCurrentText("higher")
    assert editor.draft.edited_goals == (
        Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 1.0),
        Goal(Quantity.BAND_GAP, Direction.AT_MOST, 2.0),
        Goal(Quantity.UNIT_DISTANCE, Direction.HIGHER),
    )
    gap.way.setCurrentText("no goal")
    assert editor.draft.goals == (Goal(Quantity.UNIT_DISTANCE, Direction.HIGHER),)


def test_that_the_form_shows_what_is_heard(editor) -> None:
    editor.toggle_form()
    editor.listen_to("a cubic oxide in space group 225 with a gap between 1 and 2 eV", None)
    editor.listen_now()
    form = editor.form
    assert form.required.field.text() == "O"
    assert form.space_group.field.text() == "Fm-3m"
    assert (form.gap.way.currentText(), form.gap.first.value(), form.gap.second.value()) == ("between", 1.0, 2.0)
    assert not editor.draft.is_edited


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        ("required", "Sr, Xx", "no element 'Xx'"),
        ("excluded", "unobtainium", "no element"),
        ("formula", "Sr(TiO3", "Check its brackets"),
        ("space_group", "231", "1 to 230"),
        ("space_group", "Pm3x", "no space group"),
    ],
)
def test_that_a_field_that_cannot_be_read_has_its_message_beside_it(editor, name, wrong, words) -> None:
    editor.toggle_form()
    field = getattr(editor.form, name)
    field.field.setText(wrong)
    assert words in field.message.text()
    assert not field.message.isHidden()
    assert editor.problem
    field.field.setText("")
    assert field.message.isHidden()


def test_that_limits_that_contradict_each_other_are_named() -> None:
    draft = LimitsDraft()
    draft.set_limit("required", frozenset({"Sr"}))
    draft.set_limit("excluded", frozenset({"Sr"}))
    assert "Sr is both required and excluded" in draft.problem()
    draft.set_limit("excluded", frozenset())
    draft.set_limit("formula", "MgO")
    assert "contradicts" in draft.problem()
    draft.set_limit("formula", None)
    draft.set_limit("space_group", 221)
    draft.set_limit("crystal_system", "hexagonal")
    assert "cubic, not hexagonal" in draft.problem()


def test_that_nothing_contradictory_is_sent(state, runner, qtbot) -> None:
    panel = ChatPanel(state, runner)
    qtbot.addWidget(panel)
    draft = panel.composer.goals.draft
    draft.set_limit("required", frozenset({"Sr"}))
    draft.set_limit("excluded", frozenset({"Sr"}))
    panel.composer.put("an oxide")
    panel.composer.submit()
    assert runner.jobs == {}
    assert "required and excluded" in panel.composer.message.text()
    draft.set_limit("excluded", frozenset({"Pb"}))
    panel.composer.submit()
    assert runner.last_job.limits.required == frozenset({"Sr"})
    assert runner.last_job.limits.excluded == frozenset({"Pb"})
    assert not draft.is_edited
    panel.close_panel()


def test_that_limits_set_by_hand_join_those_of_a_message_not_heard_yet(state, runner, qtbot) -> None:
    panel = ChatPanel(state, runner)
    qtbot.addWidget(panel)
    panel.composer.goals.draft.set_limit("max_atoms", 8)
    panel.composer.put("an oxide without lead")
    panel.composer.submit()
    assert runner.last_job.limits == Limits(required=frozenset({"O"}), excluded=frozenset({"Pb"}), max_atoms=8)
    panel.close_panel()


def test_that_elements_are_completed_by_symbol_and_name(editor) -> None:
    completer = editor.form.required.field.completer()
    assert isinstance(completer, ElementCompleter)
    editor.form.required.field.setText("Sr, stron")
    assert completer.splitPath("Sr, stron") == ["stron"]
    completer.setCompletionPrefix("stron")
    assert completer.completionCount() == 1
    assert completer.pathFromIndex(completer.currentIndex()) == "Sr, Sr, "


def test_that_fields_read_what_a_chemist_writes() -> None:
    assert read_elements("sr; Ti  oxygen") == frozenset({"Sr", "Ti", "O"})
    assert read_elements("  ") == frozenset()
    assert read_formula("O3TiSr") == "SrTiO3"
    assert read_formula("") is None
    assert [read_space_group(text) for text in ("194", "P6_3/mmc", "P63/mmc", "P 6_3/m m c", "")] == [194] * 4 + [None]
    with pytest.raises(UserCorrectable):
        read_space_group("0")


def test_that_hearing_is_quick_and_long_texts_are_left_to_the_engine(new_node) -> None:
    node = new_node("a cubic oxide")
    hear(WISH, node)
    text = (WISH + ", stable. ") * 8
    assert len(text) <= MOST_CHARACTERS
    begun = process_time()
    for _ in range(10):
        hear(WISH, node)
    assert (process_time() - begun) / 10 < 0.02
    assert hear("x " * MOST_CHARACTERS, node).hint
    assert hear("", None) == Heard()


def test_that_hearing_imports_no_engine() -> None:
    script = (
        "import sys; from crystal_studio.ui.chat.hearing import hear; hear('a cubic oxide', None); "
        "heavy = {'torch', 'pymatgen', 'spglib', 'smact', 'robocrys', 'transformers', 'sqlalchemy'}; "
        "sys.exit(', '.join(heavy & sys.modules.keys()) or 0)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False, timeout=120).returncode == 0
