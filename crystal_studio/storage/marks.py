"""Names, stars, notes and what is hidden, as rows."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, func, literal, select, true, update
from sqlalchemy.dialects.sqlite import insert

from crystal_studio.domain.mark import Mark
from crystal_studio.storage.json_list import among
from crystal_studio.storage.tables import marks, nodes

_PLAIN = {"name": "", "starred": False, "note": ""}


def read_marks(connection: Connection, node_ids: Sequence[str] | None = None) -> dict[str, Mark]:
    """Node id -> mark, for the nodes (of those given, if any are) that have one."""
    wanted = true() if node_ids is None else marks.c.node_id.in_(among(node_ids))
    rows = connection.execute(select(marks).where(wanted)).mappings()
    found = {row["node_id"]: _mark(row) for row in rows}
    return {node_id: mark for node_id, mark in found.items() if mark != Mark()}


def read_mark(connection: Connection, node_id: str) -> Mark:
    """The mark of a node, an empty one where it has none."""
    row = connection.execute(select(marks).where(marks.c.node_id == node_id)).mappings().first()
    return Mark() if row is None else _mark(row)


def write_mark(connection: Connection, node_id: str, mark: Mark) -> None:
    """Set name, star and note of a node, whatever they were; whether it is hidden stays as it is."""
    values = {"name": mark.name, "starred": mark.starred, "note": mark.note}
    statement = insert(marks).values(node_id=node_id, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["node_id"], set_=values))


def hidden_otherwise(connection: Connection, node_ids: Sequence[str], is_hidden: bool) -> list[str]:
    """Those of the nodes that are not yet hidden (or shown), in order of creation."""
    joined = nodes.outerjoin(marks, marks.c.node_id == nodes.c.id)
    differs = func.coalesce(marks.c.is_hidden, False) != is_hidden
    query = select(nodes.c.id).select_from(joined).where(nodes.c.id.in_(among(node_ids)), differs)
    return list(connection.execute(query.order_by(nodes.c.ordinal)).scalars())


def write_hidden(connection: Connection, node_ids: Sequence[str], is_hidden: bool) -> None:
    """Hide nodes, or show them again."""
    mine = marks.c.node_id.in_(among(node_ids))
    bare = select(nodes.c.id, *map(literal, _PLAIN.values())).where(nodes.c.id.in_(among(node_ids)))
    connection.execute(insert(marks).from_select(["node_id", *_PLAIN], bare).on_conflict_do_nothing())
    connection.execute(update(marks).where(mine).values(is_hidden=is_hidden))


def _mark(row: RowMapping) -> Mark:
    return Mark(row["name"], row["starred"], row["note"], row["is_hidden"])
