"""The design tree as a Qt model that is built as far as it is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import pairwise
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.history.row_text import row_summary
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.history.tree_runs import Runs
from crystal_studio.ui.notation import plain_tooltip
from crystal_studio.ui.session_state import SessionState

THUMBNAIL_SIZE = 56
MAX_NAME_LENGTH = 120
_TOP = -1
_FEW = 100
_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class NodeRole(IntEnum):
    """What the model says of a node beyond Qt's own roles."""

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


@dataclass(frozen=True)
class Filter:
    """Which nodes are listed.

    Attributes:
        words: all of them must occur in formula, name, message or note.
        starred: only favourites.
    """

    words: tuple[str, ...] = ()
    starred: bool = False

    @property
    def lets_all_pass(self) -> bool:
        """Whether nothing is left out."""
        return not self.words and not self.starred


class TreeModel(QAbstractItemModel):
    """Nodes of the session; levels are laid out as `tree_runs` says, and as a plain list while a filter is set.

    Signals:
        problem: a sentence about something that could not be stored.
    """

    problem = Signal(str)

    def __init__(self, state: SessionState, shelf: ThumbnailShelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._shelf = shelf
        self._told = {one.id for one in state.outlines()}
        self._ids: list[str] = []
        self._ordinals: dict[str, int] = {}
        self._levels: dict[int, Runs] = {}
        self._level_of: dict[str, int] = {}
        self._filter = Filter()
        self._shown = state.current.id if state.current else None
        self._branch = self._ids_of_branch()
        state.node_added.connect(self._insert)
        state.marks_changed.connect(self._refresh)
        state.current_changed.connect(self._follow)
        shelf.drawn.connect(self._refresh)

    def close(self) -> None:
        """Listen no more."""
        self._state.node_added.disconnect(self._insert)
        self._state.marks_changed.disconnect(self._refresh)
        self._state.current_changed.disconnect(self._follow)
        self._shelf.drawn.disconnect(self._refresh)

    # What Qt asks.

    def index(self, row: int, column: int, parent: Index = _NOWHERE) -> QModelIndex:
        """The index of a row of a level."""
        if column != 0 or row < 0 or row >= self.rowCount(parent):
            return QModelIndex()
        return self.createIndex(row, 0, self._ordinal(self._level(self._key(parent)).ids[row]))

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        """The node that the level of a node branches from."""
        if not index.isValid():
            return QModelIndex()
        return self._index_of_ordinal(self._level_of[self._ids[index.internalId()]])

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Rows of the level below an index."""
        if parent.isValid() and (parent.column() != 0 or not self._may_branch(parent)):
            return 0
        return len(self._level(self._key(parent)).ids)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """One: the delegate paints everything into it."""
        return 1

    def hasChildren(self, parent: Index = _NOWHERE) -> bool:
        """Known without laying the level out."""
        return self._may_branch(parent) if parent.isValid() else self.rowCount() > 0

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows can be chosen and renamed."""
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """One fact about a node."""
        if not index.isValid():
            return None
        answer = _ANSWERS.get(role)
        return answer(self, self._state.outline(self._ids[index.internalId()])) if answer else None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Give a node a name; an empty one takes it away."""
        if not index.isValid() or role != Qt.ItemDataRole.EditRole:
            return False
        node_id = self._ids[index.internalId()]
        name = str(value).strip()[:MAX_NAME_LENGTH]
        try:
            self._state.set_mark(node_id, replace(self._state.mark(node_id), name=name))
        except StudioError as error:
            self.problem.emit(str(error))
            return False
        return True

    # What the view and the panel ask.

    def index_of(self, node_id: str) -> QModelIndex:
        """Where a node is; an invalid index where the filter leaves it out."""
        if node_id not in self._told:
            return QModelIndex()
        self._level(_TOP)
        if not self._filter.lets_all_pass:
            return self._at(_TOP, node_id) if node_id in self._level_of else QModelIndex()
        path = self._state.branch(node_id)
        key = _TOP
        for above, below in pairwise(path):
            if self.children(above.id)[0] != below.id:  # a branch: one level deeper
                key = self._ordinal(above.id)
                self._level(key)
        return self._at(key, node_id)

    def runs(self, parent: Index) -> Runs:
        """The layout of the level below an index."""
        return self._level(self._key(parent))

    @property
    def filter(self) -> Filter:
        """Which nodes are listed."""
        return self._filter

    def set_filter(self, chosen: Filter) -> None:
        """List only the nodes that pass."""
        if chosen == self._filter:
            return
        self.beginResetModel()
        self._filter = chosen
        self._levels.clear()
        self._level_of.clear()
        self.endResetModel()

    # Levels.

    def _level(self, key: int) -> Runs:
        if key not in self._levels:
            self._levels[key] = self._laid_out(key)
            self._level_of.update(dict.fromkeys(self._levels[key].ids, key))
        return self._levels[key]

    def children(self, node_id: str | None) -> list[str]:
        """The answers to a node that Qt has been told of; the session may be one ahead."""
        return [answer for answer in self._state.children(node_id) if answer in self._told]

    def _laid_out(self, key: int) -> Runs:
        if not self._filter.lets_all_pass:
            return Runs([one.id for one in self._state.outlines() if self._passes(one)], _Flat())
        return Runs(self.children(None) if key == _TOP else self.children(self._ids[key])[1:], self)

    def _passes(self, outline: NodeOutline) -> bool:
        mark = self._state.mark(outline.id)
        text = f"{outline.formula} {mark.name} {outline.message} {mark.note}".casefold()
        return (mark.starred or not self._filter.starred) and all(word in text for word in self._filter.words)

    def _may_branch(self, index: Index) -> bool:
        return self._filter.lets_all_pass and len(self.children(self._ids[index.internalId()])) > 1

    def _key(self, parent: Index) -> int:
        return parent.internalId() if parent.isValid() else _TOP

    def _ordinal(self, node_id: str) -> int:
        if node_id not in self._ordinals:
            self._ordinals[node_id] = len(self._ids)
            self._ids.append(node_id)
        return self._ordinals[node_id]

    def _at(self, key: int, node_id: str) -> QModelIndex:
        return self.createIndex(self._level(key).row(node_id), 0, self._ordinal(node_id))

    def _index_of_ordinal(self, ordinal: int) -> QModelIndex:
        if ordinal == _TOP:
            return QModelIndex()
        node_id = self._ids[ordinal]
        return self.createIndex(self._levels[self._level_of[node_id]].row(node_id), 0, ordinal)

    # What the session says.

    def _insert(self, outline: NodeOutline) -> None:
        parent = outline.parent
        if not self._filter.lets_all_pass:
            if self._passes(outline):
                self._append(_TOP, outline.id)
        elif parent is None:
            self._append(_TOP, outline.id)
        elif self.children(parent):
            self._branch_off(parent, outline.id)
        elif parent in self._level_of:
            key = self._level_of[parent]
            self._put(key, self._levels[key].row(parent) + 1, outline.id, is_head=False)
        self._told.add(outline.id)  # where its level is not laid out yet, nothing else is to be done
        self._refresh_siblings(outline)

    def _append(self, key: int, node_id: str) -> None:
        if key in self._levels:
            self._put(key, len(self._levels[key].ids), node_id, is_head=True)

    def _branch_off(self, parent: str, node_id: str) -> None:
        if parent in self._level_of:
            key = self._ordinal(parent)
            self._level(key)
            self._append(key, node_id)

    def _put(self, key: int, row: int, node_id: str, is_head: bool) -> None:
        self.beginInsertRows(self._index_of_ordinal(key), row, row)
        self._told.add(node_id)
        self._levels[key].insert(row, node_id, is_head)
        self._level_of[node_id] = key
        self.endInsertRows()

    def _refresh_siblings(self, outline: NodeOutline) -> None:
        if outline.parent is not None:
            for node_id in (outline.parent, *self._state.children(outline.parent)):
                self._refresh(node_id)

    def _refresh(self, node_id: str) -> None:
        if node_id in self._level_of and self._level_of[node_id] in self._levels:
            index = self._at(self._level_of[node_id], node_id)
            self.dataChanged.emit(index, index)

    def _follow(self, node: Node | None) -> None:
        before, shown_before = self._branch, self._shown
        self._shown = node.id if node else None
        self._branch = self._ids_of_branch()
        changed = (before ^ self._branch) | {shown for shown in (shown_before, self._shown) if shown}
        if len(changed) <= _FEW:
            for node_id in changed:
                self._refresh(node_id)
        else:
            self._refresh_levels()

    def _refresh_levels(self) -> None:
        for level in self._levels.values():
            if level.ids:
                self.dataChanged.emit(*(self._at(self._level_of[end], end) for end in (level.ids[0], level.ids[-1])))

    def _ids_of_branch(self) -> frozenset[str]:
        return frozenset(one.id for one in self._state.branch(self._shown)) if self._shown else frozenset()

    def _siblings(self, outline: NodeOutline) -> tuple[int, int]:
        """Its place among the answers of its parent, from 1, and how many those are."""
        if outline.parent is None:
            return 1, 1
        answers = self._state.children(outline.parent)
        return answers.index(outline.id) + 1, len(answers)

    def _summary(self, outline: NodeOutline) -> str:
        return row_summary(outline, self._state.mark(outline.id), self._siblings(outline))

    def _picture(self, outline: NodeOutline) -> Any:
        return self._shelf.picture(outline.id, lambda: self._state.crystal_of(outline.id))


class _Flat:
    """A tree in which nothing has an answer: every node of a filtered list stands alone."""

    def children(self, node_id: str | None) -> list[str]:
        return []


_Answer = Callable[[TreeModel, NodeOutline], Any]
_ANSWERS: dict[int, _Answer] = {
    Qt.ItemDataRole.DisplayRole: lambda model, one: model._state.mark(one.id).name or one.formula,
    Qt.ItemDataRole.EditRole: lambda model, one: model._state.mark(one.id).name,
    Qt.ItemDataRole.ToolTipRole: lambda model, one: plain_tooltip(model._summary(one)),
    Qt.ItemDataRole.AccessibleTextRole: lambda model, one: model._summary(one).replace("\n", ", "),
    NodeRole.ID: lambda _, one: one.id,
    NodeRole.OUTLINE: lambda _, one: one,
    NodeRole.MARK: lambda model, one: model._state.mark(one.id),
    NodeRole.FORMULA: lambda _, one: one.formula,
    NodeRole.NAME: lambda model, one: model._state.mark(one.id).name,
    NodeRole.SPACE_GROUP: lambda _, one: one.space_group,
    NodeRole.GAP_EV: lambda _, one: one.band_gap_ev,
    NodeRole.HULL_ENERGY_EV: lambda _, one: one.e_above_hull_ev,
    NodeRole.VALID: lambda _, one: one.valid,
    NodeRole.STRENGTH: lambda _, one: one.strength,
    NodeRole.SEED: lambda _, one: one.seed,
    NodeRole.MODEL: lambda _, one: one.language_model,
    NodeRole.STARRED: lambda model, one: model._state.mark(one.id).starred,
    NodeRole.CREATED: lambda _, one: one.created,
    NodeRole.MESSAGE: lambda _, one: one.message,
    NodeRole.THUMBNAIL: lambda model, one: model._picture(one),
    NodeRole.SIBLINGS: lambda model, one: model._siblings(one),
    NodeRole.SHOWN: lambda model, one: one.id == model._shown,
    NodeRole.ON_BRANCH: lambda model, one: one.id in model._branch,
}
