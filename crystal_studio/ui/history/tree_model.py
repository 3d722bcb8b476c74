"""The design tree as a Qt model that is laid out as far as it is looked at."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QObject, Qt

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.history.node_model import Index, NodeModel
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.history.tree_layout import TreeLayout
from crystal_studio.ui.history.tree_rows import Kind, Row
from crystal_studio.ui.session_state import SessionState

_OPENED_WHOLE = 300  # a project with more nodes is opened only along the branch that is shown
_NOWHERE = QModelIndex()


class TreeModel(NodeModel):
    """Rows of the tree from top to bottom, nested ones among them."""

    def __init__(self, state: SessionState, shelf: ThumbnailShelf, parent: QObject | None = None) -> None:
        super().__init__(state, shelf, parent)
        self._is_building = False
        self.layout_ = TreeLayout(state, self._splice)
        self.rebuild()
        state.node_added.connect(self._add)
        state.tree_changed.connect(self.rebuild)

    def close(self) -> None:
        """Listen no more."""
        super().close()
        self.state.node_added.disconnect(self._add)
        self.state.tree_changed.disconnect(self.rebuild)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Rows that are laid out."""
        return 0 if parent.isValid() else len(self.layout_.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """One fact about a node; a gap says what is missing."""
        if index.isValid() and role == Qt.ItemDataRole.DisplayRole and self.row(index.row()).kind is not Kind.NODE:
            return f"… {self.row(index.row()).kind.value}"
        return super().data(index, role)

    def row(self, row: int) -> Row:
        """What stands in a row."""
        return self.layout_.rows[row]

    def node_at(self, row: int) -> str | None:
        """Id of the node in a row, None in a gap."""
        found = self.row(row)
        return found.node if found.kind is Kind.NODE else None

    def row_of(self, node_id: str) -> int | None:
        """The row of a node, None where it is not laid out."""
        return self.layout_.rows.place(node_id)

    def reveal(self, node_id: str) -> QModelIndex:
        """Lay out the way to a node; an invalid index where it is hidden or unknown."""
        try:
            row = self.layout_.reveal(node_id)
        except StudioError as error:
            self.problem.emit(str(error))
            return QModelIndex()
        return self.index(row, 0) if row is not None else QModelIndex()

    def set_open(self, row: int, is_open: bool) -> None:
        """Lay the branches of a node out, or take them away."""
        if is_open:
            self.layout_.open(row)
        else:
            self.layout_.close(row)
        self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    def show_hidden(self, shows_hidden: bool) -> None:
        """List hidden nodes too, or leave them out."""
        self.shows_hidden = self.layout_.hidden = shows_hidden
        self.rebuild()

    def rebuild(self) -> None:
        """Lay out anew: the roots, what was open before, and the way to the current node."""
        opened = self.layout_.opened()
        current = self.state.current
        self._is_building = True
        self.beginResetModel()
        self.layout_.build(current.id if current else None)
        self._open_again(opened[-_OPENED_WHOLE:])
        self._is_building = False
        self.endResetModel()

    def close_all(self) -> None:
        """Lay out anew, with the way to the current node alone."""
        for node in self.layout_.opened():
            row = self.row_of(node)
            if row is not None:
                self.layout_.close(row)
        if self.state.current is not None:
            self.reveal(self.state.current.id)

    def _open_again(self, nodes: Sequence[str]) -> None:
        if self.state.num_nodes() <= _OPENED_WHOLE:
            self.open_all()
        for node in nodes:
            row = self.row_of(node)
            if row is not None:
                self.layout_.open(row)

    def open_all(self) -> None:
        """Lay out the branches of every node that has a row, and of those that come with them."""
        row = 0
        while row < self.rowCount() <= 2 * _OPENED_WHOLE:
            self.layout_.open(row)
            row += 1

    def _siblings(self, outline: NodeOutline) -> tuple[int, int]:
        """Its place among the answers of its parent, from 1, and how many those are; wishes are not counted."""
        row = self.row_of(outline.id)
        if outline.parent is None or row is None:
            return 1, 1
        return self.row(row).place + 1, self.state.num_answers(outline.parent, self.shows_hidden)

    def _add(self, outline: NodeOutline) -> None:
        self.layout_.add(outline)
        if outline.parent is not None:
            self.refresh_all()  # how many siblings they are, and whether they have branches

    def _splice(self, at: int, removed: int, rows: Sequence[Row]) -> None:
        """Tell Qt of every change, unless all rows are made anew."""
        if self._is_building:
            self.layout_.rows.splice(at, removed, rows)
            return
        if removed:
            self.beginRemoveRows(QModelIndex(), at, at + removed - 1)
            self.layout_.rows.splice(at, removed, [])
            self.endRemoveRows()
        if rows:
            self.beginInsertRows(QModelIndex(), at, at + len(rows) - 1)
            self.layout_.rows.splice(at, 0, rows)
            self.endInsertRows()
