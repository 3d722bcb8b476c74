"""What a person changes in a project, each an operation that can be undone; inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects.sqlite import insert as insert_or

from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.node_search import sheet_of
from crystal_studio.domain.operation import OperationKind
from crystal_studio.storage import tables
from crystal_studio.storage.marks import hidden_otherwise, read_mark, write_hidden, write_mark
from crystal_studio.storage.node_rows import (
    candidate_rows,
    check_rows,
    crystals_of,
    node_row,
    prediction_rows,
    structure_row,
)
from crystal_studio.storage.operations import log_operation
from crystal_studio.storage.outline_rows import insert_outline
from crystal_studio.storage.saved_searches import query_to_plain, read_search, write_search


def add_node(connection: Connection, node: Node) -> None:
    """Store a node; a cell of a contact sheet is hidden, and no undo step, until it is promoted."""
    insert_node(connection, node)
    if sheet_of(node):
        write_hidden(connection, [node.id], is_hidden=True)
    else:
        title = f"add {node.crystal.formula}"
        log_operation(connection, OperationKind.ADD_NODES, title, [node.id], before=True, after=False)


def change_mark(connection: Connection, node_id: str, mark: Mark) -> None:
    """Set name, star and note of a node."""
    before, after = (_noted(one) for one in (read_mark(connection, node_id), mark))
    if before == after:
        return
    write_mark(connection, node_id, mark)
    title = f"{_what_changed(before, after)} {_formula(connection, node_id)}"
    log_operation(connection, OperationKind.MARK, title, [node_id], before, after)


def change_hidden(connection: Connection, node_ids: Sequence[str], is_hidden: bool) -> None:
    """Hide nodes, or show them again; those that are so already are no part of the operation."""
    changed = hidden_otherwise(connection, node_ids, is_hidden)
    if not changed:
        return
    write_hidden(connection, changed, is_hidden)
    kind = OperationKind.HIDE if is_hidden else OperationKind.UNHIDE
    whom = f"{len(changed)} nodes" if len(changed) > 1 else _formula(connection, changed[0])
    log_operation(connection, kind, f"{kind.value} {whom}", changed, before=not is_hidden, after=is_hidden)


def change_search(connection: Connection, name: str, query: NodeQuery | None) -> bool:
    """Keep a search, or drop it for None; False where there is none to drop."""
    before, after = read_search(connection, name), None if query is None else query_to_plain(query)
    if before is None and after is None:
        return False
    write_search(connection, name, after)
    kind = OperationKind.DROP_SEARCH if after is None else OperationKind.SAVE_SEARCH
    title = f"{'drop' if after is None else 'save'} the search '{name}'"
    log_operation(connection, kind, title, [], {"name": name, "query": before}, {"name": name, "query": after})
    return True


def _noted(mark: Mark) -> dict[str, Any]:
    return {"name": mark.name, "starred": bool(mark.starred), "note": mark.note}


def _what_changed(before: dict[str, Any], after: dict[str, Any]) -> str:
    changed = [part for part in before if before[part] != after[part]]
    if changed == ["starred"]:
        return "star" if after["starred"] else "unstar"
    return {"name": "name", "note": "note on"}[changed[0]] if len(changed) == 1 else "mark"


def _formula(connection: Connection, node_id: str) -> str:
    query = select(tables.outlines.c.formula).where(tables.outlines.c.node_id == node_id)
    return str(connection.execute(query).scalar_one())


def insert_node(connection: Connection, node: Node) -> None:
    """Store a node as rows; whoever calls enters the operation."""
    structures = {row["id"]: row for row in map(structure_row, crystals_of(node))}
    connection.execute(insert_or(tables.structures).on_conflict_do_nothing(), list(structures.values()))
    ordinal = connection.execute(insert(tables.nodes).values(node_row(node))).lastrowid
    for table, rows in (
        (tables.candidates, candidate_rows(node)),
        (tables.checks, check_rows(node)),
        (tables.predictions, prediction_rows(node)),
    ):
        if rows:
            connection.execute(insert(table), rows)
    insert_outline(connection, ordinal, node)
