"""The tables of a project file.

Rows of `structures`, `nodes`, `candidates`, `checks` and `predictions` are written once and never changed; what a
person adds later (names, stars, notes, what is hidden) lives in `marks`. Rows of `outlines` and `words` repeat what
lists and searches need of each node; they are made of the other tables and hold no truth of their own.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    column,
    table,
    text,
)

from crystal_studio.storage.column_types import ExactFloat, PlainJson, WholeNumber

metadata = MetaData()

# `id` hashes every bit, so that reading gives back what was written; `content_hash` (rounded to 1e-6) finds equals.
structures = Table(
    "structures",
    metadata,
    Column("id", Text, primary_key=True),
    Column("content_hash", Text, nullable=False, index=True),
    Column("formula", Text, nullable=False, index=True),
    Column("num_sites", Integer, nullable=False),
    Column("lattice_angstrom", PlainJson, nullable=False),
    Column("species", PlainJson, nullable=False),
    Column("frac_coords", PlainJson, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    Column("ordinal", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("parent", Text, ForeignKey("nodes.id"), index=True),
    Column("round", Integer, nullable=False),
    Column("message", Text, nullable=False),
    Column("intent", PlainJson, nullable=False),
    Column("pivot", Text, nullable=False),
    Column("pivot_source", Text, nullable=False),
    Column("structure_id", Text, ForeignKey("structures.id"), nullable=False),
    Column("relaxed", Boolean, nullable=False),
    Column("description", Text, nullable=False),
    Column("space_group", Integer, nullable=False),
    Column("symprec_angstrom", ExactFloat),
    Column("alignment", ExactFloat),
    Column("chosen", Integer, nullable=False),
    Column("seed", WholeNumber, nullable=False),
    Column("strength", ExactFloat, nullable=False),
    Column("models", PlainJson, nullable=False),
    Column("parameters", PlainJson, nullable=False),
    Column("seconds", PlainJson, nullable=False),
    Column("notes", PlainJson, nullable=False),
    Column("created", Text, nullable=False),
    Column("known", PlainJson),
)

candidates = Table(
    "candidates",
    metadata,
    Column("node_id", Text, ForeignKey("nodes.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("drawn_id", Text, ForeignKey("structures.id"), nullable=False),
    Column("relaxed_id", Text, ForeignKey("structures.id")),
    Column("start", Text, nullable=False),
    Column("origin", Text, nullable=False),
    Column("alignment", ExactFloat),
    Column("space_group", Integer),
    Column("symprec_angstrom", ExactFloat),
    Column("energy_per_atom_ev", ExactFloat),
    Column("goal_values", PlainJson, nullable=False),
    Column("rank", Integer),
    Column("draw", Integer),
    Column("score", ExactFloat),
    Column("notes", PlainJson),
)

# In `checks` and `predictions`, `candidate` is the position of a candidate, NULL for the committed crystal itself.
checks = Table(
    "checks",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("node_id", Text, ForeignKey("nodes.id"), nullable=False),
    Column("candidate", Integer),
    Column("structure_id", Text, ForeignKey("structures.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("passed", Boolean),
    Column("detail", Text, nullable=False),
    Column("numbers", PlainJson, nullable=False),
    Column("required", Boolean, nullable=False),
    Index("ix_checks_node", "node_id", "id"),
    Index("ix_checks_committed", "node_id", sqlite_where=text("candidate IS NULL")),
    Index("ix_checks_structure", "structure_id", "name", "version"),
)

predictions = Table(
    "predictions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("node_id", Text, ForeignKey("nodes.id"), nullable=False),
    Column("candidate", Integer),
    Column("structure_id", Text, ForeignKey("structures.id"), nullable=False),
    Column("quantity", Text, nullable=False),
    Column("model", Text),
    Column("value", ExactFloat, nullable=False),
    Column("unit", Text, nullable=False),
    Column("sigma", ExactFloat, nullable=False),
    Column("method", Text, nullable=False),
    Column("in_distribution", Boolean, nullable=False),
    Column("low", ExactFloat),
    Column("high", ExactFloat),
    Index("ix_predictions_node", "node_id", "id"),
    Index("ix_predictions_committed", "node_id", sqlite_where=text("candidate IS NULL")),
    Index("ix_predictions_structure", "structure_id", "quantity", "model"),
)

marks = Table(
    "marks",
    metadata,
    Column("node_id", Text, ForeignKey("nodes.id"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("starred", Boolean, nullable=False),
    Column("note", Text, nullable=False),
    Column("is_hidden", Boolean, nullable=False, server_default=text("0")),
    Index("ix_marks_hidden", "node_id", sqlite_where=text("is_hidden")),
)

# One narrow row a node, so that a search reads few pages; `elements` is such as ",O,Sr,Ti,".
outlines = Table(
    "outlines",
    metadata,
    Column("ordinal", Integer, ForeignKey("nodes.ordinal"), primary_key=True),
    Column("node_id", Text, nullable=False, unique=True),
    Column("parent", Text),
    Column("formula", Text, nullable=False),
    Column("elements", Text, nullable=False),
    Column("anonymous", Text, nullable=False),
    Column("space_group", Integer, nullable=False),
    Column("band_gap_ev", ExactFloat),
    Column("e_above_hull_ev", ExactFloat),
    Column("alignment", ExactFloat),
    Column("valid", Boolean, nullable=False),
    Column("start", Text),
    Column("sheet", Text, nullable=False),
    Index("ix_outlines_parent", "parent", "ordinal", "node_id"),
    Index("ix_outlines_sheet", "sheet", sqlite_where=text("sheet <> ''")),
)

# SQLite's full-text index over `domain.node_search.plain_words`, quick for a single letter too; its row ids are those
# of `outlines`, and the text itself is not kept a second time. Not in the metadata, for SQLAlchemy knows no virtual
# tables.
words = table("words", column("rowid"), column("text"))

# What was changed, for undo and redo: `before` and `after` are what each kind needs (see `operations`).
operations = Table(
    "operations",
    metadata,
    Column("ordinal", Integer, primary_key=True, autoincrement=True),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("nodes", PlainJson, nullable=False),
    Column("before", PlainJson, nullable=False),
    Column("after", PlainJson, nullable=False),
    Column("is_undone", Boolean, nullable=False),
    Column("is_superseded", Boolean, nullable=False),
    Column("created", Text, nullable=False),
)

saved_searches = Table(
    "saved_searches",
    metadata,
    Column("name", Text, primary_key=True),
    Column("query", PlainJson, nullable=False),
)

# How the committed crystal was denoised: see `trajectory_blob`.
trajectories = Table(
    "trajectories",
    metadata,
    Column("node_id", Text, ForeignKey("nodes.id"), primary_key=True),
    Column("frames", LargeBinary, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("ordinal", Integer, primary_key=True, autoincrement=True),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("payload", PlainJson, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("created", Text, nullable=False),
)
