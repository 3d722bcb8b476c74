"""What was lately read of a project's nodes, so that painting a row asks the store once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ports.history_store import HistoryStore

_NODES, _OUTLINES, _MARKS, _WAYS, _COUNTS = 64, 4000, 4000, 8, 4000
_NEIGHBOURS = 64


Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(OrderedDict[Key, Value]):
    """The values that were used last."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def get_or_read(self, key: Key, read: Callable[[], Value]) -> Value:
        """The value of a key, read where it is not kept."""
        if key not in self:
            self.put(key, read())
        self.move_to_end(key)
        return self[key]

    def put(self, key: Key, value: Value) -> None:
        """Keep a value, and drop those that were not used for longest."""
        self[key] = value
        self.move_to_end(key)
        while len(self) > self._most:
            self.popitem(last=False)


class NodeMemory:
    """Asks the store, and keeps the latest answers."""

    def __init__(self, store: HistoryStore) -> None:
        self._store = store
        self._nodes: Kept[str, Node] = Kept(_NODES)
        self._outlines: Kept[str, NodeOutline] = Kept(_OUTLINES)
        self._marks: Kept[str, Mark] = Kept(_MARKS)
        self._ways: Kept[tuple[str, bool], list[tuple[str, int]]] = Kept(_WAYS)
        self._counts: Kept[tuple[str | None, bool], int] = Kept(_COUNTS)
        self._begun: Kept[str, NodeOutline] = Kept(_NODES)

    def node(self, node_id: str) -> Node:
        """A whole node.

        Raises:
            UserCorrectable: there is no such node.
        """
        return self._nodes.get_or_read(node_id, lambda: self._store.node(node_id))

    def outline(self, node_id: str) -> NodeOutline:
        """One node in a line.

        Raises:
            UserCorrectable: there is no such node.
        """
        return self._outlines.get_or_read(node_id, lambda: self._store.outline(node_id))

    def begun(self, prefix: str) -> NodeOutline:
        """The one node whose id begins so.

        Raises:
            UserCorrectable: there is none, or there are several.
        """
        return self._begun.get_or_read(prefix, lambda: NodeOutline.of(self._store.node(prefix)))

    def crystal(self, node_id: str) -> Crystal:
        """A node's crystal without the rest of it."""
        return self._nodes[node_id].crystal if node_id in self._nodes else self._store.crystal(node_id)

    def mark(self, node_id: str) -> Mark:
        """Name, star and note of a node, and whether it is hidden."""
        return self._marks.get_or_read(node_id, lambda: self._store.marks([node_id]).get(node_id, Mark()))

    def way(self, node_id: str, hidden: bool) -> list[tuple[str, int]]:
        """See `HistoryStore.path`."""
        return self._ways.get_or_read((node_id, hidden), lambda: self._store.path(node_id, hidden))

    def child_count(self, node_id: str | None, hidden: bool) -> int:
        """Number of answers to a node, or of roots."""

        def read() -> int:
            if node_id is None:
                return self._store.num_roots(hidden)
            return self._store.child_counts([node_id], hidden).get(node_id, 0)

        return self._counts.get_or_read((node_id, hidden), read)

    def read_ahead(self, node_ids: Sequence[str], hidden: bool) -> None:
        """Read what many rows need of their nodes at once."""
        self.read_outlines(node_ids)
        unmarked = [one for one in node_ids if one not in self._marks]
        if unmarked:
            found = self._store.marks(unmarked)
            for one in unmarked:
                self._marks.put(one, found.get(one, Mark()))
        uncounted = [one for one in node_ids if (one, hidden) not in self._counts]
        if uncounted:
            counted = self._store.child_counts(uncounted, hidden)
            for one in uncounted:
                self._counts.put((one, hidden), counted.get(one, 0))

    def read_outlines(self, node_ids: Sequence[str]) -> None:
        """Read the outlines that are not kept at once."""
        unread = [one for one in node_ids if one not in self._outlines]
        if unread:
            self.keep(self._store.outlines(unread))

    def keep(self, outlines: list[NodeOutline]) -> list[NodeOutline]:
        """Remember outlines that were read; gives them back."""
        for one in outlines:
            self._outlines.put(one.id, one)
        return outlines

    def take(self, node: Node) -> None:
        """Remember a whole node that came without being asked for."""
        self._nodes.put(node.id, node)

    def forget_marks(self) -> None:
        """Names, stars, notes and what is hidden may be other ones now."""
        self._marks.clear()

    def forget_tree(self) -> None:
        """Nodes have come or are hidden: places and numbers of answers are other ones now."""
        self._ways.clear()
        self._counts.clear()
        self._begun.clear()
