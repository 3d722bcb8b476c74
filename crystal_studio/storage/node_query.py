"""Reading whole nodes with one query a table, however many nodes there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, select, true

from crystal_studio.domain.candidate import Candidate
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.validity import CheckResult
from crystal_studio.storage import tables
from crystal_studio.storage.json_list import among
from crystal_studio.storage.node_rows import (
    candidate_from_row,
    check_from_row,
    crystal_from_row,
    measured_from_row,
    node_from_row,
)

Owner = tuple[str, int | None]
_LAST_LETTER = chr(0x10FFFF)


def ids_with_prefix(connection: Connection, prefix: str, at_most: int) -> list[str]:
    """Ids that begin with `prefix`, in order of creation."""
    column = tables.nodes.c.id
    begins = and_(column >= prefix, column < prefix + _LAST_LETTER)  # a range, which the index of ids answers
    query = select(column).where(begins).order_by(tables.nodes.c.ordinal).limit(at_most)
    return list(connection.execute(query).scalars())


def ids_unknown(connection: Connection, node_ids: Sequence[str]) -> list[str]:
    """Those of the ids that name no node."""
    asked = tables.nodes.c.id.in_(among(node_ids))
    known = set(connection.execute(select(tables.nodes.c.id).where(asked)).scalars())
    return [node_id for node_id in node_ids if node_id not in known]


def read_crystal(connection: Connection, node_id: str) -> Crystal | None:
    """The committed crystal of a node, None where there is no such node."""
    committed = tables.nodes.c.structure_id == tables.structures.c.id
    query = select(tables.structures).join(tables.nodes, committed).where(tables.nodes.c.id == node_id)
    row = connection.execute(query).mappings().first()
    return None if row is None else crystal_from_row(dict(row))


def read_nodes(connection: Connection, node_id: str | None = None) -> list[Node]:
    """All nodes, or the one named, in order of creation."""
    rows = _rows(connection, tables.nodes, _named(tables.nodes.c.id, node_id), tables.nodes.c.ordinal)
    crystals = _crystals(connection, node_id)
    checks = _checks(connection, node_id)
    predicted = _predictions(connection, node_id)
    candidates = _candidates(connection, node_id, crystals, checks, predicted)
    return [
        node_from_row(
            row,
            crystals[row["structure_id"]],
            tuple(checks[row["id"], None]),
            predicted[row["id"], None],
            tuple(candidates[row["id"]]),
        )
        for row in rows
    ]


def _named(column: ColumnElement[str], node_id: str | None) -> ColumnElement[bool]:
    return true() if node_id is None else column == node_id


def _rows(
    connection: Connection, table: Table, where: ColumnElement[bool], *order: ColumnElement[Any]
) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(select(table).where(where).order_by(*order)).mappings()]


def _crystals(connection: Connection, node_id: str | None) -> dict[str, Crystal]:
    where: ColumnElement[bool] = true()
    if node_id is not None:
        committed = select(tables.nodes.c.structure_id).where(tables.nodes.c.id == node_id)
        mine = tables.candidates.c.node_id == node_id
        drawn = select(tables.candidates.c.drawn_id).where(mine)
        relaxed = select(tables.candidates.c.relaxed_id).where(mine)
        where = tables.structures.c.id.in_(committed.union(drawn, relaxed))
    rows = _rows(connection, tables.structures, where, tables.structures.c.id)
    return {row["id"]: crystal_from_row(row) for row in rows}


def _checks(connection: Connection, node_id: str | None) -> defaultdict[Owner, list[CheckResult]]:
    found: defaultdict[Owner, list[CheckResult]] = defaultdict(list)
    table = tables.checks
    for row in _rows(connection, table, _named(table.c.node_id, node_id), table.c.id):
        found[row["node_id"], row["candidate"]].append(check_from_row(row))
    return found


def _predictions(connection: Connection, node_id: str | None) -> defaultdict[Owner, dict[str, Measured]]:
    """What was predicted for each owner, by quantity."""
    found: defaultdict[Owner, dict[str, Measured]] = defaultdict(dict)
    table = tables.predictions
    for row in _rows(connection, table, _named(table.c.node_id, node_id), table.c.id):
        found[row["node_id"], row["candidate"]][row["quantity"]] = measured_from_row(row)
    return found


def _candidates(
    connection: Connection,
    node_id: str | None,
    crystals: Mapping[str, Crystal],
    checks: Mapping[Owner, list[CheckResult]],
    predicted: Mapping[Owner, Mapping[str, Measured]],
) -> defaultdict[str, list[Candidate]]:
    found: defaultdict[str, list[Candidate]] = defaultdict(list)
    table = tables.candidates
    for row in _rows(connection, table, _named(table.c.node_id, node_id), table.c.node_id, table.c.position):
        owner = (row["node_id"], row["position"])
        verdicts, values = tuple(checks.get(owner, ())), predicted.get(owner, {})
        found[row["node_id"]].append(candidate_from_row(row, crystals, verdicts, values))
    return found
