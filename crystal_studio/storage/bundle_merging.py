"""Taking what a project has and another has not: nodes by id and content, then marks and trajectories."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert, select
from sqlalchemy.exc import IntegrityError

from crystal_studio.domain.bundled import Merged
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.operation import OperationKind
from crystal_studio.ports.context import JobContext
from crystal_studio.storage.changes import insert_node
from crystal_studio.storage.column_types import to_json
from crystal_studio.storage.connection import reading_engine, writing_engine
from crystal_studio.storage.failure import in_words
from crystal_studio.storage.marks import read_marks, write_hidden, write_mark
from crystal_studio.storage.node_query import read_nodes
from crystal_studio.storage.node_rows import candidate_rows, check_rows, node_row, prediction_rows
from crystal_studio.storage.operations import log_operation
from crystal_studio.storage.tables import candidates, checks, nodes, predictions, trajectories
from crystal_studio.storage.trajectory_blob import unpack_frames

_ID = re.compile(r"[0-9a-f]{32}")
_UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError)


def _all_but(table: Table, owner: str, order: str, *left_out: str) -> str:
    """Every column of a node's rows but those that differ between projects."""
    columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name not in left_out)
    return f'SELECT {columns} FROM {table.name} WHERE {owner} = ? ORDER BY "{order}"'


_ROWS = (
    _all_but(nodes, "id", "id", "ordinal"),
    _all_but(candidates, "node_id", "position"),
    _all_but(checks, "node_id", "id", "id"),
    _all_but(predictions, "node_id", "id", "id"),
)


def merge(copy: Path, project: Path, context: JobContext) -> Merged:
    """Add the nodes of a checked copy to a project in one transaction and as one operation.

    A node that is there with the same content is left alone. One whose id another node has gets a new id, made of its
    old one and its content, so that merging the same bundle again adds nothing; its children follow it.

    Args:
        copy: a project that is read.
        project: the project that is written to, whose lock the caller holds.
        context: told the progress.

    Raises:
        UserCorrectable: a node of the copy cannot be read; nothing was added.
        ProjectUnavailable: the project cannot be written to; nothing was added.
        JobCancelled: stopped; nothing was added.
    """
    source, target = reading_engine(copy), writing_engine(project)
    try:
        with in_words(project), source.connect() as theirs, target.begin() as ours:
            return _Merge(theirs, ours, context).run()
    finally:
        _dispose(source, target)


def content_hash(node: Node) -> str:
    """SHA-256 of everything that a node holds, its parent included."""
    rows: list[Any] = [node_row(node), candidate_rows(node), check_rows(node), prediction_rows(node)]
    return hashlib.sha256(to_json(rows).encode()).hexdigest()


class _Merge:
    def __init__(self, theirs: Connection, ours: Connection, context: JobContext) -> None:
        self._theirs = theirs
        self._ours = ours
        self._context = context
        self._known = set(ours.execute(select(nodes.c.id)).scalars())
        self._before = len(self._known)
        self._id_here: dict[str, str] = {}  # id in the bundle -> id in this project
        self._new: list[str] = []
        self._conflicts: list[str] = []

    def run(self) -> Merged:
        """Nodes, marks and trajectories, then the operation."""
        # Parents before children.
        ids = list(self._theirs.execute(select(nodes.c.id).order_by(nodes.c.ordinal)).scalars())
        for index, node_id in enumerate(ids):
            self._context.check_cancelled()
            self._context.progress("bundle", 0.3 + 0.7 * index / len(ids), f"{index + 1:,} of {len(ids):,} nodes")
            if self._is_here(node_id):
                self._id_here[node_id] = node_id
            else:
                self._take(self._read(node_id))
        hidden = self._take_marks()
        self._take_trajectories()
        shown = [node_id for node_id in self._new if node_id not in hidden]
        if shown:
            title = f"merge {len(shown):,} node{'s' if len(shown) > 1 else ''} of a bundle"
            log_operation(self._ours, OperationKind.ADD_NODES, title, shown, before=True, after=False)
        return Merged(tuple(self._new), len(self._id_here) - len(self._new), tuple(self._conflicts))

    def _is_here(self, node_id: str) -> bool:
        """Whether all rows of a node are the same in both, the usual case, told without making sense of them."""
        if node_id not in self._known:
            return False
        (parent,) = self._theirs.execute(select(nodes.c.parent).where(nodes.c.id == node_id)).one()
        return self._id_here.get(parent, parent) == parent and _rows(self._theirs, node_id) == _rows(
            self._ours, node_id
        )

    def _read(self, node_id: str) -> Node:
        """A node of the bundle, every part of it made sense of."""
        if not _ID.fullmatch(str(node_id)):  # ids become names of files
            raise UserCorrectable(_unreadable(str(node_id)))
        try:
            (node,) = read_nodes(self._theirs, node_id)
            content_hash(node)
        except (*_UNREADABLE, UserCorrectable) as error:
            raise UserCorrectable(_unreadable(str(node_id))) from error
        return node

    def _take(self, node: Node) -> None:
        """Add a node, unless it is there."""
        if node.parent is not None and node.parent not in self._id_here:
            raise UserCorrectable(_unreadable(node.id))
        here = replace(node, parent=self._id_here[node.parent] if node.parent is not None else None)
        if node.id not in self._known:
            self._add(here)
        elif content_hash(here) != content_hash(read_nodes(self._ours, node.id)[0]):
            here = self._renamed(here)
        self._id_here[node.id] = here.id

    def _renamed(self, node: Node) -> Node:
        """The node under an id of its own."""
        new_id = hashlib.sha256(f"{node.id} {content_hash(node)}".encode()).hexdigest()[:32]
        note = f"in the bundle its id was {node.id}, which another node of this project has"
        renamed = replace(node, id=new_id, notes=(*node.notes, note))
        if new_id not in self._known:
            self._add(renamed)
            self._conflicts.append(
                f"Node {node.id[:8]} ({node.crystal.formula}) of the bundle differs from the node of that id in this "
                f"project: it was added as {new_id[:8]}."
            )
        return renamed

    def _add(self, node: Node) -> None:
        try:
            insert_node(self._ours, node)
        except (*_UNREADABLE, IntegrityError, UserCorrectable) as error:
            raise UserCorrectable(_unreadable(node.id)) from error
        self._known.add(node.id)
        self._new.append(node.id)

    def _take_marks(self) -> set[str]:
        """Names, stars and notes where there are none yet; whether a node is hidden only for new ones, told back."""
        theirs, ours = read_marks(self._theirs), read_marks(self._ours)
        new = set(self._new)
        hidden = []
        for node_id, mark in theirs.items():
            here = self._id_here.get(node_id)
            if here is None:
                continue
            mine = ours.get(here, Mark())
            if not (mine.name or mine.starred or mine.note):
                write_mark(self._ours, here, mark)
            if mark.is_hidden and here in new:
                hidden.append(here)
        write_hidden(self._ours, hidden, is_hidden=True)
        return set(hidden)

    def _take_trajectories(self) -> None:
        """Where there are none yet."""
        mine = set(self._ours.execute(select(trajectories.c.node_id)).scalars())
        for node_id in list(self._theirs.execute(select(trajectories.c.node_id)).scalars()):
            here = self._id_here.get(node_id)
            if here is None or here in mine:
                continue
            self._context.check_cancelled()
            query = select(trajectories.c.frames).where(trajectories.c.node_id == node_id)
            frames = self._theirs.execute(query).scalar_one()
            try:
                unpack_frames(frames)
            except _UNREADABLE as error:
                raise UserCorrectable(_unreadable(node_id)) from error
            self._ours.execute(insert(trajectories).values(node_id=here, frames=frames))
            mine.add(here)


def _rows(connection: Connection, node_id: str) -> list[list[Any]]:
    return [list(connection.exec_driver_sql(query, (node_id,))) for query in _ROWS]


def _unreadable(node_id: str) -> str:
    return f"Node {node_id[:8]} of the bundle cannot be read; nothing was added. Ask for the bundle again."


def _dispose(*engines: Engine) -> None:
    for engine in engines:
        engine.dispose()
