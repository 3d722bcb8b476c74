"""The history dock: showing, branching, naming, starring, filtering; and what its rows look like."""

from __future__ import annotations

from time import perf_counter

import pytest
from outlined import OutlineStore, outline
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QApplication, QInputDialog, QLineEdit, QMessageBox

from crystal_studio.domain.errors import ProjectUnavailable
from crystal_studio.domain.mark import Mark
from crystal_studio.ui import theme
from crystal_studio.ui.history.node_model import NodeRole
from crystal_studio.ui.history.tree_panel import TreePanel
from crystal_studio.ui.session_state import SessionState


@pytest.fixture
def panel(qtbot, state, runner):
    made = TreePanel(state, runner)
    qtbot.addWidget(made)
    made.resize(340, 600)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_panel()


def row_of(panel, node):
    return panel.view.visualRect(panel.model.index_of(node.id))


def click(qtbot, panel, node) -> None:
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=row_of(panel, node).center())


def search(qtbot, panel, text: str) -> None:
    panel.search.line.setText(text)
    qtbot.keyClick(panel.search.line, Qt.Key.Key_Return)


def offered(panel, node) -> dict:
    return {action.text().partition("\t")[0].replace("&", ""): action for action in panel.menu(node.id).actions()}


def test_that_an_empty_project_says_how_to_begin(panel) -> None:
    assert not panel.view.isVisible()


def test_that_a_click_shows_a_node(qtbot, panel, state, new_node) -> None:
    first, second = new_node(), new_node("a wider gap")
    click(qtbot, panel, first)
    assert state.current.id == first.id
    click(qtbot, panel, second)
    assert state.current.id == second.id


def test_that_arrow_and_enter_show_a_node(qtbot, panel, state, new_node) -> None:
    first = new_node()
    second = new_node("a wider gap", first)
    state.set_current(first.id)
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_Down)
    assert state.current.id == first.id
    qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    assert state.current.id == second.id


def test_that_clicking_the_node_that_is_shown_brings_its_own_crystal_back(qtbot, panel, state, new_node) -> None:
    node = new_node()
    state.set_current(node.id)
    state.show_crystal(node.candidates[-1].crystal)
    click(qtbot, panel, node)
    assert state.crystal is node.crystal


def test_that_the_row_follows_the_current_node_and_stays_visible(panel, state, new_node) -> None:
    root = new_node()
    last = root
    for _ in range(14):
        last = new_node("wider", last)
    state.set_current(last.id)
    assert panel.view.currentIndex().data(NodeRole.ID) == last.id
    assert panel.view.viewport().rect().contains(row_of(panel, last).center())
    state.set_current(root.id)
    assert panel.view.viewport().rect().contains(row_of(panel, root).center())


def test_that_a_branch_is_opened_when_its_node_becomes_current(panel, state, new_node) -> None:
    root = new_node()
    new_node("wider", root)
    branch = new_node("denser", root, seed=8)
    panel.model.close_all()
    state.set_current(branch.id)
    assert panel.view.is_open(panel.model.index_of(root.id))


def test_that_a_node_made_current_before_the_tree_knew_it_is_shown_all_the_same(qtbot, state, runner, node_of) -> None:
    state.node_added.connect(lambda one: state.set_current(one.id))  # before the panel listens
    made = TreePanel(state, runner)
    qtbot.addWidget(made)
    node = node_of()
    state.add(node)
    assert made.view.currentIndex().data(NodeRole.ID) == node.id
    made.close_panel()


def test_that_branching_shows_the_node_and_asks_for_a_message(qtbot, panel, state, new_node) -> None:
    first = new_node()
    new_node("wider", first)
    with qtbot.waitSignal(panel.branch_requested) as asked:
        offered(panel, first)["Branch from here"].trigger()
    assert asked.args == [first.id]
    assert state.current.id == first.id


def test_that_f2_names_a_node_in_its_row(qtbot, panel, state, new_node) -> None:
    node = new_node()
    state.set_current(node.id)
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_F2)
    editor = panel.view.findChild(QLineEdit)
    qtbot.keyClicks(editor, "Best so far")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: state.mark(node.id).name == "Best so far")
    assert state.current.id == node.id


def test_that_renaming_a_node_that_the_search_leaves_out_leaves_the_search(qtbot, panel, new_node) -> None:
    node = new_node()
    search(qtbot, panel, "nothing like it")
    panel.rename(node.id)
    assert panel.search.line.text() == ""
    assert panel.view.findChild(QLineEdit) is not None


def test_that_a_star_is_set_and_taken_away_from_the_menu(panel, state, store, new_node) -> None:
    node = new_node()
    offered(panel, node)["Star"].trigger()
    assert store.marks()[node.id].starred
    offered(panel, node)["Remove star"].trigger()
    assert not state.mark(node.id).starred


def test_that_a_note_is_written_below_the_tree(qtbot, panel, state, store, new_node) -> None:
    node = new_node()
    offered(panel, node)["Add a note…"].trigger()
    assert panel.note.isVisible()
    qtbot.keyClicks(panel.note.text, "check the phonons")
    qtbot.keyClick(panel.note.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert store.marks()[node.id].note == "check the phonons"
    assert not panel.note.isVisible()
    assert "Edit note…" in offered(panel, node)


def test_that_escape_leaves_a_note_as_it_was(qtbot, panel, state, new_node) -> None:
    node = new_node()
    state.set_mark(node.id, Mark(note="old"))
    panel.edit_note(node.id)
    qtbot.keyClicks(panel.note.text, "new")
    qtbot.keyClick(panel.note.text, Qt.Key.Key_Escape)
    assert state.mark(node.id).note == "old"


def test_that_a_note_that_is_too_long_cannot_be_saved_and_says_why(panel, new_node) -> None:
    panel.edit_note(new_node().id)
    panel.note.text.setPlainText("x" * 10_001)
    assert not panel.note._save.isEnabled()
    assert "1 characters too long" in panel.note._complaint.text()


def test_that_the_id_is_copied(panel, new_node) -> None:
    node = new_node()
    offered(panel, node)["Copy id"].trigger()
    assert QGuiApplication.clipboard().text() == node.id


def test_that_a_disk_error_is_said_below_the_tree(panel, state, new_node, monkeypatch) -> None:
    node = new_node()

    def full(*_: object) -> None:
        raise ProjectUnavailable("The disk is full. Free some space and try again.")

    monkeypatch.setattr(state, "set_mark", full)
    panel.toggle_star(node.id)
    assert panel._message.isVisible()
    assert "disk is full" in panel._message.text()


def test_that_typing_lists_what_matches_with_its_number_and_escape_returns_to_the_tree_there(
    qtbot, panel, state, new_node
) -> None:
    first, second = new_node("a cubic oxide"), new_node("an oxide with a wider gap")
    state.set_current(first.id)
    search(qtbot, panel, "WIDER oxide")
    assert panel.count.text() == "1 of 2 nodes"
    assert [panel.matches.node_at(row) for row in range(panel.matches.rowCount())] == [second.id]
    place = panel.found.visualRect(panel.matches.index_of(second.id)).center()
    qtbot.mouseClick(panel.found.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert state.current.id == second.id
    assert panel.is_searching
    qtbot.keyClick(panel.found, Qt.Key.Key_Escape)
    assert not panel.is_searching
    assert panel.view.isVisible()
    assert panel.view.currentIndex().data(NodeRole.ID) == second.id


def test_that_nothing_found_is_said_and_a_part_that_cannot_be_read_is_explained_below_the_line(
    qtbot, panel, new_node
) -> None:
    new_node()
    search(qtbot, panel, "nothing like it")
    assert not panel.found.isVisible()
    assert panel.count.text() == "0 of 1 nodes"
    search(qtbot, panel, "gap:wide")
    assert panel.search.message.isVisible()
    assert "no range" in panel.search.message.text()
    search(qtbot, panel, "")
    assert not panel.search.message.isVisible()
    assert panel.view.isVisible()


def test_that_fields_and_line_are_two_views_of_one_search(qtbot, panel, new_node) -> None:
    node = new_node()
    symbol = node.crystal.species[0]
    search(qtbot, panel, f"cubic gap:>0 el:{symbol}")
    panel.search.fields.click()
    form = panel.search.form
    assert form.lines["elements"].text == symbol
    assert form.lines["gap_ev"].text == ">0"
    form.starred.setChecked(True)
    assert panel.search.line.text() == f"el:{symbol} gap:>0 * cubic"
    assert panel.matches.rowCount() == 0
    form.lines["space_groups"].line.setText("")
    qtbot.keyClicks(form.lines["space_groups"].line, "231")
    assert "1 to 230" in form.lines["space_groups"].message.text()
    assert panel.search.query.space_groups == (23,)
    panel.search._popover.close()


def test_that_a_search_is_kept_chosen_from_the_menu_and_deleted_undoably(qtbot, panel, state, new_node) -> None:
    new_node()
    search(qtbot, panel, "gap:2-4 oxide")
    menu = panel.search.more.menu()
    menu.fill()
    menu.actions()[0].trigger()
    asking = panel.findChild(QInputDialog)
    asking.setTextValue("Wide & clear")
    asking.accept()
    assert list(state.saved_searches()) == ["Wide & clear"]
    search(qtbot, panel, "")
    menu.fill()
    next(one for one in menu.actions() if one.text() == "Wide && clear").trigger()
    assert panel.search.line.text() == "gap:2-4 oxide"
    menu.fill()
    menu.dropped.actions()[0].trigger()
    assert state.saved_searches() == {}
    assert "Wide & clear" in state.undo().title
    assert list(state.saved_searches()) == ["Wide & clear"]


def test_that_delete_asks_with_the_number_of_nodes_and_undo_brings_them_back(qtbot, panel, state, new_node) -> None:
    root = new_node()
    branch = new_node("wider", root)
    new_node("denser", branch)
    new_node("wider", branch, seed=8)
    state.set_current(branch.id)
    panel.view.setFocus()
    qtbot.keyClick(panel.view, Qt.Key.Key_Delete)
    asked = panel.findChild(QMessageBox)
    assert asked.text() == "Hide this node and 2 nodes below it? Undo brings them back."
    asked.defaultButton().click()
    assert panel.model.rowCount() == 1
    assert state.current.id == root.id
    assert state.operations(1)[0].title == "hide 3 nodes"
    state.undo()
    assert panel.model.rowCount() == 4


def test_that_a_hidden_node_is_listed_on_request_and_shown_again_from_its_menu(panel, state, new_node) -> None:
    root = new_node()
    branch = new_node("wider", root)
    state.hide([branch.id])
    assert panel.model.row_of(branch.id) is None
    panel.model.show_hidden(True)
    assert panel.model.index_of(branch.id).data(NodeRole.MARK).is_hidden
    offered(panel, branch)["Show again"].trigger()
    assert not state.mark(branch.id).is_hidden


def test_that_the_menu_key_opens_the_menu_of_the_row(qtbot, panel, state, new_node) -> None:
    state.set_current(new_node().id)
    panel._open_menu(panel.rect().bottomRight())
    menu = QApplication.activePopupWidget()
    assert "Branch" in menu.actions()[1].text()
    menu.close()


@pytest.mark.parametrize("mode", [theme.Mode.LIGHT, theme.Mode.DARK])
def test_that_validity_has_a_colour_and_a_shape_of_its_own(qtbot, qapp, tmp_path, runner, mode) -> None:
    theme.switch.use(qapp, mode)
    outlines = [outline("a", valid=True), outline("b", valid=False)]
    state = SessionState(tmp_path / "x.cstudio", OutlineStore(outlines))
    made = TreePanel(state, runner)
    qtbot.addWidget(made)
    made.resize(340, 300)
    made.show()
    picture = made.view.viewport().grab().toImage()
    colours = theme.current()
    found = {}
    for one, colour in zip(outlines, (colours.good, colours.bad), strict=True):
        rect = made.view.visualRect(made.model.index_of(one.id))
        pixels = [
            (x, y - rect.top())
            for x in range(rect.right() - 24, rect.right())
            for y in range(rect.top(), rect.top() + 24)
            if picture.pixelColor(x, y) == QColor(colour)
        ]
        found[one.id] = set(pixels)
    assert len(found["a"]) > 40
    assert len(found["b"]) > 40
    assert found["a"] != found["b"]
    made.close_panel()


def test_that_ten_thousand_nodes_are_on_screen_within_a_second(qtbot, tmp_path, runner) -> None:
    many = [outline("0"), *(outline(str(i), str((i - 1) // 3)) for i in range(1, 10_000))]
    store = OutlineStore(many)
    state = SessionState(tmp_path / "x.cstudio", store)
    started = perf_counter()
    made = TreePanel(state, runner)
    qtbot.addWidget(made)
    made.resize(340, 600)
    made.show()
    made.grab()
    assert perf_counter() - started < 1.0
    assert len(store.crystals_read) < 15
    made.close_panel()


def test_that_answers_are_joined_by_a_line_and_branches_leave_it_by_an_arm(qtbot, tmp_path, runner) -> None:
    family = [outline("a"), outline("b", "a"), outline("c", "a"), outline("z")]  # a - b, with c branching off; z apart
    made = TreePanel(SessionState(tmp_path / "x.cstudio", OutlineStore(family)), runner)
    qtbot.addWidget(made)
    made.resize(340, 500)
    made.show()
    picture = made.view.viewport().grab().toImage()
    line = QColor(theme.current().muted)
    rows = {one.id: made.view.visualRect(made.model.index_of(one.id)) for one in family}
    trunk, branch = (made.view.indentation() * (level + 0.5) for level in (0, 1))

    def is_line(x: float, y: int) -> bool:
        return picture.pixelColor(int(x), y) == line

    assert rows["a"].top() < rows["c"].top() < rows["b"].top() < rows["z"].top()
    assert all(is_line(trunk, y) for y in range(rows["a"].center().y() + 8, rows["b"].center().y() - 8))
    assert all(is_line(x, rows["c"].center().y()) for x in range(int(trunk) + 8, int(branch) - 5))
    assert not any(is_line(trunk, y) for y in range(rows["b"].center().y() + 8, rows["z"].center().y() - 8))
    made.close_panel()
