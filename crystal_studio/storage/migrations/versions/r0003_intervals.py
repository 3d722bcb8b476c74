"""Ends of the 95 % interval of a prediction; unknown for those stored before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add both ends to the predictions."""
    op.add_column("predictions", sa.Column("low", sa.Float))
    op.add_column("predictions", sa.Column("high", sa.Float))
