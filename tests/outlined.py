"""Large trees without crystals: what lists and trees need of a store, made up in no time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ProjectUnavailable
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline

ROCK_SALT = Crystal(np.eye(3) * 3.99, ("Na", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))


def outline(name: str, parent: str | None = None, **changes: object) -> NodeOutline:
    """A node in a line; `name` is its id and its message."""
    plain = NodeOutline(
        id=name,
        parent=parent,
        round=1,
        message=name,
        formula="NaCl",
        space_group=225,
        band_gap_ev=5.0,
        e_above_hull_ev=0.01,
        valid=True,
        strength=0.1,
        seed=7,
        start="prototype",
        pivot_source="model",
        language_model="scripted@fake",
        created="2026-01-01T00:00:00+00:00",
    )
    return replace(plain, **changes)


class OutlineStore:
    """Holds outlines and marks; every crystal is rock salt.

    Attributes:
        crystals_read: ids of the nodes whose crystal was asked for.
        is_full: whether storing a mark fails as on a full disk.
    """

    def __init__(self, outlines: Iterable[NodeOutline] = ()) -> None:
        self._outlines = list(outlines)
        self._marks: dict[str, Mark] = {}
        self.crystals_read: list[str] = []
        self.is_full = False

    def outlines(self) -> list[NodeOutline]:
        return list(self._outlines)

    def marks(self) -> dict[str, Mark]:
        return dict(self._marks)

    def mark(self, node_id: str, mark: Mark) -> None:
        if self.is_full:
            raise ProjectUnavailable("The disk is full. Free some space and try again.")
        self._marks[node_id] = mark

    def crystal(self, node_id: str) -> Crystal:
        self.crystals_read.append(node_id)
        return ROCK_SALT
