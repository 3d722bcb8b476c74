"""Searches kept under a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects.sqlite import insert

from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.storage.tables import saved_searches

Plain = dict[str, Any]


def read_searches(connection: Connection) -> dict[str, NodeQuery]:
    """Name -> query, by name."""
    rows = connection.execute(select(saved_searches).order_by(saved_searches.c.name))
    return {name: query_from_plain(plain) for name, plain in rows}


def read_search(connection: Connection, name: str) -> Plain | None:
    """A query as plain data, None where none has that name."""
    query = select(saved_searches.c.query).where(saved_searches.c.name == name)
    plain: Plain | None = connection.execute(query).scalar()
    return plain


def write_search(connection: Connection, name: str, plain: Plain | None) -> None:
    """Keep a query under a name, or drop it for None."""
    if plain is None:
        connection.execute(delete(saved_searches).where(saved_searches.c.name == name))
        return
    statement = insert(saved_searches).values(name=name, query=plain)
    connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"query": plain}))


def query_to_plain(query: NodeQuery) -> Plain:
    """Plain data."""
    return asdict(query) | {"order": query.order.value}


def query_from_plain(plain: Mapping[str, Any]) -> NodeQuery:
    """Inverse of `query_to_plain`; conditions that only a newer program knows are left out."""
    known = {item.name for item in fields(NodeQuery)}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    orders = {order.value for order in NodeOrder}
    order = NodeOrder(values["order"]) if values.get("order") in orders else NodeOrder.CREATED
    return NodeQuery(**({name: value for name, value in values.items() if name in known} | {"order": order}))
