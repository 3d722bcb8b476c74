"""Which known crystals a node matches; unknown for those stored before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add what was found in the reference sets to the nodes."""
    op.add_column("nodes", sa.Column("known", sa.Text))
