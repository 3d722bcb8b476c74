"""The history of a project: every node, how it came from others, what is looked for, and what can be done with one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.history import row_text
from crystal_studio.ui.history.hiding import ask_to_hide
from crystal_studio.ui.history.matches_model import MatchesModel
from crystal_studio.ui.history.node_model import THUMBNAIL_SIZE, NodeModel, NodeRole
from crystal_studio.ui.history.node_view import NodeView
from crystal_studio.ui.history.note_editor import NoteEditor
from crystal_studio.ui.history.search_bar import SearchBar
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.history.tree_menu import TreeMenu
from crystal_studio.ui.history.tree_model import TreeModel
from crystal_studio.ui.history.tree_view import TreeView
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.session_state import SessionState

_Offer = tuple[str, Callable[[str], object]]


class TreePanel(QWidget):
    """Click shows a node; a message sent then branches from it. A search lists its matches in place of the tree.

    Signals:
        branch_requested: id of a node that was made current so that the next message answers it.
        sheet_requested: id of a node that a contact sheet is wanted of.
        compare_asked: ids of nodes to set side by side.
        comparison_grown: id of a node to take into the comparison.
        export_asked: id of a node to write to a file.
        replay_asked: id of a node to run again.
    """

    title = "History"
    object_name = "tree"
    branch_requested = Signal(str)
    sheet_requested = Signal(str)
    compare_asked = Signal(object)
    comparison_grown = Signal(str)
    export_asked = Signal(str)
    replay_asked = Signal(str)

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._shelf = ThumbnailShelf(THUMBNAIL_SIZE, parent=self)
        self.model = TreeModel(state, self._shelf, self)
        self.matches = MatchesModel(state, self._shelf, self)
        self.view = TreeView(self.model)
        self.found = NodeView(self.matches, "Nodes that match the search")
        self.search = SearchBar()
        self.note = NoteEditor()
        self.count = PlainLabel()
        self._message = PlainLabel(wraps=True)
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_what_there_is()
        self._follow(state.current)

    def close_panel(self) -> None:
        """Listen no more."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        for part in (self.model, self.matches, self._shelf):
            part.close()
        self.search.close_bar()

    @property
    def is_searching(self) -> bool:
        """Whether matches are listed in place of the tree."""
        return self.search.query != NodeQuery()

    @property
    def selected(self) -> list[str]:
        """Ids of the nodes that are selected, from top to bottom."""
        view = self.found if self.is_searching else self.view
        rows = sorted(view.selectionModel().selectedIndexes(), key=lambda index: index.row())
        return [one for one in (index.data(NodeRole.ID) for index in rows) if one is not None]

    def _lay_out(self) -> None:
        self._message.hide()
        self.count.hide()
        self.count.setEnabled(False)  # the palette's muted colour
        for page in (
            EmptyHint("Every crystal that you make appears here. Write a wish in the chat to make the first one."),
            EmptyHint("No node matches the search. Escape goes back to the tree."),
            self.view,
            self.found,
        ):
            self._stack.addWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.search)
        layout.addWidget(self.count)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._message)
        layout.addWidget(self.note)
        self.search.more.setMenu(TreeMenu(self._state, self.search, self.model, self._do))
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        for view in (self.view, self.found):
            view.chosen.connect(self.show_node)
            view.hiding_asked.connect(self.hide_node)
            view.left.connect(self.leave_search)
            view.customContextMenuRequested.connect(self._open_menu)
        for model in (self.model, self.matches):
            model.problem.connect(self._complain)
        self.note.saved.connect(self._keep_note)
        self.note.closed.connect(self._focus_list)
        self.search.asked.connect(self._list_matches)
        self.search.line.left.connect(self.leave_search)
        self.search.line.entered.connect(self._focus_list)
        self.model.rowsInserted.connect(self._follow_inserted)
        self.model.modelReset.connect(lambda: self._follow(self._state.current))
        self._links = (
            (self._state.current_changed, self._follow),
            (self._state.node_added, self._node_came),
            (self._state.tree_changed, self._node_came),
        )
        for signal, slot in self._links:
            signal.connect(slot)

    # What the person does.

    def show_node(self, node_id: str) -> None:
        """Make a node the current one."""
        current = self._state.current
        if current is None or current.id != node_id or self._state.crystal is not current.crystal:
            self._do(lambda: self._state.set_current(node_id))

    def branch_from(self, node_id: str) -> None:
        """Show a node and ask for the message that answers it."""
        self.show_node(node_id)
        self.branch_requested.emit(node_id)

    def rename(self, node_id: str) -> None:
        """Edit the name in its row; the search gives way where it leaves the node out."""
        view: NodeView = self.found if self.is_searching else self.view
        model: NodeModel = self.matches if self.is_searching else self.model
        if not model.index_of(node_id).isValid():
            self.search.put(NodeQuery())
            view, model = self.view, self.model
            self.model.reveal(node_id)
        view.setCurrentIndex(model.index_of(node_id))
        view.edit(model.index_of(node_id))

    def toggle_star(self, node_id: str) -> None:
        """Star a node, or take the star away."""
        mark = self._state.mark(node_id)
        self._do(lambda: self._state.set_mark(node_id, replace(mark, starred=not mark.starred)))

    def edit_note(self, node_id: str) -> None:
        """Open the note below the tree."""
        mark = self._state.mark(node_id)
        self.note.edit(node_id, row_text.title(self._state.outline(node_id), mark), mark.note)

    def hide_node(self, node_id: str) -> None:
        """Ask whether a node and all below it are to be hidden; a hidden one comes back."""
        if self._state.mark(node_id).is_hidden:
            self._do(lambda: self._state.show_again(node_id))
        else:
            self._do(lambda: ask_to_hide(self._state, node_id, self, self._do))

    def leave_search(self) -> None:
        """Go back to the tree, at the node that is shown."""
        self.search.put(NodeQuery())
        self._follow(self._state.current)
        self.view.setFocus()

    def menu(self, node_id: str) -> QMenu:
        """What can be done with a node."""
        made = QMenu(self)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, does in self._offers(node_id, self._state.mark(node_id)):
            action = QAction(text, made)
            action.triggered.connect(lambda _checked=False, does=does: does(node_id))
            made.addAction(action)
        return made

    def _offers(self, node_id: str, mark: Mark) -> tuple[_Offer, ...]:
        several = [one for one in self.selected if one != node_id]
        whom = [node_id, *several][:4] if several else [self._state.current.id if self._state.current else "", node_id]
        compare = (("&Compare with the one that is shown" if not several else "&Compare the selected ones"),
                   lambda _one: self.compare_asked.emit(whom))  # fmt: skip
        return (
            ("&Show\tEnter", self.show_node),
            ("&Branch from here", self.branch_from),
            ("Contact s&heet…", self.sheet_requested.emit),
            *((compare,) if len(set(whom) - {""}) > 1 else ()),
            ("&Add to the comparison", self.comparison_grown.emit),
            ("&Export…", self.export_asked.emit),
            ("Run a&gain and compare", self.replay_asked.emit),
            ("&Rename\tF2", self.rename),
            ("Remove s&tar" if mark.starred else "S&tar", self.toggle_star),
            ("Edit &note…" if mark.note else "Add a &note…", self.edit_note),
            ("Sho&w again\tDel" if mark.is_hidden else "Hi&de…\tDel", self.hide_node),
            ("Cop&y id", QGuiApplication.clipboard().setText),
        )

    def _open_menu(self, where: QPoint) -> None:
        view = self.found if self.is_searching else self.view
        index = view.indexAt(where)
        if not index.isValid():  # the menu key asks at the pointer, which may be elsewhere
            index = view.currentIndex()
            where = view.visualRect(index).center()
        if index.data(NodeRole.ID) is not None:
            self.menu(index.data(NodeRole.ID)).popup(view.viewport().mapToGlobal(where))

    def _keep_note(self, node_id: str, text: str) -> None:
        self._do(lambda: self._state.set_mark(node_id, replace(self._state.mark(node_id), note=text)))

    def _do(self, change: Callable[[], object]) -> None:
        try:
            change()
        except StudioError as error:
            self._complain(str(error))
        else:
            self._message.hide()

    def _complain(self, sentence: str) -> None:
        self._message.setText(sentence)
        self._message.show()

    def _focus_list(self) -> None:
        (self.found if self.is_searching else self.view).setFocus()

    # What the session does.

    def _list_matches(self, query: NodeQuery) -> None:
        """List what was found; what cannot be looked for is said beside the line."""
        if self.is_searching:
            try:
                self.matches.search(query)
            except StudioError as error:
                self.search.say(str(error))
                return
            self.count.setText(f"{self.matches.rowCount():,} of {self._state.num_nodes():,} nodes")
        self.count.setVisible(self.is_searching)
        self._show_what_there_is()
        self._follow(self._state.current)

    def _node_came(self, _outline: object = None) -> None:
        if self.is_searching:
            self._list_matches(self.search.query)
        else:
            self._show_what_there_is()

    def _show_what_there_is(self) -> None:
        if self.is_searching:
            page = self.found if self.matches.rowCount() else self._stack.widget(1)
        else:
            page = self.view if self.model.rowCount() else self._stack.widget(0)
        self._stack.setCurrentWidget(page)
        self.setFocusProxy(page if page in (self.view, self.found) else self.search.line)

    def _follow(self, node: Node | None) -> None:
        """Select the node that is shown, where it is listed."""
        view = self.found if self.is_searching else self.view
        if node is None:
            index = QModelIndex()
        else:
            index = self.matches.index_of(node.id) if self.is_searching else self.model.reveal(node.id)
        view.setCurrentIndex(index)
        if index.isValid():
            view.scrollTo(index)

    def _follow_inserted(self, _parent: QModelIndex, first: int, last: int) -> None:
        """Show the row of the current node where the chat made it current before the tree knew it."""
        current = self._state.current
        row = self.model.row_of(current.id) if current is not None else None
        if row is not None and first <= row <= last and self.view.currentIndex().row() != row:
            self._follow(current)
