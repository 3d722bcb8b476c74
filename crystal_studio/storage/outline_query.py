"""Nodes in one line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.storage.json_list import among
from crystal_studio.storage.tables import nodes, outlines

_COLUMNS = (
    nodes.c.id,
    nodes.c.parent,
    nodes.c.round,
    nodes.c.message,
    nodes.c.strength,
    nodes.c.seed,
    nodes.c.pivot_source,
    nodes.c.models,
    nodes.c.created,
    outlines.c.ordinal,
    outlines.c.formula,
    outlines.c.space_group,
    outlines.c.band_gap_ev,
    outlines.c.e_above_hull_ev,
    outlines.c.valid,
    outlines.c.start,
)


def read_outlines(connection: Connection, node_ids: Sequence[str] | None = None) -> list[NodeOutline]:
    """All outlines, or those of the nodes given, in order of creation."""
    wanted = _joined() if node_ids is None else _joined().where(outlines.c.node_id.in_(among(node_ids)))
    return [_outline(row) for row in connection.execute(wanted.order_by(outlines.c.ordinal)).mappings()]


def outlines_at(connection: Connection, ordinals: Sequence[int]) -> list[NodeOutline]:
    """The outlines of these nodes, in this order."""
    rows = connection.execute(_joined().where(outlines.c.ordinal.in_(among(ordinals)))).mappings()
    found = {row["ordinal"]: _outline(row) for row in rows}
    return [found[ordinal] for ordinal in ordinals]


def _joined() -> Select[tuple[Any, ...]]:
    return select(*_COLUMNS).select_from(outlines.join(nodes, nodes.c.ordinal == outlines.c.ordinal))


def _outline(row: Any) -> NodeOutline:
    return NodeOutline(
        id=row["id"],
        parent=row["parent"],
        round=row["round"],
        message=row["message"],
        formula=row["formula"],
        space_group=row["space_group"],
        band_gap_ev=row["band_gap_ev"],
        e_above_hull_ev=row["e_above_hull_ev"],
        valid=row["valid"],
        strength=row["strength"],
        seed=row["seed"],
        start=row["start"],
        pivot_source=row["pivot_source"],
        language_model=row["models"].get(ModelKind.LANGUAGE_MODEL.value, ""),
        created=row["created"],
    )
