"""Names, stars and notes: what a person adds to a node afterwards."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from crystal_studio.storage.tables import marks


@dataclass(frozen=True)
class Mark:
    """What a person has noted on a node.

    Attributes:
        name: shown instead of the formula; "" for none.
        starred: whether it is a favourite.
        note: free text.
    """

    name: str = ""
    starred: bool = False
    note: str = ""


def write_mark(connection: Connection, node_id: str, mark: Mark) -> None:
    """Set the mark of a node, whatever it was."""
    values = {"name": mark.name, "starred": mark.starred, "note": mark.note}
    statement = insert(marks).values(node_id=node_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["node_id"], set_=values))


def read_marks(connection: Connection) -> dict[str, Mark]:
    """Node id -> mark, for the nodes that have one."""
    rows = connection.execute(select(marks)).mappings()
    return {row["node_id"]: Mark(row["name"], row["starred"], row["note"]) for row in rows}
