"""Where nodes are kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.operation import Operation
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.trajectory import Frame


class HistoryStore(Protocol):
    """One project file."""

    def commit(self, node: Node, frames: Sequence[Frame] = ()) -> None:
        """Store a node with its candidates, and how its crystal was denoised, in one transaction.

        It is durable when this returns.

        Raises:
            ProjectUnavailable: the disk is full or read-only; nothing was stored.
        """

    def node(self, node_id: str) -> Node:
        """Load a whole node by id or by an unambiguous prefix of it.

        Raises:
            UserCorrectable: no such node, or several.
        """

    def nodes(self) -> list[Node]:
        """All nodes in order of creation, without their candidates' crystals being shared."""

    def outlines(self, node_ids: Sequence[str] | None = None) -> list[NodeOutline]:
        """All nodes (or those given that there are) in one line each, in order of creation, with one query."""

    def crystal(self, node_id: str) -> Crystal:
        """The committed crystal of a node, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """

    def frames(self, node_id: str) -> tuple[Frame, ...]:
        """How the committed crystal was denoised, in order; empty where that was not kept."""

    def page(self, parent: str | None, offset: int = 0, limit: int = 200, hidden: bool = False) -> list[NodeOutline]:
        """Children of a node (roots for None) in order of creation, a page of them."""

    def outline(self, node_id: str) -> NodeOutline:
        """One node in a line, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """

    def branch(self, node_id: str) -> list[NodeOutline]:
        """The path from the root to a node.

        Raises:
            UserCorrectable: no such node.
        """

    def child_counts(self, node_ids: Sequence[str], hidden: bool = False) -> dict[str, int]:
        """Node id -> number of its children; nodes without any are left out."""

    def num_roots(self, hidden: bool = False) -> int:
        """How many nodes answer no other."""

    def lines(self, node_ids: Sequence[str], limit: int = 50, hidden: bool = False) -> dict[str, list[str]]:
        """Node id -> its first answer, the first answer to that, and so on, at most `limit`; with one query.

        Nodes without an answer are left out.
        """

    def path(self, node_id: str, hidden: bool = False) -> list[tuple[str, int]]:
        """From the root to a node: each id with its offset in the `page` of its parent, -1 where that leaves it out.

        Raises:
            UserCorrectable: no such node.
        """

    def newest(self) -> str | None:
        """Id of the node that was committed last and is not hidden, None in an empty project."""

    def num_nodes(self) -> int:
        """How many nodes there are, hidden ones among them."""

    def search(self, query: NodeQuery, offset: int = 0, limit: int = 200) -> list[NodeOutline]:
        """Nodes that meet a query, a page of them."""

    def count(self, query: NodeQuery) -> int:
        """How many nodes meet a query."""

    def subtree(self, node_id: str) -> list[str]:
        """Ids of a node and of everything below it.

        Raises:
            UserCorrectable: no such node.
        """

    def mark(self, node_id: str, mark: Mark) -> None:
        """Set the name, star and note of a node, an operation that can be undone; the node itself never changes.

        `mark.is_hidden` is not looked at: see `hide`.

        Raises:
            UserCorrectable: no such node.
            ProjectUnavailable: as `commit`.
        """

    def hide(self, node_ids: Sequence[str], is_hidden: bool = True) -> None:
        """Leave nodes out of the tree and of searches, or take them in again: one operation that can be undone.

        Raises:
            UserCorrectable: no such node.
            ProjectUnavailable: as `commit`.
        """

    def marks(self, node_ids: Sequence[str] | None = None) -> dict[str, Mark]:
        """Node id -> mark, for the nodes (of those given, if any are) that have one."""

    def sheets(self, limit: int = 100) -> list[str]:
        """Ids of the contact sheets that have a cell, the newest first."""

    def saved_searches(self) -> dict[str, NodeQuery]:
        """Name -> query, by name."""

    def save_search(self, name: str, query: NodeQuery | None) -> None:
        """Keep a search under a name, or drop it for None: an operation that can be undone.

        Raises:
            UserCorrectable: the name is empty, or there is no search of that name to drop.
            ProjectUnavailable: as `commit`.
        """

    def operations(self, limit: int = 100) -> list[Operation]:
        """The newest operations, newest first."""

    def undo(self) -> Operation | None:
        """Take back the newest operation that is not undone; None where there is none. Added nodes become hidden.

        Raises:
            ProjectUnavailable: as `commit`.
        """

    def redo(self) -> Operation | None:
        """Do the operation that was undone last again; None where there is none, or where something new was done."""

    def check(self) -> None:
        """Look for damage in the whole file, which takes seconds where it is large: a `CheckProjectJob` does it.

        A large project is also backed up here, where it has changed since its last backup, for closing it must not
        take long.

        Raises:
            ProjectUnavailable: damaged; names the newest good backup.
        """

    def compact(self) -> int:
        """Give unused pages back to the disk; returns the bytes won.

        Raises:
            ProjectUnavailable: as `commit`.
        """

    def close(self) -> None:
        """Checkpoint and close."""
