"""How a node's crystal was denoised, which draw each candidate was, and quick outlines; unknown for nodes before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the trajectories, what candidates lacked, and indexes over what the committed crystals have."""
    op.create_table(
        "trajectories",
        sa.Column("node_id", sa.Text, sa.ForeignKey("nodes.id"), primary_key=True),
        sa.Column("frames", sa.LargeBinary, nullable=False),
    )
    op.add_column("candidates", sa.Column("draw", sa.Integer))
    op.add_column("candidates", sa.Column("score", sa.Float))
    op.add_column("candidates", sa.Column("notes", sa.Text))
    for table in ("checks", "predictions"):
        op.create_index(f"ix_{table}_committed", table, ["node_id"], sqlite_where=sa.text("candidate IS NULL"))
