"""What the window is looking at: the open project, its current node, and the nodes that were asked for lately."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.operation import Operation, OperationKind
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.trajectory import Frame
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.ui.node_memory import NodeMemory

NEWEST_FIRST = NodeQuery(is_descending=True)
_READ_AT_ONCE = 200
_TOLD_ONE_BY_ONE = 50


class SessionState(QObject):
    """The one place that views ask and listen to; it is written to by presenters only.

    Nothing here reads every node: pages, searches and single nodes are asked of the store, and kept for a while.

    Signals:
        current_changed: the current `Node`, or None when nothing is shown.
        crystal_changed: the `Crystal` to draw, or None: of the current node, or a candidate or cell looked at.
        node_added: the `NodeOutline` of a node that was just committed.
        marks_changed: id of a node whose name, star or note changed.
        tree_changed: other nodes than before are in the tree: some were hidden, shown again, or many came at once.
        operations_changed: what can be undone or done again is another operation than before.
    """

    current_changed = Signal(object)
    crystal_changed = Signal(object)
    node_added = Signal(object)
    marks_changed = Signal(str)
    tree_changed = Signal()
    operations_changed = Signal()

    def __init__(self, path: Path, store: HistoryStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self._store = store
        self._memory = NodeMemory(store)
        self._came: set[str] = set()
        self._newest_at_first = next((one.id for one in store.search(_with_hidden(), 0, 1)), None)
        self._current: Node | None = None
        self._crystal: Crystal | None = None

    @property
    def current(self) -> Node | None:
        """The node that is shown, and that the next message answers."""
        return self._current

    @property
    def crystal(self) -> Crystal | None:
        """The crystal that is drawn."""
        return self._crystal

    def set_current(self, node_id: str | None) -> None:
        """Show a node, or nothing (the next message is then a new wish).

        Raises:
            UserCorrectable: there is no such node.
        """
        self._current = self.node(node_id) if node_id is not None else None
        self.current_changed.emit(self._current)
        self.show_crystal(self._current.crystal if self._current else None)

    def show_crystal(self, crystal: Crystal | None) -> None:
        """Draw a crystal without changing the current node: a candidate, another cell, a frame."""
        self._crystal = crystal
        self.crystal_changed.emit(crystal)

    # One node

    def node(self, node_id: str) -> Node:
        """A whole node, remembered for a while.

        Raises:
            UserCorrectable: there is no such node.
        """
        return self._memory.node(node_id)

    def outline(self, node_id: str) -> NodeOutline:
        """One node in a line.

        Raises:
            UserCorrectable: there is no such node.
        """
        return self._memory.outline(node_id)

    def begun(self, prefix: str) -> NodeOutline:
        """The one node whose id begins so.

        Raises:
            UserCorrectable: there is none, or there are several.
        """
        return self._memory.begun(prefix)

    def crystal_of(self, node_id: str) -> Crystal:
        """A node's crystal without the rest of it, for thumbnails."""
        return self._memory.crystal(node_id)

    def frames(self, node_id: str) -> tuple[Frame, ...]:
        """How the node's crystal was denoised; empty where that was not kept."""
        return self._store.frames(node_id)

    def mark(self, node_id: str) -> Mark:
        """Name, star and note of a node, and whether it is hidden."""
        return self._memory.mark(node_id)

    # Nodes that belong together

    def page(
        self, parent: str | None, offset: int = 0, limit: int = _READ_AT_ONCE, hidden: bool = False
    ) -> list[NodeOutline]:
        """Answers to a node (roots for None), a page of them."""
        return self._memory.keep(self._store.page(parent, offset, limit, hidden))

    def child_counts(self, node_ids: Sequence[str], hidden: bool = False) -> dict[str, int]:
        """Node id -> number of its answers; nodes without any are left out."""
        return self._store.child_counts(node_ids, hidden)

    def lines(self, node_ids: Sequence[str], limit: int, hidden: bool = False) -> dict[str, list[str]]:
        """Node id -> its first answer, the first answer to that, and so on."""
        return self._store.lines(node_ids, limit, hidden)

    def way(self, node_id: str, hidden: bool = False) -> list[tuple[str, int]]:
        """From the root to a node: each id with its place among the answers to the same node, from 0.

        Raises:
            UserCorrectable: there is no such node.
        """
        return self._memory.way(node_id, hidden)

    def branch(self, node_id: str, most: int = 200) -> list[NodeOutline]:
        """The end of the path from the root to a node, at most so many.

        Raises:
            UserCorrectable: there is no such node.
        """
        way = [one for one, _ in self.way(node_id)][-most:]
        self._memory.read_outlines(way)
        return [self.outline(one) for one in way]

    def siblings(self, node_id: str) -> tuple[int, int]:
        """The place of a node among the answers to the same node (or the roots), from 0, and how many those are."""
        hidden = self.mark(node_id).is_hidden
        count = self._memory.child_count(self.outline(node_id).parent, hidden)
        return (self.way(node_id, hidden)[-1][1] if count > 1 else 0), max(count, 1)

    def sibling(self, node_id: str, step: int) -> str | None:
        """The node that stands `step` places after another in the same `page`."""
        hidden = self.mark(node_id).is_hidden
        place = self.way(node_id, hidden)[-1][1] + step
        found = self.page(self.outline(node_id).parent, place, 1, hidden) if place >= 0 else []
        return found[0].id if found else None

    def newest_answer(self, node_id: str) -> str | None:
        """The answer to a node that came last."""
        count = self.num_answers(node_id)
        return self.page(node_id, count - 1, 1)[0].id if count else None

    def read_ahead(self, node_ids: Sequence[str], hidden: bool = False) -> None:
        """Read outlines, marks and numbers of answers of many nodes at once, as a list is about to show them."""
        self._memory.read_ahead(node_ids, hidden)

    def num_answers(self, node_id: str | None, hidden: bool = False) -> int:
        """How many nodes answer a node, or begin a tree for None."""
        return self._memory.child_count(node_id, hidden)

    def num_nodes(self) -> int:
        """How many nodes there are, hidden ones among them."""
        return self._store.num_nodes()

    def newest(self) -> str | None:
        """The node that was committed last and is not hidden."""
        return self._store.newest()

    def recent(self, limit: int = _READ_AT_ONCE) -> list[NodeOutline]:
        """The newest nodes, newest first."""
        return self.search(NEWEST_FIRST, 0, limit)

    def search(self, query: NodeQuery, offset: int = 0, limit: int = _READ_AT_ONCE) -> list[NodeOutline]:
        """Nodes that meet a query, a page of them."""
        return self._memory.keep(self._store.search(query, offset, limit))

    def count(self, query: NodeQuery) -> int:
        """How many nodes meet a query."""
        return self._store.count(query)

    def subtree(self, node_id: str) -> list[str]:
        """Ids of a node and of everything below it."""
        return self._store.subtree(node_id)

    def visible(self, node_ids: Sequence[str]) -> list[str]:
        """Those of the nodes that are not hidden."""
        marks = self._store.marks(node_ids)
        return [one for one in node_ids if one not in marks or not marks[one].is_hidden]

    def sheets(self) -> list[str]:
        """Ids of the contact sheets, the newest first."""
        return self._store.sheets()

    # What is changed

    def set_mark(self, node_id: str, mark: Mark) -> None:
        """Store name, star and note of a node."""
        self._store.mark(node_id, mark)
        self._memory.forget_marks()
        self.marks_changed.emit(node_id)
        self.operations_changed.emit()

    def hide(self, node_ids: Sequence[str], is_hidden: bool = True) -> None:
        """Leave nodes out of the tree and of searches, or take them in again; moves away from what is hidden."""
        was_visible = self._is_current_visible()
        self._store.hide(node_ids, is_hidden)
        self._retell(was_visible)

    def saved_searches(self) -> dict[str, NodeQuery]:
        """Name -> query."""
        return self._store.saved_searches()

    def save_search(self, name: str, query: NodeQuery | None) -> None:
        """Keep a search under a name, or drop it for None."""
        self._store.save_search(name, query)
        self.operations_changed.emit()

    def operations(self, limit: int = 100) -> list[Operation]:
        """The newest operations, newest first."""
        return self._store.operations(limit)

    def undo(self) -> Operation | None:
        """Take back the newest operation that is not undone."""
        was_visible = self._is_current_visible()
        return self._tell_operation(self._store.undo(), was_visible)

    def redo(self) -> Operation | None:
        """Do the operation that was undone last again."""
        was_visible = self._is_current_visible()
        return self._tell_operation(self._store.redo(), was_visible)

    def compact(self) -> int:
        """Give unused pages back to the disk; returns the bytes won."""
        return self._store.compact()

    def add(self, node: Node) -> None:
        """Take in a node that an engine host has committed."""
        if node.id not in self._came:
            self._memory.take(node)
            self._take_in(NodeOutline.of(node))

    def take_in(self, node_id: str) -> None:
        """Take in a node by its id: a cell of a contact sheet, an imported crystal."""
        if node_id not in self._came:
            self._take_in(self.outline(node_id))

    def reread(self) -> None:
        """Take in nodes that were never reported: their host died after it had committed them, or they were merged."""
        unheard = self._unheard()
        if len(unheard) <= _TOLD_ONE_BY_ONE:
            for outline in unheard:
                self._take_in(outline)
        else:
            self._came.update(one.id for one in unheard)
            self._retell()

    def _unheard(self) -> list[NodeOutline]:
        found: list[NodeOutline] = []
        offset = 0
        while page := self.search(_with_hidden(), offset, _READ_AT_ONCE):
            for outline in page:
                if outline.id == self._newest_at_first:
                    return found[::-1]
                if outline.id not in self._came:
                    found.append(outline)
            offset += len(page)
        return found[::-1]

    def _take_in(self, outline: NodeOutline) -> None:
        self._came.add(outline.id)
        self._memory.keep([outline])
        self._memory.forget_tree()
        if not self.mark(outline.id).is_hidden:
            if outline.parent is not None and self.mark(outline.parent).is_hidden:
                self.show_again(outline.parent)  # or its answer could not be found in the tree
            self.node_added.emit(outline)
        self.operations_changed.emit()

    def show_again(self, node_id: str) -> None:
        """Take a hidden node into the tree again, with what it descends from."""
        way = [one for one, _ in self.way(node_id)]
        seen = set(self.visible(way))
        self.hide([one for one in way if one not in seen], is_hidden=False)

    def _tell_operation(self, operation: Operation | None, was_visible: bool) -> Operation | None:
        if operation is None:
            return None
        if operation.kind is OperationKind.MARK:
            self._memory.forget_marks()
            for node_id in operation.nodes:
                self.marks_changed.emit(node_id)
            self.operations_changed.emit()
        else:
            self._retell(was_visible)
        return operation

    def _is_current_visible(self) -> bool:
        return self._current is not None and not self.mark(self._current.id).is_hidden

    def _retell(self, was_visible: bool = False) -> None:
        """Say that the tree is another one; go away from the current node if it has just been hidden."""
        self._memory.forget_marks()
        self._memory.forget_tree()
        self.tree_changed.emit()
        self.operations_changed.emit()
        if was_visible and self._current is not None and self.mark(self._current.id).is_hidden:
            self.set_current(self._nearest_visible(self._current.id))

    def _nearest_visible(self, node_id: str) -> str | None:
        way = [one for one, _ in self.way(node_id)]
        return next(reversed(self.visible(way)), None) or self.newest()


def _with_hidden() -> NodeQuery:
    return NodeQuery(hidden=True, is_descending=True)
