"""The table of actions, the palette over it, and the sheet of keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow

from crystal_studio.ui.action_table import ACTIONS, VIEW, Action, Situation, When
from crystal_studio.ui.actions import ActionSet, plain_text, refuse_duplicates
from crystal_studio.ui.dialogs.keys_dialog import KeysDialog
from crystal_studio.ui.docks import PANELS
from crystal_studio.ui.palette import Entry, Palette, best, likeness, node_entries


@pytest.fixture
def window(qtbot) -> QMainWindow:
    made = QMainWindow()
    qtbot.addWidget(made)
    return made


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def actions(window, done) -> ActionSet:
    return ActionSet(window, {one.id: lambda one=one: done.append(one.id) for one in ACTIONS})


def test_that_no_two_actions_have_one_key_or_name() -> None:
    refuse_duplicates(ACTIONS)


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (Action("b.b", VIEW, "B", "b", "ctrl+shift+P"), "is the key of both"),
        (Action("a.a", VIEW, "B", "b"), "two actions are called"),
        (Action("b.b", VIEW, "B", "b", "Ctrl+Nonsense"), "is no key"),
    ],
)
def test_that_a_duplicate_is_an_error_at_the_start(second: Action, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        refuse_duplicates([Action("a.a", VIEW, "A", "a", "Shift+Ctrl+P"), second])


def test_that_an_action_that_does_nothing_is_an_error_at_the_start(window) -> None:
    with pytest.raises(ValueError, match=r"palette\.open"):
        ActionSet(window, {one.id: print for one in ACTIONS if one.id != "palette.open"})


def test_that_every_panel_can_be_reached_by_an_action() -> None:
    assert {f"panel.{panel.name}" for panel in PANELS} == {one.id for one in ACTIONS if one.id.startswith("panel.")}


def test_that_letters_of_one_menu_are_taken_once() -> None:
    for menu in {one.menu for one in ACTIONS}:
        letters = [one.text[one.text.index("&") + 1].lower() for one in ACTIONS if one.menu == menu and "&" in one.text]
        assert len(letters) == len(set(letters)), (menu, letters)


def test_that_actions_are_enabled_for_what_is_shown(actions) -> None:
    assert not actions["node.star"].isEnabled()
    assert actions["wish.new"].isEnabled()
    actions.update_for(Situation(node=True, parent=False, writable=True, running=True, viewer=True))
    assert actions["node.star"].isEnabled()
    assert not actions["node.parent"].isEnabled()
    assert actions["job.stop"].isEnabled()
    actions.update_for(Situation(node=True, parent=True, writable=False))
    assert not actions["node.star"].isEnabled()
    assert actions["node.parent"].isEnabled()


def test_that_every_condition_can_be_met() -> None:
    everything = Situation(
        node=True, parent=True, writable=True, undoable=True, redoable=True, running=True, viewer=True
    )
    assert all(everything.allows(when) for when in When)


@pytest.mark.parametrize(("typed", "found"), [("darkk", None), ("", 0), ("zz", None)])
def test_that_letters_must_occur_in_order(typed: str, found: int | None) -> None:
    assert likeness(typed, "View: Light or dark") == found


def test_that_the_starts_of_words_count_for_more() -> None:
    entries = [Entry(title, "", print) for title in ("View: Stability", "Design: Stop", "View: Reset layout")]
    assert best(entries, "rl")[0].title == "View: Reset layout"
    assert best(entries, "stop")[0].title == "Design: Stop"
    assert [entry.title for entry in best(entries, "")] == [entry.title for entry in entries]


def test_that_the_palette_finds_and_runs_an_action_by_keys_alone(window, actions, done, qtbot) -> None:
    from crystal_studio.ui.palette import action_entries

    window.show()
    palette = Palette(action_entries(actions), window)
    qtbot.addWidget(palette)
    palette.show_over(window)
    qtbot.keyClicks(palette.line, "light dark")
    assert palette.titles()[0] == "View: Light or dark"
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert done == ["theme.toggle"]
    assert palette.isHidden()


def test_that_arrow_keys_move_through_what_was_found(window, actions, done, qtbot) -> None:
    ran: list[str] = []
    palette = Palette([Entry(name, "", lambda name=name: ran.append(name)) for name in ("a1", "a2", "a3")], window)
    qtbot.addWidget(palette)
    palette.show_over(window)
    qtbot.keyClick(palette.line, Qt.Key.Key_Down)
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert ran == ["a2"]


def test_that_the_palette_says_when_nothing_fits(window, actions, qtbot) -> None:
    palette = Palette([Entry("a", "", print)], window)
    qtbot.addWidget(palette)
    palette.show_over(window)
    palette.line.setText("qqqq")
    assert palette.titles() == []
    assert palette.nothing.isVisible()
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)


def test_that_the_palette_goes_to_a_node_by_formula_or_message(state, new_node) -> None:
    first = new_node("a cubic oxide")
    new_node("a wider gap please", first)
    entries = best(node_entries(state), "cubic oxide")
    assert entries
    entries[0].run()
    assert state.current is not None
    assert state.current.id == first.id


def test_that_markup_in_a_message_is_text_in_the_palette(window, state, new_node, qtbot) -> None:
    new_node("an oxide <b>bold</b><img src='file:///etc/passwd'>")
    palette = Palette(node_entries(state), window)
    qtbot.addWidget(palette)
    assert "<b>bold</b>" in palette.list.item(0).text()


def test_that_the_sheet_of_keys_lists_every_key(actions, qtbot) -> None:
    sheet = KeysDialog(actions)
    qtbot.addWidget(sheet)
    listed = {sheet.table.item(row, 2).text() for row in range(sheet.table.rowCount())}
    assert {"F1", "Ctrl+Shift+P", "Alt+1"} <= listed


def test_that_menu_texts_are_plain_without_mnemonics() -> None:
    assert plain_text("Save &picture…") == "Save picture"
    assert plain_text("R&&D") == "R&D"
