"""What lists and searches read of a node, as one narrow row and its words."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, insert

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.history import Node
from crystal_studio.domain.node_search import anonymous_formula, sheet_of, text_of
from crystal_studio.storage.tables import outlines
from crystal_studio.storage.words import write_words


def insert_outline(connection: Connection, ordinal: int, node: Node) -> None:
    """Enter a node that has just been stored under `ordinal`."""
    row = {
        "ordinal": ordinal,
        "node_id": node.id,
        "parent": node.parent,
        "formula": node.crystal.formula,
        **formula_columns(node.crystal.composition),
        "space_group": node.space_group.number,
        "band_gap_ev": node.band_gap.value if node.band_gap else None,
        "e_above_hull_ev": node.e_above_hull.value if node.e_above_hull else None,
        "alignment": node.alignment,
        "valid": node.valid,
        "start": node.start if node.candidates else None,
        "sheet": sheet_of(node),
    }
    connection.execute(insert(outlines).values(row))
    write_words(connection, {ordinal: text_of(node)})


def formula_columns(composition: Composition) -> dict[str, Any]:
    """What a search by elements or by anonymous formula reads."""
    return {"elements": element_list(composition.elements), "anonymous": anonymous_formula(composition)}


def element_list(symbols: tuple[str, ...]) -> str:
    """Symbols between commas, so that ",O," finds oxygen but not osmium."""
    return f",{','.join(sorted(symbols))},"
