"""The history of a project: every node, how it came from others, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.history import row_text
from crystal_studio.ui.history.note_editor import NoteEditor
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.history.tree_model import THUMBNAIL_SIZE, Filter, NodeRole, TreeModel
from crystal_studio.ui.history.tree_view import TreeView
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.session_state import SessionState

_MAX_EXPANDED = 300  # more nodes than this are opened only along the branch that is shown
_MAX_FILTER_LENGTH = 200


class TreePanel(QWidget):
    """Click shows a node; a message sent then branches from it.

    Signals:
        branch_requested: id of a node that was made current so that the next message answers it.
    """

    title = "History"
    object_name = "tree"
    branch_requested = Signal(str)

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._shelf = ThumbnailShelf(THUMBNAIL_SIZE, parent=self)
        self.model = TreeModel(state, self._shelf, self)
        self.view = TreeView(self.model)
        self.note = NoteEditor()
        self.words = QLineEdit(placeholderText="Filter: formula, name, message", clearButtonEnabled=True)
        self.starred = QCheckBox("Sta&rred")
        self._message = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show_what_there_is()
        self._expand()
        self._follow(state.current)

    def close_panel(self) -> None:
        """Listen no more."""
        self._state.current_changed.disconnect(self._follow)
        self._state.node_added.disconnect(self._show_what_there_is)
        self.model.close()
        self._shelf.close()

    def _lay_out(self) -> None:
        self.words.setMaxLength(_MAX_FILTER_LENGTH)
        self.words.setAccessibleName("Filter the history by words")
        self.starred.setToolTip("List starred nodes only")
        self._message.hide()
        for page in (
            EmptyHint("Every crystal that you make appears here. Write a wish in the chat to make the first one."),
            EmptyHint("No node matches the filter. Clear it to see all of them."),
            self.view,
        ):
            self._stack.addWidget(page)
        line = QHBoxLayout()
        line.addWidget(self.words, 1)
        line.addWidget(self.starred)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(line)
        layout.addWidget(self._stack, 1)
        layout.addWidget(self._message)
        layout.addWidget(self.note)
        self.setFocusProxy(self.view)

    def _connect(self) -> None:
        self.view.chosen.connect(self.show_node)
        self.view.customContextMenuRequested.connect(self._open_menu)
        self.note.saved.connect(self._keep_note)
        self.note.closed.connect(self.view.setFocus)
        self.words.textChanged.connect(self._apply_filter)
        self.starred.toggled.connect(self._apply_filter)
        self.model.problem.connect(self._complain)
        self.model.rowsInserted.connect(self._follow_inserted)
        self._state.current_changed.connect(self._follow)
        self._state.node_added.connect(self._show_what_there_is)

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
        """Edit the name in its row; the filter gives way where it leaves the node out."""
        if not self.model.index_of(node_id).isValid():
            self.starred.setChecked(False)
            self.words.clear()
        self._open_way_to(self.model.index_of(node_id))
        self.view.edit(self.model.index_of(node_id))

    def toggle_star(self, node_id: str) -> None:
        """Star a node, or take the star away."""
        mark = self._state.mark(node_id)
        self._do(lambda: self._state.set_mark(node_id, replace(mark, starred=not mark.starred)))

    def edit_note(self, node_id: str) -> None:
        """Open the note below the tree."""
        mark = self._state.mark(node_id)
        self.note.edit(node_id, row_text.title(self._state.outline(node_id), mark), mark.note)

    def menu(self, node_id: str) -> QMenu:
        """What can be done with a node."""
        made = QMenu(self)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, does in self._offers(node_id, self._state.mark(node_id)):
            action = QAction(text, made)
            action.triggered.connect(lambda _checked=False, does=does: does(node_id))
            made.addAction(action)
        return made

    def _offers(self, node_id: str, mark: Mark) -> tuple[tuple[str, Callable[[str], None]], ...]:
        return (
            ("&Show\tEnter", self.show_node),
            ("&Branch from here", self.branch_from),
            ("&Rename\tF2", self.rename),
            ("Remove s&tar" if mark.starred else "S&tar", self.toggle_star),
            ("Edit &note…" if mark.note else "Add a &note…", self.edit_note),
            ("&Copy id", QGuiApplication.clipboard().setText),
        )

    def _open_menu(self, where: QPoint) -> None:
        index = self.view.indexAt(where)
        if not index.isValid():  # the menu key asks at the pointer, which may be elsewhere
            index = self.view.currentIndex()
            where = self.view.visualRect(index).center()
        if index.isValid():
            self.menu(index.data(NodeRole.ID)).popup(self.view.viewport().mapToGlobal(where))

    def _keep_note(self, node_id: str, text: str) -> None:
        self._do(lambda: self._state.set_mark(node_id, replace(self._state.mark(node_id), note=text)))

    def _do(self, change: Callable[[], None]) -> None:
        try:
            change()
        except StudioError as error:
            self._complain(str(error))
        else:
            self._message.hide()

    def _complain(self, sentence: str) -> None:
        self._message.setText(sentence)
        self._message.show()

    # What the session does.

    def _apply_filter(self) -> None:
        words = tuple(self.words.text().casefold().split())
        self.model.set_filter(Filter(words, self.starred.isChecked()))
        self._show_what_there_is()
        self._expand()
        self._follow(self._state.current)

    def _show_what_there_is(self, _outline: object = None) -> None:
        if self.model.rowCount():
            self._stack.setCurrentWidget(self.view)
        else:
            self._stack.setCurrentIndex(0 if self.model.filter.lets_all_pass else 1)

    def _expand(self) -> None:
        if len(self._state.outlines()) <= _MAX_EXPANDED:
            self.view.expandAll()

    def _follow(self, node: Node | None) -> None:
        if node is None:
            self.view.setCurrentIndex(QModelIndex())
            return
        index = self.model.index_of(node.id)
        if index.isValid():
            self._open_way_to(index)
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index)

    def _open_way_to(self, index: QModelIndex) -> None:
        above = index.parent()
        while above.isValid():
            self.view.setExpanded(above, True)
            above = above.parent()

    def _follow_inserted(self, parent: QModelIndex, first: int, _last: int) -> None:
        """Open the branch that a new node begins; show it where the chat made it current before the tree knew it."""
        if parent.isValid():
            self.view.setExpanded(parent, True)
        current = self._state.current
        if current is not None and self.model.index(first, 0, parent).data(NodeRole.ID) == current.id:
            self._follow(current)
