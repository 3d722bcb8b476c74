"""Names, stars and notes as rows."""

from __future__ import annotations

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from crystal_studio.domain.mark import Mark
from crystal_studio.storage.tables import marks


def write_mark(connection: Connection, node_id: str, mark: Mark) -> None:
    """Set the mark of a node, whatever it was."""
    values = {"name": mark.name, "starred": mark.starred, "note": mark.note}
    statement = insert(marks).values(node_id=node_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["node_id"], set_=values))


def read_marks(connection: Connection) -> dict[str, Mark]:
    """Node id -> mark, for the nodes that have one."""
    rows = connection.execute(select(marks)).mappings()
    return {row["node_id"]: Mark(row["name"], row["starred"], row["note"]) for row in rows}
