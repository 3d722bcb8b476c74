"""Structures, nodes, candidates, checks and predictions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# "CSTD" in ASCII and the schema's major version: an older program refuses the file by these alone.
APPLICATION_ID = 0x43535444
SCHEMA_MAJOR = 1


def upgrade() -> None:
    """Build an empty project."""
    op.execute(f"PRAGMA application_id={APPLICATION_ID}")
    op.execute(f"PRAGMA user_version={SCHEMA_MAJOR}")
    _structures()
    _nodes()
    _candidates()
    _checks()
    _predictions()


def _structures() -> None:
    op.create_table(
        "structures",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("content_hash", sa.Text, nullable=False, index=True),
        sa.Column("formula", sa.Text, nullable=False, index=True),
        sa.Column("num_sites", sa.Integer, nullable=False),
        sa.Column("lattice_angstrom", sa.Text, nullable=False),
        sa.Column("species", sa.Text, nullable=False),
        sa.Column("frac_coords", sa.Text, nullable=False),
    )


def _nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("ordinal", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("parent", sa.Text, sa.ForeignKey("nodes.id"), index=True),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("intent", sa.Text, nullable=False),
        sa.Column("pivot", sa.Text, nullable=False),
        sa.Column("pivot_source", sa.Text, nullable=False),
        sa.Column("structure_id", sa.Text, sa.ForeignKey("structures.id"), nullable=False),
        sa.Column("relaxed", sa.Boolean, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("space_group", sa.Integer, nullable=False),
        sa.Column("symprec_angstrom", sa.Float),
        sa.Column("alignment", sa.Float),
        sa.Column("chosen", sa.Integer, nullable=False),
        sa.Column("seed", sa.Text, nullable=False),
        sa.Column("strength", sa.Float, nullable=False),
        sa.Column("models", sa.Text, nullable=False),
        sa.Column("parameters", sa.Text, nullable=False),
        sa.Column("seconds", sa.Text, nullable=False),
        sa.Column("notes", sa.Text, nullable=False),
        sa.Column("created", sa.Text, nullable=False),
    )


def _candidates() -> None:
    op.create_table(
        "candidates",
        sa.Column("node_id", sa.Text, sa.ForeignKey("nodes.id"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("drawn_id", sa.Text, sa.ForeignKey("structures.id"), nullable=False),
        sa.Column("relaxed_id", sa.Text, sa.ForeignKey("structures.id")),
        sa.Column("start", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("alignment", sa.Float),
        sa.Column("space_group", sa.Integer),
        sa.Column("symprec_angstrom", sa.Float),
        sa.Column("energy_per_atom_ev", sa.Float),
        sa.Column("goal_values", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer),
    )


def _checks() -> None:
    op.create_table(
        "checks",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node_id", sa.Text, sa.ForeignKey("nodes.id"), nullable=False),
        sa.Column("candidate", sa.Integer),
        sa.Column("structure_id", sa.Text, sa.ForeignKey("structures.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("passed", sa.Boolean),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("numbers", sa.Text, nullable=False),
        sa.Column("required", sa.Boolean, nullable=False),
    )
    op.create_index("ix_checks_node", "checks", ["node_id", "id"])
    op.create_index("ix_checks_structure", "checks", ["structure_id", "name", "version"])


def _predictions() -> None:
    op.create_table(
        "predictions",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("node_id", sa.Text, sa.ForeignKey("nodes.id"), nullable=False),
        sa.Column("candidate", sa.Integer),
        sa.Column("structure_id", sa.Text, sa.ForeignKey("structures.id"), nullable=False),
        sa.Column("quantity", sa.Text, nullable=False),
        sa.Column("model", sa.Text),
        sa.Column("value", sa.Float, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("sigma", sa.Float, nullable=False),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("in_distribution", sa.Boolean, nullable=False),
    )
    op.create_index("ix_predictions_node", "predictions", ["node_id", "id"])
    op.create_index("ix_predictions_structure", "predictions", ["structure_id", "quantity", "model"])
