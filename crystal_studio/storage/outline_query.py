"""All nodes in one line each, with one query."""

from __future__ import annotations

from sqlalchemy import Connection, Select, and_, case, func, or_, select

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.storage.node_rows import BAND_GAP, E_ABOVE_HULL
from crystal_studio.storage.tables import candidates, checks, nodes, predictions, structures


def read_outlines(connection: Connection) -> list[NodeOutline]:
    """Outlines in order of creation."""
    return [
        NodeOutline(
            id=row["id"],
            parent=row["parent"],
            round=row["round"],
            message=row["message"],
            formula=row["formula"],
            space_group=row["space_group"],
            band_gap_ev=row["band_gap_ev"],
            e_above_hull_ev=row["e_above_hull_ev"],
            valid=bool(row["valid"]),
            strength=row["strength"],
            seed=row["seed"],
            start=row["start"],
            pivot_source=row["pivot_source"],
            language_model=row["models"].get(ModelKind.LANGUAGE_MODEL.value, ""),
            created=row["created"],
        )
        for row in connection.execute(_outlines()).mappings()
    ]


def _outlines() -> Select[tuple[object, ...]]:
    gap, hull = predictions.alias("gap"), predictions.alias("hull")
    holds = case((or_(checks.c.passed.is_(None), checks.c.passed, ~checks.c.required), 1), else_=0)
    verdicts = (
        select(checks.c.node_id, func.min(holds).label("valid"))
        .where(checks.c.candidate.is_(None))
        .group_by(checks.c.node_id)
        .subquery("verdicts")
    )
    joined = nodes.join(structures, structures.c.id == nodes.c.structure_id)
    joined = joined.outerjoin(
        candidates, and_(candidates.c.node_id == nodes.c.id, candidates.c.position == nodes.c.chosen)
    )
    joined = joined.outerjoin(verdicts, verdicts.c.node_id == nodes.c.id)
    for predicted, quantity in ((gap, BAND_GAP), (hull, E_ABOVE_HULL)):
        mine = and_(
            predicted.c.node_id == nodes.c.id, predicted.c.candidate.is_(None), predicted.c.quantity == quantity
        )
        joined = joined.outerjoin(predicted, mine)
    columns = (
        nodes.c.id,
        nodes.c.parent,
        nodes.c.round,
        nodes.c.message,
        nodes.c.space_group,
        nodes.c.strength,
        nodes.c.seed,
        nodes.c.pivot_source,
        nodes.c.models,
        nodes.c.created,
        structures.c.formula,
        candidates.c.start,
        gap.c.value.label("band_gap_ev"),
        hull.c.value.label("e_above_hull_ev"),
        func.coalesce(verdicts.c.valid, 0).label("valid"),
    )
    return select(*columns).select_from(joined).order_by(nodes.c.ordinal)
