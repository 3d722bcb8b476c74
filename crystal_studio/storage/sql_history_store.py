"""The history of a project in one SQLite file."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or
from sqlalchemy.exc import DBAPIError

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.trajectory import Frame
from crystal_studio.storage import tables
from crystal_studio.storage.backup import write_backup
from crystal_studio.storage.connection import rest_in_one_file
from crystal_studio.storage.failure import in_words
from crystal_studio.storage.marks import read_marks, write_mark
from crystal_studio.storage.node_query import ids_with_prefix, read_crystal, read_nodes
from crystal_studio.storage.node_rows import (
    candidate_rows,
    check_rows,
    crystals_of,
    node_row,
    prediction_rows,
    structure_row,
)
from crystal_studio.storage.opening import OpenProject, open_for_reading, open_for_writing
from crystal_studio.storage.outline_query import read_outlines
from crystal_studio.storage.trajectory_blob import pack_frames, unpack_frames

logger = logging.getLogger(__name__)


class SqlHistoryStore:
    """Implements `ports.history_store.HistoryStore` on SQLite.

    Attributes:
        path: the project file.
        read_only: whether committing is refused.
        notices: sentences about how it was opened, to show once.
    """

    def __init__(self, path: Path, project: OpenProject, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self.notices = project.notices
        self._project = project
        self._engine = project.engine
        self._has_committed = False
        self._is_open = True
        self._last_before = self._last_node() if project.lock is not None else 0

    @classmethod
    def open(cls, path: str | Path, read_only: bool = False, take_lock: bool = True) -> Self:
        """Open a project, making it if it is missing.

        Args:
            path: project file, by custom ``*.cstudio``.
            read_only: never write, take no lock; the file must exist.
            take_lock: False for a process that writes under the lock of its parent.

        Raises:
            ProjectUnavailable: see `opening`.
        """
        resolved = Path(path).expanduser().resolve()
        project = open_for_reading(resolved) if read_only else open_for_writing(resolved, take_lock)
        return cls(resolved, project, read_only)

    def commit(self, node: Node, frames: Sequence[Frame] = ()) -> None:
        """Store a node with everything it holds in one transaction; durable when it returns.

        Args:
            node: what to store.
            frames: how its crystal was denoised.

        Raises:
            ProjectUnavailable: opened for reading, or the disk is full, read-only or gone; nothing was stored.
            UserCorrectable: the parent is not in this project.
        """
        self._refuse_unwritable()
        with in_words(self.path), self._engine.begin() as connection:
            self._refuse_unknown_parent(connection, node)
            _insert(connection, node)
            if frames:
                connection.execute(insert(tables.trajectories).values(node_id=node.id, frames=pack_frames(frames)))
        self._has_committed = True

    def node(self, node_id: str) -> Node:
        """Load a whole node by id or by an unambiguous prefix of it.

        Raises:
            UserCorrectable: no such node, or several.
        """
        with in_words(self.path), self._engine.connect() as connection:
            return read_nodes(connection, self._full_id(connection, node_id))[0]

    def nodes(self) -> list[Node]:
        """All nodes in order of creation."""
        with in_words(self.path), self._engine.connect() as connection:
            return read_nodes(connection)

    def outlines(self) -> list[NodeOutline]:
        """All nodes in one line each, in order of creation, with one query."""
        with in_words(self.path), self._engine.connect() as connection:
            return read_outlines(connection)

    def crystal(self, node_id: str) -> Crystal:
        """The committed crystal of a node, given its whole id.

        Raises:
            UserCorrectable: no such node.
        """
        with in_words(self.path), self._engine.connect() as connection:
            found = read_crystal(connection, node_id)
        if found is None:
            raise UserCorrectable(_no_such_node(node_id, self.path))
        return found

    def frames(self, node_id: str) -> tuple[Frame, ...]:
        """How the committed crystal was denoised, in order; empty where that was not kept.

        Raises:
            ProjectUnavailable: what is stored cannot be read.
        """
        table = tables.trajectories
        query = select(table.c.frames).where(table.c.node_id == node_id)
        with in_words(self.path), self._engine.connect() as connection:
            packed = connection.execute(query).scalar()
        try:
            return unpack_frames(packed) if packed is not None else ()
        except ValueError as error:
            raise ProjectUnavailable(
                f"The trajectory of node {node_id[:8]} in {self.path} is damaged; the node itself is whole."
            ) from error

    def mark(self, node_id: str, mark: Mark) -> None:
        """Set the name, star and note of a node; the node itself never changes.

        Raises:
            UserCorrectable: no such node, or several.
            ProjectUnavailable: as `commit`.
        """
        self._refuse_unwritable()
        with in_words(self.path), self._engine.begin() as connection:
            write_mark(connection, self._full_id(connection, node_id), mark)
        self._has_committed = True

    def marks(self) -> dict[str, Mark]:
        """Node id -> mark, for the nodes that have one."""
        with in_words(self.path), self._engine.connect() as connection:
            return read_marks(connection)

    def close(self) -> None:
        """Back up what was committed, checkpoint and close; closing again does nothing."""
        if not self._is_open:
            return
        self._is_open = False
        keeps_the_file = self._project.lock is not None
        try:
            if keeps_the_file and self._has_changed():
                self._back_up()
            self._engine.dispose()
            if keeps_the_file:
                rest_in_one_file(self.path)
        except (sqlite3.Error, DBAPIError) as error:
            # Every node is already durable in the log; the next opening folds it in.
            logger.warning("The write-ahead log of %s could not be folded in: %s", self.path, error)
        finally:
            self._project.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _has_changed(self) -> bool:
        """Whether this store, or an engine host that writes under its lock, has added anything."""
        return self._has_committed or self._last_node() != self._last_before

    def _last_node(self) -> int:
        with self._engine.connect() as connection:
            return int(connection.execute(select(func.max(tables.nodes.c.ordinal))).scalar() or 0)

    def _back_up(self) -> None:
        try:
            write_backup(self.path)
        except (OSError, sqlite3.Error) as error:
            # A backup is a second copy: failing to make one must not turn a finished session into a failed one.
            logger.warning("No backup of %s could be written: %s", self.path, error)

    def _refuse_unwritable(self) -> None:
        if not self._is_open:
            raise ProjectUnavailable(f"{self.path} was closed. Open it again to change it.")
        if self.read_only:
            raise ProjectUnavailable(f"{self.path} is open for reading only. Open it for writing to change it.")

    def _refuse_unknown_parent(self, connection: Connection, node: Node) -> None:
        if node.parent is None:
            return
        known = select(tables.nodes.c.id).where(tables.nodes.c.id == node.parent)
        if connection.execute(known).first() is None:
            raise UserCorrectable(f"The parent node {node.parent} is not in {self.path}. Start from a node that is.")

    def _full_id(self, connection: Connection, given: str) -> str:
        prefix = given.strip().lower()
        found = ids_with_prefix(connection, prefix, at_most=2) if prefix else []
        if not found:
            raise UserCorrectable(_no_such_node(given, self.path))
        if len(found) > 1 and prefix not in found:
            raise UserCorrectable(f"Several nodes begin with '{given[:40]}'. Give more of the id.")
        return prefix if prefix in found else found[0]


def _no_such_node(given: str, path: Path) -> str:
    return f"There is no node '{given[:40]}' in {path}. `crystal-studio history` lists the nodes."


def _insert(connection: Connection, node: Node) -> None:
    structures = {row["id"]: row for row in map(structure_row, crystals_of(node))}
    connection.execute(insert_or(tables.structures).on_conflict_do_nothing(), list(structures.values()))
    connection.execute(insert(tables.nodes), [node_row(node)])
    for table, rows in (
        (tables.candidates, candidate_rows(node)),
        (tables.checks, check_rows(node)),
        (tables.predictions, prediction_rows(node)),
    ):
        if rows:
            connection.execute(insert(table), rows)
