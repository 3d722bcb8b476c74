"""The log of operations: what was changed, taken back and done again.

Each operation keeps what it replaced (`before`) and what it set (`after`), so undo and redo are one function. What
was undone can be redone until something new is done; it then stays in the log, superseded. Every function runs inside
the caller's transaction, which holds SQLite's writer lock from its beginning: two processes never mix.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from crystal_studio.domain.mark import Mark
from crystal_studio.domain.operation import Operation, OperationKind
from crystal_studio.storage.marks import write_hidden, write_mark
from crystal_studio.storage.saved_searches import write_search
from crystal_studio.storage.tables import operations


def log_operation(
    connection: Connection,
    kind: OperationKind,
    title: str,
    nodes: Sequence[str],
    before: Any = None,
    after: Any = None,
) -> None:
    """Enter what is being done in this transaction; what was undone before can no longer be redone."""
    connection.execute(update(operations).where(operations.c.is_undone).values(is_superseded=True))
    connection.execute(
        insert(operations).values(
            kind=kind.value,
            title=title,
            nodes=list(nodes),
            before=before,
            after=after,
            is_undone=False,
            is_superseded=False,
            created=datetime.now(UTC).isoformat(),
        )
    )


def read_operations(connection: Connection, limit: int) -> list[Operation]:
    """The newest, newest first."""
    query = select(operations).order_by(operations.c.ordinal.desc()).limit(limit)
    return [_operation(row) for row in connection.execute(query).mappings()]


def undo_newest(connection: Connection) -> Operation | None:
    """Take back the newest operation that is not undone; None where there is none."""
    standing = select(operations).where(~operations.c.is_undone).order_by(operations.c.ordinal.desc()).limit(1)
    return _turn(connection, connection.execute(standing).mappings().first(), is_undone=True)


def redo_oldest(connection: Connection) -> Operation | None:
    """Do the operation again that was undone last: the oldest that is undone and not superseded."""
    redoable = select(operations).where(operations.c.is_undone, ~operations.c.is_superseded)
    first = redoable.order_by(operations.c.ordinal).limit(1)
    return _turn(connection, connection.execute(first).mappings().first(), is_undone=False)


def _turn(connection: Connection, row: RowMapping | None, is_undone: bool) -> Operation | None:
    if row is None:
        return None
    _APPLY[OperationKind(row["kind"])](connection, row["nodes"], row["before" if is_undone else "after"])
    connection.execute(update(operations).where(operations.c.ordinal == row["ordinal"]).values(is_undone=is_undone))
    return _operation({**row, "is_undone": is_undone})


def _hide(connection: Connection, nodes: Sequence[str], is_hidden: bool) -> None:
    write_hidden(connection, nodes, is_hidden)


def _mark(connection: Connection, nodes: Sequence[str], mark: dict[str, Any]) -> None:
    write_mark(connection, nodes[0], Mark(**mark))


def _search(connection: Connection, nodes: Sequence[str], search: dict[str, Any]) -> None:
    write_search(connection, search["name"], search["query"])


def _operation(row: Any) -> Operation:
    return Operation(
        ordinal=row["ordinal"],
        kind=OperationKind(row["kind"]),
        title=row["title"],
        nodes=tuple(row["nodes"]),
        is_undone=row["is_undone"],
        created=row["created"],
        is_superseded=row["is_superseded"],
    )


_APPLY: dict[OperationKind, Callable[[Connection, Sequence[str], Any], None]] = {
    OperationKind.ADD_NODES: _hide,
    OperationKind.HIDE: _hide,
    OperationKind.UNHIDE: _hide,
    OperationKind.MARK: _mark,
    OperationKind.SAVE_SEARCH: _search,
    OperationKind.DROP_SEARCH: _search,
}
