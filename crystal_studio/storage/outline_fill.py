"""Outlines and words of nodes that were stored without them: by a program from before revision 0007."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, Select, and_, case, func, insert, or_, select

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.node_search import SHEET
from crystal_studio.storage.node_rows import BAND_GAP, E_ABOVE_HULL
from crystal_studio.storage.outline_rows import formula_columns
from crystal_studio.storage.tables import candidates, checks, nodes, outlines, predictions, structures
from crystal_studio.storage.words import write_words

_AT_ONCE = 500


def is_behind(engine: Engine) -> bool:
    """Whether nodes were added that have no outline."""
    with engine.connect() as connection:
        return _lacks_outlines(connection)


def fill_outlines(engine: Engine) -> None:
    """Make the outlines that are missing, some hundred a transaction: killed half-way, the next opening goes on."""
    while is_behind(engine):
        with engine.begin() as connection:
            _fill_some(connection)


def _lacks_outlines(connection: Connection) -> bool:
    """They can only be the newest, so this takes no time."""
    newest = [connection.execute(select(func.max(table.c.ordinal))).scalar() or 0 for table in (nodes, outlines)]
    return newest[0] > newest[1]


def _fill_some(connection: Connection) -> None:
    done = connection.execute(select(func.max(outlines.c.ordinal))).scalar() or 0
    rows = connection.execute(_missing(done)).mappings().all()
    if not rows:  # another process was quicker
        return
    connection.execute(insert(outlines), [_outline_row(row) for row in rows])
    columns = ("formula", "message", "pivot", "description")
    texts = {row["ordinal"]: "\n".join(row[column] for column in columns) for row in rows}
    write_words(connection, texts)


def _outline_row(row: Any) -> dict[str, Any]:
    columns = ("ordinal", "node_id", "parent", "formula", "space_group", "band_gap_ev", "e_above_hull_ev")
    sheet = row["parameters"].get(SHEET) if isinstance(row["parameters"], dict) else None
    return {
        **{name: row[name] for name in columns},
        **formula_columns(Composition.from_species(row["species"])),
        "alignment": row["alignment"],
        "valid": bool(row["valid"]),
        "start": row["start"],
        "sheet": sheet if isinstance(sheet, str) else "",
    }


def _missing(done: int) -> Select[tuple[Any, ...]]:
    """The nodes after those that are done, with all that an outline takes from other tables."""
    joined = nodes.join(structures, structures.c.id == nodes.c.structure_id)
    joined = joined.outerjoin(
        candidates, and_(candidates.c.node_id == nodes.c.id, candidates.c.position == nodes.c.chosen)
    )
    columns = (
        nodes.c.ordinal,
        nodes.c.id.label("node_id"),
        nodes.c.parent,
        nodes.c.message,
        nodes.c.pivot,
        nodes.c.description,
        nodes.c.space_group,
        nodes.c.alignment,
        nodes.c.parameters,
        structures.c.formula,
        structures.c.species,
        candidates.c.start,
        _predicted(BAND_GAP).label("band_gap_ev"),
        _predicted(E_ABOVE_HULL).label("e_above_hull_ev"),
        func.coalesce(_verdict(), 0).label("valid"),
    )
    later = select(*columns).select_from(joined).where(nodes.c.ordinal > done)
    return later.order_by(nodes.c.ordinal).limit(_AT_ONCE)


def _predicted(quantity: str) -> Any:
    committed = and_(
        predictions.c.node_id == nodes.c.id, predictions.c.candidate.is_(None), predictions.c.quantity == quantity
    )
    return select(predictions.c.value).where(committed).limit(1).scalar_subquery()


def _verdict() -> Any:
    """1 where every required check of the committed crystal holds, 0 where one fails, NULL where there is none."""
    holds = case((or_(checks.c.passed.is_(None), checks.c.passed, ~checks.c.required), 1), else_=0)
    committed = and_(checks.c.node_id == nodes.c.id, checks.c.candidate.is_(None))
    return select(func.min(holds)).where(committed).scalar_subquery()
