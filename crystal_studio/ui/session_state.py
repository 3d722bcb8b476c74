"""What the window is looking at: the open project, its nodes and the current one."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.trajectory import Frame
from crystal_studio.ports.history_store import HistoryStore

_NODES_KEPT = 64


class SessionState(QObject):
    """The one place that views ask and listen to; it is written to by presenters only.

    Signals:
        current_changed: the current `Node`, or None when nothing is shown.
        crystal_changed: the `Crystal` to draw, or None: of the current node, or a candidate or cell looked at.
        node_added: the `NodeOutline` of a node that was just committed.
        marks_changed: id of a node whose name, star or note changed.
    """

    current_changed = Signal(object)
    crystal_changed = Signal(object)
    node_added = Signal(object)
    marks_changed = Signal(str)

    def __init__(self, path: Path, store: HistoryStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.path = path
        self._store = store
        self._outlines: dict[str, NodeOutline] = {one.id: one for one in store.outlines()}
        self._children: dict[str | None, list[str]] = {}
        for one in self._outlines.values():
            self._children.setdefault(one.parent, []).append(one.id)
        self._marks = store.marks()
        self._nodes: OrderedDict[str, Node] = OrderedDict()
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

    def node(self, node_id: str) -> Node:
        """A whole node, remembered for a while.

        Raises:
            UserCorrectable: there is no such node.
        """
        if node_id not in self._nodes:
            self._nodes[node_id] = self._store.node(node_id)
            while len(self._nodes) > _NODES_KEPT:
                self._nodes.popitem(last=False)
        self._nodes.move_to_end(node_id)
        return self._nodes[node_id]

    def outline(self, node_id: str) -> NodeOutline:
        """One node in a line.

        Raises:
            UserCorrectable: there is no such node.
        """
        if node_id not in self._outlines:
            raise UserCorrectable(f"There is no node '{node_id[:8]}' in {self.path.name}.")
        return self._outlines[node_id]

    def outlines(self) -> list[NodeOutline]:
        """All nodes in order of creation."""
        return list(self._outlines.values())

    def children(self, node_id: str | None) -> list[str]:
        """Ids of the nodes that answer a node (roots for None), in order of creation."""
        return list(self._children.get(node_id, ()))

    def branch(self, node_id: str) -> list[NodeOutline]:
        """The path from the root to a node."""
        path = [self.outline(node_id)]
        while path[-1].parent is not None:
            path.append(self.outline(path[-1].parent))
        return path[::-1]

    def crystal_of(self, node_id: str) -> Crystal:
        """A node's crystal without the rest of it, for thumbnails."""
        return self._nodes[node_id].crystal if node_id in self._nodes else self._store.crystal(node_id)

    def frames(self, node_id: str) -> tuple[Frame, ...]:
        """How the node's crystal was denoised; empty where that was not kept."""
        return self._store.frames(node_id)

    def mark(self, node_id: str) -> Mark:
        """Name, star and note of a node."""
        return self._marks.get(node_id, Mark())

    def set_mark(self, node_id: str, mark: Mark) -> None:
        """Store name, star and note of a node."""
        self._store.mark(node_id, mark)
        self._marks[node_id] = mark
        self.marks_changed.emit(node_id)

    def add(self, node: Node) -> None:
        """Take in a node that an engine host has committed."""
        if node.id in self._outlines:
            return
        self._nodes[node.id] = node
        self._take_in(NodeOutline.of(node))

    def reread(self) -> None:
        """Take in nodes of the project that were never reported, as their host died after it had committed them."""
        for outline in self._store.outlines():
            if outline.id not in self._outlines:
                self._take_in(outline)

    def _take_in(self, outline: NodeOutline) -> None:
        self._outlines[outline.id] = outline
        self._children.setdefault(outline.parent, []).append(outline.id)
        self.node_added.emit(outline)
