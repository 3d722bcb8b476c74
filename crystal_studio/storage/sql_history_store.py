"""The history of a project in one SQLite file."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Connection, insert, select
from sqlalchemy.exc import DBAPIError

from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.operation import Operation
from crystal_studio.domain.trajectory import Frame
from crystal_studio.storage import tables
from crystal_studio.storage.backup import COPIED_ON_CLOSING_BYTES, is_backed_up, write_backup
from crystal_studio.storage.changes import add_node, change_hidden, change_mark, change_search
from crystal_studio.storage.connection import compact_file, rest_in_one_file
from crystal_studio.storage.damage import refuse_damage
from crystal_studio.storage.failure import in_words
from crystal_studio.storage.node_query import ids_unknown
from crystal_studio.storage.opening import OpenProject, open_for_reading, open_for_writing
from crystal_studio.storage.operations import redo_oldest, undo_newest
from crystal_studio.storage.sql_history_reading import SqlHistoryReading, no_such_node
from crystal_studio.storage.trajectory_blob import pack_frames

logger = logging.getLogger(__name__)


class SqlHistoryStore(SqlHistoryReading):
    """Implements `ports.history_store.HistoryStore` on SQLite.

    Attributes:
        file: of the project.
        read_only: whether committing is refused.
        notices: sentences about how it was opened, to show once.
    """

    def __init__(self, path: Path, project: OpenProject, read_only: bool) -> None:
        super().__init__(path, project.engine)
        self.read_only = read_only
        self.notices = project.notices
        self._project = project
        self._is_open = True

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
        with self._writing() as connection:
            self._refuse_unknown_parent(connection, node)
            add_node(connection, node)
            if frames:
                connection.execute(insert(tables.trajectories).values(node_id=node.id, frames=pack_frames(frames)))

    def mark(self, node_id: str, mark: Mark) -> None:
        """Set the name, star and note of a node, an operation that can be undone; the node itself never changes.

        Raises:
            UserCorrectable: no such node, or several.
            ProjectUnavailable: as `commit`.
        """
        with self._writing() as connection:
            change_mark(connection, self._full_id(connection, node_id), mark)

    def hide(self, node_ids: Sequence[str], is_hidden: bool = True) -> None:
        """Leave nodes out of the tree and of searches, or take them in again: one operation that can be undone.

        Raises:
            UserCorrectable: no such node.
            ProjectUnavailable: as `commit`.
        """
        with self._writing() as connection:
            for unknown in ids_unknown(connection, node_ids):
                raise UserCorrectable(no_such_node(unknown, self.file))
            change_hidden(connection, node_ids, is_hidden)

    def save_search(self, name: str, query: NodeQuery | None) -> None:
        """Keep a search under a name, or drop it for None: an operation that can be undone.

        Raises:
            UserCorrectable: the name is empty, or there is no search of that name to drop.
            ProjectUnavailable: as `commit`.
        """
        plain = name.strip()
        if not plain:
            raise UserCorrectable("The search has no name. Give it one, such as 'wide gaps'.")
        with self._writing() as connection:
            if not change_search(connection, plain, query):
                raise UserCorrectable(f"No search is saved as '{plain[:40]}'. Choose one that is listed.")

    def undo(self) -> Operation | None:
        """Take back the newest operation that is not undone; None where there is none. Added nodes become hidden.

        Raises:
            ProjectUnavailable: as `commit`.
        """
        with self._writing() as connection:
            return undo_newest(connection)

    def redo(self) -> Operation | None:
        """Do the operation that was undone last again; None where there is none, or where something new was done.

        Raises:
            ProjectUnavailable: as `commit`.
        """
        with self._writing() as connection:
            return redo_oldest(connection)

    def check(self) -> None:
        """Look for damage in the whole file, and back a large project up where it has changed since its last backup.

        Raises:
            ProjectUnavailable: damaged; names the newest good backup.
        """
        with in_words(self.file):
            refuse_damage(self.file, self._engine)
        is_large = self.file.stat().st_size > COPIED_ON_CLOSING_BYTES
        if is_large and not self.read_only:
            self._back_up()

    def compact(self) -> int:
        """Give unused pages back to the disk; returns the bytes won.

        Raises:
            ProjectUnavailable: as `commit`, or another program is reading or writing.
        """
        self._refuse_unwritable()
        with in_words(self.file):
            return compact_file(self._engine, self.file)

    def close(self) -> None:
        """Back up what was committed (for a large project see `check`), checkpoint and close."""
        if not self._is_open:
            return
        self._is_open = False
        keeps_the_file = self._project.lock is not None
        try:
            if keeps_the_file and self.file.stat().st_size <= COPIED_ON_CLOSING_BYTES:
                self._back_up()
            self._engine.dispose()
            if keeps_the_file:
                rest_in_one_file(self.file)
        except (sqlite3.Error, DBAPIError) as error:
            # Every node is already durable in the log; the next opening folds it in.
            logger.warning("The write-ahead log of %s could not be folded in: %s", self.file, error)
        finally:
            self._project.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _back_up(self) -> None:
        """Keep a copy of what this store, or an engine host under its lock, has changed."""
        try:
            if not is_backed_up(self.file):
                write_backup(self.file)
        except (OSError, sqlite3.Error) as error:
            # A backup is a second copy: failing to make one must not turn a finished session into a failed one.
            logger.warning("No backup of %s could be written: %s", self.file, error)

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction, which no other process interrupts; durable when it ends.

        Raises:
            ProjectUnavailable: opened for reading, or the disk is full, read-only or gone.
        """
        self._refuse_unwritable()
        with in_words(self.file), self._engine.begin() as connection:
            yield connection

    def _refuse_unwritable(self) -> None:
        if not self._is_open:
            raise ProjectUnavailable(f"{self.file} was closed. Open it again to change it.")
        if self.read_only:
            raise ProjectUnavailable(f"{self.file} is open for reading only. Open it for writing to change it.")

    def _refuse_unknown_parent(self, connection: Connection, node: Node) -> None:
        if node.parent is None:
            return
        known = select(tables.nodes.c.id).where(tables.nodes.c.id == node.parent)
        if connection.execute(known).first() is None:
            raise UserCorrectable(f"The parent node {node.parent} is not in {self.file}. Start from a node that is.")
