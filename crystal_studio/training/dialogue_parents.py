"""Crystals that held-out dialogues are about: semiconductors of `test` whose formulas are never trained on."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio.domain.pivot import Pivot
from crystal_studio.domain.pivot_grammar import mend_misprints, parse_pivot
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.training.data import Record, read_json_lines

MAX_ATOMS = 20
MAX_TEXT = 1500
LEAST_GAP_EV = 0.3


@dataclass(frozen=True)
class Parent:
    """A crystal of `test` whose formula is not among the trained ones."""

    identifier: str
    text: str
    pivot: Pivot
    formula: str
    space_group: int
    band_gap_ev: float
    trained_formulas: frozenset[str]

    @property
    def elements(self) -> tuple[str, ...]:
        """Its elements, cations first."""
        return self.pivot.composition.elements

    @property
    def dimensionality(self) -> int:
        """As its text states it; silence means three."""
        return 3 if self.pivot.dimensionality is None else self.pivot.dimensionality

    @property
    def system(self) -> str:
        """Its crystal system."""
        return SpaceGroup(self.space_group).crystal_system

    def to_row(self) -> dict[str, Any]:
        """What the benchmark stores of it."""
        return {
            "material": self.identifier,
            "description": self.text,
            "formula": self.formula,
            "space_group": self.space_group,
            "band_gap": round(self.band_gap_ev, 4),
        }


def read_parents(data: Path) -> list[Parent]:
    """Parents of `test`, semiconductors with a parsed text, whose formulas `train` does not have."""
    crystals = data / "crystals"
    known = frozenset(record.crystal.formula for record in read_json_lines(crystals / "train.jsonl.gz"))
    texts = _texts(data / "descriptions.jsonl.gz")
    found: dict[str, Parent] = {}
    for record in read_json_lines(crystals / "test.jsonl.gz"):
        text = texts.get(record.identifier, "")
        fits = (
            0 < len(text) <= MAX_TEXT and len(record.crystal) <= MAX_ATOMS and (record.band_gap_ev or 0) > LEAST_GAP_EV
        )
        if fits and record.crystal.formula not in known | found.keys():
            parent = _parent(record, mend_misprints(text), known)
            if parent is not None:
                found[parent.formula] = parent
    return list(found.values())


def _parent(record: Record, text: str, known: frozenset[str]) -> Parent | None:
    """The parent with the space group that its text states (searched at 0.01 Å), if the text is read in full."""
    pivot = parse_pivot(text)
    if pivot.unread or pivot.space_group is None:
        return None
    number, gap_ev = pivot.space_group.number, record.band_gap_ev or 0.0
    return Parent(record.identifier, text, pivot, record.crystal.formula, number, gap_ev, known)


def _texts(path: Path) -> dict[str, str]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return {row["id"]: row["text"] for row in map(json.loads, lines) if row.get("text")}
