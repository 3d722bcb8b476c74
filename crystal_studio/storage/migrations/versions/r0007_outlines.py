"""Outlines and words of nodes for lists and searches, hidden nodes, operations, saved searches.

The outlines and words of nodes stored before are made on opening (see `outline_fill`): they need the domain's
formulas, and a program from before this revision may add nodes without them at any time.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Add the tables, and the column that hides a node."""
    op.add_column("marks", sa.Column("is_hidden", sa.Boolean, nullable=False, server_default=sa.text("0")))
    op.create_index("ix_marks_hidden", "marks", ["node_id"], sqlite_where=sa.text("is_hidden"))
    _outlines()
    options = "content='', prefix='1 2', tokenize='unicode61 remove_diacritics 0'"
    op.execute(f"CREATE VIRTUAL TABLE words USING fts5(text, {options})")
    op.create_table(
        "operations",
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("nodes", sa.Text, nullable=False),
        sa.Column("before", sa.Text, nullable=False),
        sa.Column("after", sa.Text, nullable=False),
        sa.Column("is_undone", sa.Boolean, nullable=False),
        sa.Column("is_superseded", sa.Boolean, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
    )
    op.create_table(
        "saved_searches",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("query", sa.Text, nullable=False),
    )


def _outlines() -> None:
    op.create_table(
        "outlines",
        sa.Column("ordinal", sa.Integer, sa.ForeignKey("nodes.ordinal"), primary_key=True),
        sa.Column("node_id", sa.Text, nullable=False, unique=True),
        sa.Column("parent", sa.Text),
        sa.Column("formula", sa.Text, nullable=False),
        sa.Column("elements", sa.Text, nullable=False),
        sa.Column("anonymous", sa.Text, nullable=False),
        sa.Column("space_group", sa.Integer, nullable=False),
        sa.Column("band_gap_ev", sa.Float),
        sa.Column("e_above_hull_ev", sa.Float),
        sa.Column("alignment", sa.Float),
        sa.Column("valid", sa.Boolean, nullable=False),
        sa.Column("start", sa.Text),
        sa.Column("sheet", sa.Text, nullable=False),
    )
    op.create_index("ix_outlines_parent", "outlines", ["parent", "ordinal", "node_id"])
    op.create_index("ix_outlines_sheet", "outlines", ["sheet"], sqlite_where=sa.text("sheet <> ''"))
