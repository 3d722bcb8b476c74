"""The questions that a history store answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.operation import Operation
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.trajectory import Frame
from crystal_studio.storage import tables
from crystal_studio.storage.failure import in_words
from crystal_studio.storage.lineage import count_roots, read_lines, read_path, read_sheets
from crystal_studio.storage.marks import read_marks
from crystal_studio.storage.node_query import ids_with_prefix, read_crystal, read_nodes
from crystal_studio.storage.operations import read_operations
from crystal_studio.storage.outline_query import outlines_at, read_outlines
from crystal_studio.storage.paging import (
    count_nodes,
    has_hidden,
    ordinal_of,
    read_branch,
    read_child_counts,
    read_newest,
    read_page,
    read_subtree,
)
from crystal_studio.storage.saved_searches import read_searches
from crystal_studio.storage.search import count_found, read_found
from crystal_studio.storage.trajectory_blob import unpack_frames


class SqlHistoryReading:
    """The half of `SqlHistoryStore` that changes nothing.

    Attributes:
        file: of the project.
    """

    def __init__(self, path: Path, engine: Engine) -> None:
        self.file = path
        self._engine = engine

    def node(self, node_id: str) -> Node:
        """Load a whole node by id or by an unambiguous prefix of it.

        Raises:
            UserCorrectable: no such node, or several.
        """
        with self._reading() as connection:
            return read_nodes(connection, self._full_id(connection, node_id))[0]

    def nodes(self) -> list[Node]:
        """All nodes in order of creation."""
        with self._reading() as connection:
            return read_nodes(connection)

    def outlines(self, node_ids: Sequence[str] | None = None) -> list[NodeOutline]:
        """All nodes (or those given that there are) in one line each, in order of creation, with one query."""
        with self._reading() as connection:
            return read_outlines(connection, node_ids)

    def crystal(self, node_id: str) -> Crystal:
        """The committed crystal of a node, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """
        with self._reading() as connection:
            found = read_crystal(connection, node_id)
        if found is None:
            raise UserCorrectable(no_such_node(node_id, self.file))
        return found

    def frames(self, node_id: str) -> tuple[Frame, ...]:
        """How the committed crystal was denoised, in order; empty where that was not kept.

        Raises:
            ProjectUnavailable: what is stored cannot be read.
        """
        table = tables.trajectories
        query = select(table.c.frames).where(table.c.node_id == node_id)
        with self._reading() as connection:
            packed = connection.execute(query).scalar()
        try:
            return unpack_frames(packed) if packed is not None else ()
        except ValueError as error:
            raise ProjectUnavailable(
                f"The trajectory of node {node_id[:8]} in {self.file} is damaged; the node itself is whole."
            ) from error

    def page(self, parent: str | None, offset: int = 0, limit: int = 200, hidden: bool = False) -> list[NodeOutline]:
        """Children of a node (roots for None) in order of creation, a page of them."""
        with self._reading() as connection:
            return read_page(connection, parent, offset, limit, hidden or not has_hidden(connection))

    def outline(self, node_id: str) -> NodeOutline:
        """One node in a line, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """
        with self._reading() as connection:
            return outlines_at(connection, [self._ordinal(connection, node_id)])[0]

    def branch(self, node_id: str) -> list[NodeOutline]:
        """The path from the root to a node.

        Raises:
            UserCorrectable: no such node.
        """
        with self._reading() as connection:
            self._ordinal(connection, node_id)
            return read_branch(connection, node_id)

    def child_counts(self, node_ids: Sequence[str], hidden: bool = False) -> dict[str, int]:
        """Node id -> number of its children; nodes without any are left out."""
        with self._reading() as connection:
            return read_child_counts(connection, node_ids, hidden or not has_hidden(connection))

    def num_roots(self, hidden: bool = False) -> int:
        """How many nodes answer no other."""
        with self._reading() as connection:
            return count_roots(connection, hidden or not has_hidden(connection))

    def lines(self, node_ids: Sequence[str], limit: int = 50, hidden: bool = False) -> dict[str, list[str]]:
        """Node id -> its first answer, the first answer to that, and so on, at most `limit`; with one query."""
        with self._reading() as connection:
            return read_lines(connection, node_ids, limit, hidden or not has_hidden(connection))

    def path(self, node_id: str, hidden: bool = False) -> list[tuple[str, int]]:
        """From the root to a node: each id with its offset in the `page` of its parent, -1 where that leaves it out.

        Raises:
            UserCorrectable: no such node.
        """
        with self._reading() as connection:
            self._ordinal(connection, node_id)
            return read_path(connection, node_id, hidden or not has_hidden(connection))

    def newest(self) -> str | None:
        """Id of the node that was committed last and is not hidden, None in an empty project."""
        with self._reading() as connection:
            return read_newest(connection)

    def num_nodes(self) -> int:
        """How many nodes there are, hidden ones among them."""
        with self._reading() as connection:
            return count_nodes(connection)

    def search(self, query: NodeQuery, offset: int = 0, limit: int = 200) -> list[NodeOutline]:
        """Nodes that meet a query, a page of them.

        Raises:
            UserCorrectable: the formula or the anonymous formula is none.
        """
        with self._reading() as connection:
            return read_found(connection, query, offset, limit)

    def count(self, query: NodeQuery) -> int:
        """How many nodes meet a query.

        Raises:
            UserCorrectable: as `search`.
        """
        with self._reading() as connection:
            return count_found(connection, query)

    def subtree(self, node_id: str) -> list[str]:
        """Ids of a node and of everything below it, in order of creation.

        Raises:
            UserCorrectable: no such node.
        """
        with self._reading() as connection:
            self._ordinal(connection, node_id)
            return read_subtree(connection, node_id)

    def marks(self, node_ids: Sequence[str] | None = None) -> dict[str, Mark]:
        """Node id -> mark, for the nodes (of those given, if any are) that have one."""
        with self._reading() as connection:
            return read_marks(connection, node_ids)

    def sheets(self, limit: int = 100) -> list[str]:
        """Ids of the contact sheets that have a cell, the newest first."""
        with self._reading() as connection:
            return read_sheets(connection, limit)

    def saved_searches(self) -> dict[str, NodeQuery]:
        """Name -> query, by name."""
        with self._reading() as connection:
            return read_searches(connection)

    def operations(self, limit: int = 100) -> list[Operation]:
        """The newest operations, newest first."""
        with self._reading() as connection:
            return read_operations(connection, limit)

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with in_words(self.file), self._engine.connect() as connection:
            yield connection

    def _ordinal(self, connection: Connection, node_id: str) -> int:
        ordinal = ordinal_of(connection, node_id)
        if ordinal is None:
            raise UserCorrectable(no_such_node(node_id, self.file))
        return ordinal

    def _full_id(self, connection: Connection, given: str) -> str:
        prefix = given.strip().lower()
        found = ids_with_prefix(connection, prefix, at_most=2) if prefix else []
        if not found:
            raise UserCorrectable(no_such_node(given, self.file))
        if len(found) > 1 and prefix not in found:
            raise UserCorrectable(f"Several nodes begin with '{given[:40]}'. Give more of the id.")
        return prefix if prefix in found else found[0]


def no_such_node(given: str, path: Path) -> str:
    """The sentence for an id that names no node."""
    return f"There is no node '{given[:40]}' in {path}. `crystal-studio history` lists the nodes."
