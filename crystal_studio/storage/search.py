"""Queries over the narrow rows of `outlines` and the full-text index; `domain.node_search` says what they mean."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, or_, select, true

from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.domain.node_search import asked_anonymous, asked_formula, asked_words, plain_words
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.storage.column_types import ExactFloat
from crystal_studio.storage.json_list import among
from crystal_studio.storage.outline_query import outlines_at
from crystal_studio.storage.outline_rows import element_list
from crystal_studio.storage.paging import shown
from crystal_studio.storage.tables import marks, outlines
from crystal_studio.storage.words import ordinals_with


def read_found(connection: Connection, query: NodeQuery, offset: int, limit: int) -> list[NodeOutline]:
    """A page of the nodes that meet a query.

    Raises:
        UserCorrectable: the formula or the anonymous formula is none.
    """
    statement = select(outlines.c.ordinal).where(*_conditions(connection, query)).order_by(*_order(query))
    page = statement.limit(limit).offset(offset)
    return outlines_at(connection, connection.execute(page).scalars().all())


def count_found(connection: Connection, query: NodeQuery) -> int:
    """How many nodes meet a query.

    Raises:
        UserCorrectable: as `read_found`.
    """
    statement = select(func.count()).select_from(outlines).where(*_conditions(connection, query))
    return int(connection.execute(statement).scalar_one())


def _conditions(connection: Connection, query: NodeQuery) -> Iterator[ColumnElement[bool]]:
    yield shown(query.hidden)
    yield from _worded(connection, query)
    for symbol in query.elements:
        yield func.instr(outlines.c.elements, element_list((symbol,))) > 0
    for symbol in query.without:
        yield func.instr(outlines.c.elements, element_list((symbol,))) == 0
    if query.formula:
        yield outlines.c.formula == asked_formula(query.formula)
    if query.anonymous:
        yield outlines.c.anonymous == asked_anonymous(query.anonymous)
    if query.space_groups:
        yield outlines.c.space_group.in_(among(query.space_groups))
    yield _within(outlines.c.band_gap_ev, query.gap_ev)
    yield _within(outlines.c.e_above_hull_ev, query.hull_ev)
    if query.valid_only:
        yield outlines.c.valid
    if query.starred_only:
        yield _is_starred()
    if query.sheet:
        yield outlines.c.sheet == query.sheet


def _worded(connection: Connection, query: NodeQuery) -> Iterator[ColumnElement[bool]]:
    """Each word in the text, or in the name or note; those are few and change, so they are read as they are."""
    asked = asked_words(query.words)
    if not asked:
        return
    written = or_(marks.c.name != "", marks.c.note != "")
    rows = connection.execute(select(marks.c.node_id, marks.c.name, marks.c.note).where(written))
    noted = [(node_id, plain_words(name), plain_words(note)) for node_id, name, note in rows]
    for word in asked:
        condition = outlines.c.ordinal.in_(ordinals_with(word))
        marked = [node_id for node_id, name, note in noted if word in name or word in note]
        yield or_(condition, outlines.c.node_id.in_(among(marked))) if marked else condition


def _within(column: ColumnElement[Any], bounds: tuple[float | None, float | None]) -> ColumnElement[bool]:
    """Always with two bounds: a NaN is stored as text, which SQLite holds for larger than any number."""
    low, high = bounds
    if low is None and high is None:
        return true()
    return column.between(-inf if low is None else low, inf if high is None else high)


def _is_starred() -> ColumnElement[bool]:
    return select(marks.c.node_id).where(marks.c.node_id == outlines.c.node_id, marks.c.starred).exists()


def _order(query: NodeQuery) -> Iterator[ColumnElement[Any]]:
    column = _COLUMNS.get(query.order)
    if query.order is NodeOrder.STARRED:
        yield _is_starred().desc()
    elif column is not None:
        if isinstance(column.type, ExactFloat):
            column = case((func.typeof(column) == "real", column))  # a NaN is as unknown as NULL
            yield column.is_(None)
        yield column.desc() if query.is_descending else column
    yield outlines.c.ordinal.desc() if query.is_descending else outlines.c.ordinal


_COLUMNS: dict[NodeOrder, ColumnElement[Any]] = {
    NodeOrder.BAND_GAP: outlines.c.band_gap_ev,
    NodeOrder.E_ABOVE_HULL: outlines.c.e_above_hull_ev,
    NodeOrder.FORMULA: outlines.c.formula,
    NodeOrder.SPACE_GROUP: outlines.c.space_group,
    NodeOrder.ALIGNMENT: outlines.c.alignment,
}
