"""The shape of the tree without what its nodes say: lines of answers, and the way to a node."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, text

from crystal_studio.storage.column_types import to_json

_SHOWN = "(:hidden OR NOT EXISTS (SELECT 1 FROM marks WHERE marks.node_id = outlines.node_id AND is_hidden))"
_FIRST_ANSWER = f"SELECT node_id FROM outlines WHERE parent = line.node_id AND {_SHOWN} ORDER BY ordinal LIMIT 1"
_LINES = text(f"""
    WITH RECURSIVE line(head, node_id, step) AS (
        SELECT value, value, 0 FROM json_each(:heads)
        UNION ALL
        SELECT head, ({_FIRST_ANSWER}), step + 1 FROM line WHERE node_id IS NOT NULL AND step < :limit
    )
    SELECT head, node_id FROM line WHERE step > 0 AND node_id IS NOT NULL ORDER BY head, step
""")
_PLACE = f"SELECT count(*) FROM outlines WHERE parent IS way.parent AND ordinal < way.ordinal AND {_SHOWN}"
_PATH = text(f"""
    WITH RECURSIVE way(node_id, parent, ordinal) AS (
        SELECT node_id, parent, ordinal FROM outlines WHERE node_id = :node_id
        UNION ALL
        SELECT above.node_id, above.parent, above.ordinal
        FROM outlines AS above JOIN way ON above.node_id = way.parent
    )
    SELECT outlines.node_id, CASE WHEN {_SHOWN} THEN ({_PLACE}) ELSE -1 END
    FROM way JOIN outlines ON outlines.node_id = way.node_id ORDER BY way.ordinal
""")
_ROOTS = text(f"SELECT count(*) FROM outlines WHERE parent IS NULL AND {_SHOWN}")
_SHEETS = text("SELECT sheet FROM outlines WHERE sheet <> '' GROUP BY sheet ORDER BY max(ordinal) DESC LIMIT :limit")


def read_lines(connection: Connection, node_ids: Sequence[str], limit: int, hidden: bool) -> dict[str, list[str]]:
    """Node id -> its first answer, the first answer to that, and so on."""
    found: dict[str, list[str]] = {}
    asked = {"heads": to_json(list(node_ids)), "limit": limit, "hidden": hidden}
    for head, node_id in connection.execute(_LINES, asked):
        found.setdefault(head, []).append(node_id)
    return found


def read_path(connection: Connection, node_id: str, hidden: bool) -> list[tuple[str, int]]:
    """From the root to a node, each with its offset among its siblings; empty where there is no such node."""
    return [tuple(row) for row in connection.execute(_PATH, {"node_id": node_id, "hidden": hidden}).all()]


def count_roots(connection: Connection, hidden: bool) -> int:
    """Nodes that answer no other."""
    return int(connection.execute(_ROOTS, {"hidden": hidden}).scalar_one())


def read_sheets(connection: Connection, limit: int) -> list[str]:
    """Ids of contact sheets, the newest first."""
    return list(connection.execute(_SHEETS, {"limit": limit}).scalars())
