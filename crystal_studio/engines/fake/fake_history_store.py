"""A history in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.node_search import found, sheet_of
from crystal_studio.domain.operation import Operation, OperationKind
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.fake.script import Script

Step = Callable[[], None]


class FakeHistoryStore:
    """Keeps nodes in a dictionary.

    Attributes:
        script: True to commit as usual, exceptions or stalls, one for each call of `commit`.
    """

    def __init__(self) -> None:
        self.script: Script[bool] = Script()
        self._nodes: dict[str, Node] = {}
        self._frames: dict[str, tuple[Frame, ...]] = {}
        self._marks: dict[str, Mark] = {}
        self._searches: dict[str, NodeQuery] = {}
        self._operations: list[_Done] = []
        self._open = True

    def commit(self, node: Node, frames: Sequence[Frame] = ()) -> None:
        """Keep a node and how its crystal was denoised.

        Raises:
            ProjectUnavailable: the store is closed.
            UserCorrectable: the parent is not in this project.
        """
        self.script.play()
        self._refuse_closed()
        if node.parent is not None and node.parent not in self._nodes:
            raise UserCorrectable(f"There is no parent '{node.parent}' in this project. Commit it first.")
        self._nodes[node.id] = node
        self._frames[node.id] = tuple(frames)
        if sheet_of(node):
            self._show([node.id], is_hidden=True)
        else:
            shown, hidden = (partial(self._show, [node.id], is_hidden) for is_hidden in (False, True))
            self._done(OperationKind.ADD_NODES, f"add {node.crystal.formula}", [node.id], shown, hidden)

    def node(self, node_id: str) -> Node:
        """Find a node by its id or an unambiguous beginning of it.

        Raises:
            UserCorrectable: no such node, or several.
        """
        found = [node for name, node in self._nodes.items() if name.startswith(node_id)]
        if len(found) != 1:
            many = "several nodes begin" if found else "no node begins"
            raise UserCorrectable(f"In this project {many} with '{node_id[:40]}'. Give more of an id that it lists.")
        return found[0]

    def nodes(self) -> list[Node]:
        """All nodes in order of creation."""
        return list(self._nodes.values())

    def outlines(self, node_ids: Sequence[str] | None = None) -> list[NodeOutline]:
        """All nodes, or those given that there are, in one line each."""
        wanted = self._nodes if node_ids is None else set(node_ids)
        return [NodeOutline.of(node) for node_id, node in self._nodes.items() if node_id in wanted]

    def crystal(self, node_id: str) -> Crystal:
        """The committed crystal of a node, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """
        return self._known(node_id).crystal

    def frames(self, node_id: str) -> tuple[Frame, ...]:
        """How the committed crystal was denoised; empty where that was not kept."""
        return self._frames.get(node_id, ())

    def page(self, parent: str | None, offset: int = 0, limit: int = 200, hidden: bool = False) -> list[NodeOutline]:
        """Children of a node (roots for None) in order of creation, a page of them."""
        return [NodeOutline.of(node) for node in self._children(parent, hidden)[offset : offset + limit]]

    def outline(self, node_id: str) -> NodeOutline:
        """One node in a line, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """
        return NodeOutline.of(self._known(node_id))

    def branch(self, node_id: str) -> list[NodeOutline]:
        """The path from the root to a node.

        Raises:
            UserCorrectable: no such node.
        """
        return [self.outline(one) for one, _ in self.path(node_id)]

    def child_counts(self, node_ids: Sequence[str], hidden: bool = False) -> dict[str, int]:
        """Node id -> number of its children; nodes without any are left out."""
        counts = {one: len(self._children(one, hidden)) for one in node_ids}
        return {one: count for one, count in counts.items() if count}

    def num_roots(self, hidden: bool = False) -> int:
        """How many nodes answer no other."""
        return len(self._children(None, hidden))

    def lines(self, node_ids: Sequence[str], limit: int = 50, hidden: bool = False) -> dict[str, list[str]]:
        """Node id -> its first answer, the first answer to that, and so on, at most `limit`."""
        found: dict[str, list[str]] = {}
        for node_id in node_ids:
            line = [node_id]
            while len(line) <= limit and (answers := self._children(line[-1], hidden)):
                line.append(answers[0].id)
            if line[1:]:
                found[node_id] = line[1:]
        return found

    def path(self, node_id: str, hidden: bool = False) -> list[tuple[str, int]]:
        """From the root to a node: each id with its offset in the `page` of its parent, -1 where that leaves it out.

        Raises:
            UserCorrectable: no such node.
        """
        node = self._known(node_id)
        siblings = [one.id for one in self._children(node.parent, hidden)]
        above = [] if node.parent is None else self.path(node.parent, hidden)
        return [*above, (node_id, siblings.index(node_id) if node_id in siblings else -1)]

    def newest(self) -> str | None:
        """Id of the node that was committed last and is not hidden, None in an empty project."""
        return next((one for one in reversed(self._nodes) if not self._is_hidden(one)), None)

    def num_nodes(self) -> int:
        """How many nodes there are, hidden ones among them."""
        return len(self._nodes)

    def search(self, query: NodeQuery, offset: int = 0, limit: int = 200) -> list[NodeOutline]:
        """Nodes that meet a query, a page of them."""
        met = found(query, self._nodes.values(), self._marks)
        return [NodeOutline.of(node) for node in met[offset : offset + limit]]

    def count(self, query: NodeQuery) -> int:
        """How many nodes meet a query."""
        return len(found(query, self._nodes.values(), self._marks))

    def subtree(self, node_id: str) -> list[str]:
        """Ids of a node and of everything below it, in order of creation.

        Raises:
            UserCorrectable: no such node.
        """
        below = {self._known(node_id).id}
        for node in self._nodes.values():  # parents come before their children
            if node.parent in below:
                below.add(node.id)
        return [one for one in self._nodes if one in below]

    def mark(self, node_id: str, mark: Mark) -> None:
        """Set the name, star and note of a node.

        Raises:
            UserCorrectable: no such node.
            ProjectUnavailable: the store is closed.
        """
        self._refuse_closed()
        node = self.node(node_id)
        before = self._marks.get(node.id, Mark())
        after = replace(mark, is_hidden=before.is_hidden)
        if after != before:
            steps = (partial(self._put_mark, node.id, one) for one in (after, before))
            self._do(OperationKind.MARK, f"mark {node.crystal.formula}", [node.id], *steps)

    def hide(self, node_ids: Sequence[str], is_hidden: bool = True) -> None:
        """Leave nodes out of the tree and of searches, or take them in again.

        Raises:
            UserCorrectable: no such node.
            ProjectUnavailable: the store is closed.
        """
        self._refuse_closed()
        asked = {self._known(one).id for one in node_ids}
        changed = [one for one in self._nodes if one in asked and self._is_hidden(one) != is_hidden]
        if changed:
            kind = OperationKind.HIDE if is_hidden else OperationKind.UNHIDE
            steps = (partial(self._show, changed, value) for value in (is_hidden, not is_hidden))
            self._do(kind, f"{kind.value} {len(changed)} nodes", changed, *steps)

    def marks(self, node_ids: Sequence[str] | None = None) -> dict[str, Mark]:
        """Node id -> mark, for the nodes (of those given, if any are) that have one."""
        return {
            one: mark for one, mark in self._marks.items() if mark != Mark() and (node_ids is None or one in node_ids)
        }

    def sheets(self, limit: int = 100) -> list[str]:
        """Ids of the contact sheets that have a cell, the newest first."""
        cells = [sheet_of(node) for node in reversed(self._nodes.values()) if sheet_of(node)]
        return list(dict.fromkeys(cells))[:limit]

    def saved_searches(self) -> dict[str, NodeQuery]:
        """Name -> query, by name."""
        return dict(sorted(self._searches.items()))

    def save_search(self, name: str, query: NodeQuery | None) -> None:
        """Keep a search under a name, or drop it for None.

        Raises:
            UserCorrectable: the name is empty, or there is no search of that name to drop.
            ProjectUnavailable: the store is closed.
        """
        self._refuse_closed()
        plain = name.strip()
        before = self._searches.get(plain)
        if not plain or (query is None and before is None):
            raise UserCorrectable(f"There is no search '{plain[:40]}'. Name one.")
        kind = OperationKind.DROP_SEARCH if query is None else OperationKind.SAVE_SEARCH
        steps = (partial(self._put_search, plain, one) for one in (query, before))
        self._do(kind, f"{kind.value} '{plain}'", [], *steps)

    def operations(self, limit: int = 100) -> list[Operation]:
        """The newest operations, newest first."""
        return [done.operation for done in reversed(self._operations)][:limit]

    def undo(self) -> Operation | None:
        """Take back the newest operation that is not undone; None where there is none."""
        self._refuse_closed()
        standing = [done for done in self._operations if not done.operation.is_undone]
        return standing[-1].turn(is_undone=True) if standing else None

    def redo(self) -> Operation | None:
        """Do the operation that was undone last again; None where there is none, or where something new was done."""
        self._refuse_closed()
        undone = [one for one in self._operations if one.operation.is_undone and not one.operation.is_superseded]
        return undone[0].turn(is_undone=False) if undone else None

    def check(self) -> None:
        """Memory is never damaged."""

    def compact(self) -> int:
        """Nothing lies on a disk.

        Raises:
            ProjectUnavailable: the store is closed.
        """
        self._refuse_closed()
        return 0

    def close(self) -> None:
        """Refuse later commits."""
        self._open = False

    def _refuse_closed(self) -> None:
        if not self._open:
            raise ProjectUnavailable("The project is closed. Open it again.")

    def _known(self, node_id: str) -> Node:
        if node_id not in self._nodes:
            raise UserCorrectable(f"There is no node '{node_id[:40]}' in this project. Name one that it lists.")
        return self._nodes[node_id]

    def _is_hidden(self, node_id: str) -> bool:
        return self._marks.get(node_id, Mark()).is_hidden

    def _children(self, parent: str | None, hidden: bool) -> list[Node]:
        nodes = [node for node in self._nodes.values() if node.parent == parent]
        return [node for node in nodes if hidden or not self._is_hidden(node.id)]

    def _do(self, kind: OperationKind, title: str, nodes: Sequence[str], do: Step, undo: Step) -> None:
        do()
        self._done(kind, title, nodes, do, undo)

    def _done(self, kind: OperationKind, title: str, nodes: Sequence[str], do: Step, undo: Step) -> None:
        for older in self._operations:
            older.operation = replace(older.operation, is_superseded=older.operation.is_undone)
        created = datetime.now(UTC).isoformat()
        operation = Operation(len(self._operations) + 1, kind, title, tuple(nodes), False, created)
        self._operations.append(_Done(operation, do, undo))

    def _show(self, node_ids: Sequence[str], is_hidden: bool) -> None:
        for one in node_ids:
            self._marks[one] = replace(self._marks.get(one, Mark()), is_hidden=is_hidden)

    def _put_mark(self, node_id: str, mark: Mark) -> None:
        self._marks[node_id] = mark

    def _put_search(self, name: str, query: NodeQuery | None) -> None:
        if query is None:
            self._searches.pop(name, None)
        else:
            self._searches[name] = query


@dataclass
class _Done:
    """An operation and how to turn it."""

    operation: Operation
    do: Step
    undo: Step

    def turn(self, is_undone: bool) -> Operation:
        """Undo or redo it."""
        (self.undo if is_undone else self.do)()
        self.operation = replace(self.operation, is_undone=is_undone)
        return self.operation
