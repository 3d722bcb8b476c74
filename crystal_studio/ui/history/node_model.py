"""What a list of nodes says of each row, whichever nodes it lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.history.row_text import row_summary
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.notation import plain_tooltip
from crystal_studio.ui.session_state import SessionState

THUMBNAIL_SIZE = 56
MAX_NAME_LENGTH = 120
_AHEAD = 32
Index = QModelIndex | QPersistentModelIndex


class NodeRole(IntEnum):
    """What a model says of a node beyond Qt's own roles."""

    ID = Qt.ItemDataRole.UserRole + 1
    OUTLINE = Qt.ItemDataRole.UserRole + 2
    MARK = Qt.ItemDataRole.UserRole + 3
    FORMULA = Qt.ItemDataRole.UserRole + 4
    NAME = Qt.ItemDataRole.UserRole + 5
    SPACE_GROUP = Qt.ItemDataRole.UserRole + 6
    GAP_EV = Qt.ItemDataRole.UserRole + 7
    HULL_ENERGY_EV = Qt.ItemDataRole.UserRole + 8
    VALID = Qt.ItemDataRole.UserRole + 9
    STRENGTH = Qt.ItemDataRole.UserRole + 10
    SEED = Qt.ItemDataRole.UserRole + 11
    MODEL = Qt.ItemDataRole.UserRole + 12
    STARRED = Qt.ItemDataRole.UserRole + 13
    CREATED = Qt.ItemDataRole.UserRole + 14
    MESSAGE = Qt.ItemDataRole.UserRole + 15
    THUMBNAIL = Qt.ItemDataRole.UserRole + 16
    SIBLINGS = Qt.ItemDataRole.UserRole + 17
    SHOWN = Qt.ItemDataRole.UserRole + 18
    ON_BRANCH = Qt.ItemDataRole.UserRole + 19


class NodeModel(QAbstractListModel):
    """Rows of nodes; an outline is read when its row is painted.

    Signals:
        problem: a sentence about something that could not be stored or read.
    """

    problem = Signal(str)

    def __init__(self, state: SessionState, shelf: ThumbnailShelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self._shelf = shelf
        self.shows_hidden = False
        self._branch = self._way_to(state.current)
        self._links = (
            (state.marks_changed, self.refresh),
            (state.current_changed, self._follow),
            (shelf.drawn, self.refresh),
        )
        for signal, slot in self._links:
            signal.connect(slot)

    def close(self) -> None:
        """Listen no more."""
        for signal, slot in self._links:
            signal.disconnect(slot)

    def node_at(self, row: int) -> str | None:
        """Id of the node in a row, None where the row is no node."""
        raise NotImplementedError

    def row_of(self, node_id: str) -> int | None:
        """The row of a node that is listed."""
        raise NotImplementedError

    def outline_at(self, row: int) -> NodeOutline | None:
        """The node in a row, None where the row is no node."""
        node_id = self.node_at(row)
        return self.state.outline(node_id) if node_id is not None else None

    def index_of(self, node_id: str) -> QModelIndex:
        """Where a node is; an invalid index where it is not listed."""
        row = self.row_of(node_id)
        return self.index(row, 0) if row is not None else QModelIndex()

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Nodes can be chosen and renamed."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self.node_at(index.row()) is None:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One fact about a node."""
        answer = _ANSWERS.get(role)
        if not index.isValid() or answer is None:
            return None
        try:
            outline = self.outline_at(index.row())
            return answer(self, outline) if outline is not None else None
        except StudioError as error:  # the file cannot be read now; the row stays empty
            self.problem.emit(str(error))
            return None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Give a node a name; an empty one takes it away."""
        node_id = self.node_at(index.row()) if index.isValid() else None
        if node_id is None or role != Qt.ItemDataRole.EditRole:
            return False
        name = str(value).strip()[:MAX_NAME_LENGTH]
        try:
            self.state.set_mark(node_id, replace(self.state.mark(node_id), name=name))
        except StudioError as error:
            self.problem.emit(str(error))
            return False
        return True

    def read_ahead(self, first: int, last: int) -> None:
        """Read marks and numbers of answers of the rows that are about to be painted, in two queries."""
        rows = range(max(first - _AHEAD, 0), min(last + _AHEAD, self.rowCount()))
        self.state.read_ahead([one for one in map(self.node_at, rows) if one is not None], self.shows_hidden)

    def refresh(self, node_id: str) -> None:
        """Paint a node anew."""
        row = self.row_of(node_id)
        if row is not None:
            self.dataChanged.emit(self.index(row, 0), self.index(row, 0))

    def refresh_all(self) -> None:
        """Paint every row in sight anew."""
        if self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(self.rowCount() - 1, 0))

    def _follow(self, node: Node | None) -> None:
        self._branch = self._way_to(node)
        self.refresh_all()

    def _way_to(self, node: Node | None) -> frozenset[str]:
        return frozenset(one for one, _ in self.state.way(node.id)) if node else frozenset()

    def _is_shown(self, node_id: str) -> bool:
        return self.state.current is not None and self.state.current.id == node_id

    def _siblings(self, outline: NodeOutline) -> tuple[int, int]:
        """Its place among the answers of its parent, from 1, and how many those are, where the list tells it."""
        return 1, 1

    def _summary(self, outline: NodeOutline) -> str:
        return row_summary(outline, self.state.mark(outline.id), self._siblings(outline))

    def _picture(self, outline: NodeOutline) -> Any:
        return self._shelf.picture(outline.id, lambda: self.state.crystal_of(outline.id))


_Answer = Callable[[NodeModel, NodeOutline], Any]
_ANSWERS: dict[int, _Answer] = {
    Qt.ItemDataRole.DisplayRole: lambda model, one: model.state.mark(one.id).name or one.formula,
    Qt.ItemDataRole.EditRole: lambda model, one: model.state.mark(one.id).name,
    Qt.ItemDataRole.ToolTipRole: lambda model, one: plain_tooltip(model._summary(one)),
    Qt.ItemDataRole.AccessibleTextRole: lambda model, one: model._summary(one).replace("\n", ", "),
    NodeRole.ID: lambda _, one: one.id,
    NodeRole.OUTLINE: lambda _, one: one,
    NodeRole.MARK: lambda model, one: model.state.mark(one.id),
    NodeRole.FORMULA: lambda _, one: one.formula,
    NodeRole.NAME: lambda model, one: model.state.mark(one.id).name,
    NodeRole.SPACE_GROUP: lambda _, one: one.space_group,
    NodeRole.GAP_EV: lambda _, one: one.band_gap_ev,
    NodeRole.HULL_ENERGY_EV: lambda _, one: one.e_above_hull_ev,
    NodeRole.VALID: lambda _, one: one.valid,
    NodeRole.STRENGTH: lambda _, one: one.strength,
    NodeRole.SEED: lambda _, one: one.seed,
    NodeRole.MODEL: lambda _, one: one.language_model,
    NodeRole.STARRED: lambda model, one: model.state.mark(one.id).starred,
    NodeRole.CREATED: lambda _, one: one.created,
    NodeRole.MESSAGE: lambda _, one: one.message,
    NodeRole.THUMBNAIL: lambda model, one: model._picture(one),
    NodeRole.SIBLINGS: lambda model, one: model._siblings(one),
    NodeRole.SHOWN: lambda model, one: model._is_shown(one.id),
    NodeRole.ON_BRANCH: lambda model, one: one.id in model._branch,
}
