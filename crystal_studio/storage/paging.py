"""The tree in pages, and walks up and down it; nothing here reads all nodes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select, true

from crystal_studio.domain.outline import NodeOutline
from crystal_studio.storage.json_list import among
from crystal_studio.storage.outline_query import outlines_at
from crystal_studio.storage.tables import marks, nodes, outlines


def shown(hidden: bool) -> ColumnElement[bool]:
    """Condition on `outlines`: not hidden, or any for `hidden`."""
    if hidden:
        return true()
    return ~select(marks.c.node_id).where(marks.c.node_id == outlines.c.node_id, marks.c.is_hidden).exists()


def has_hidden(connection: Connection) -> bool:
    """Whether any node is hidden: where none is, nothing has to be left out, which takes longer row by row."""
    return connection.execute(select(marks.c.node_id).where(marks.c.is_hidden).limit(1)).first() is not None


def read_page(connection: Connection, parent: str | None, offset: int, limit: int, hidden: bool) -> list[NodeOutline]:
    """Children of a node, or the roots."""
    query = select(outlines.c.ordinal).where(outlines.c.parent.is_not_distinct_from(parent), shown(hidden))
    page = query.order_by(outlines.c.ordinal).limit(limit).offset(offset)
    return outlines_at(connection, connection.execute(page).scalars().all())


def read_child_counts(connection: Connection, node_ids: Sequence[str], hidden: bool) -> dict[str, int]:
    """Node id -> number of children, where there are any."""
    query = select(outlines.c.parent, func.count()).where(outlines.c.parent.in_(among(node_ids)), shown(hidden))
    return {parent: count for parent, count in connection.execute(query.group_by(outlines.c.parent))}


def read_newest(connection: Connection) -> str | None:
    """The node that was stored last and is not hidden."""
    query = select(outlines.c.node_id).where(shown(hidden=False)).order_by(outlines.c.ordinal.desc()).limit(1)
    return connection.execute(query).scalar()


def count_nodes(connection: Connection) -> int:
    """All nodes."""
    return int(connection.execute(select(func.count()).select_from(outlines)).scalar_one())


def ordinal_of(connection: Connection, node_id: str) -> int | None:
    """Where a node stands in order of creation, None where there is none of that id."""
    return connection.execute(select(nodes.c.ordinal).where(nodes.c.id == node_id)).scalar()


def read_branch(connection: Connection, node_id: str) -> list[NodeOutline]:
    """The path from the root to a node; a node is always younger than its parent."""
    columns = (outlines.c.ordinal, outlines.c.parent)
    path = select(*columns).where(outlines.c.node_id == node_id).cte("path", recursive=True)
    path = path.union_all(select(*columns).where(outlines.c.node_id == path.c.parent))
    ordinals = connection.execute(select(path.c.ordinal).order_by(path.c.ordinal)).scalars().all()
    return outlines_at(connection, ordinals)


def read_subtree(connection: Connection, node_id: str) -> list[str]:
    """A node and everything below it, in order of creation."""
    columns = (outlines.c.ordinal, outlines.c.node_id)
    below = select(*columns).where(outlines.c.node_id == node_id).cte("below", recursive=True)
    below = below.union_all(select(*columns).where(outlines.c.parent == below.c.node_id))
    return list(connection.execute(select(below.c.node_id).order_by(below.c.ordinal)).scalars())
