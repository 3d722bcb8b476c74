"""One drawn crystal and everything measured on it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import CheckResult, all_required_pass

# As in "1:-3m+2:3m | 1:-3m, R-3m": sites of each element as multiplicity and site symmetry, then the space group.
_UNNAMED = re.compile(r"^\d+:[^,]+, (?P<group>[^,]+)")


class Start(StrEnum):
    """What a draw started from."""

    NOISE = "noise"
    PARENT = "parent"
    PROTOTYPE = "prototype"
    WRITTEN = "written"
    FILE = "file"

    @property
    def words(self) -> str:
        """What it is, for a person."""
        return "written by the language model" if self is Start.WRITTEN else self.value


@dataclass(frozen=True)
class Candidate:
    """A drawn crystal with its scores.

    Attributes:
        drawn: the crystal as sampled.
        start: what it started from.
        origin: where the start came from (prototype label, parent node), for a person.
        checks: every check, in order.
        alignment: cosine between text and crystal embeddings, -1 to 1.
        space_group: found at its symprec.
        band_gap: predicted, eV.
        e_above_hull: predicted energy above the convex hull, eV/atom.
        energy_per_atom_ev: of the relaxer, None where it was not computed.
        relaxed: the relaxed crystal where relaxing was tried and kept space group and volume.
        goal_values: quantity -> value of `crystal`, for the goals of the request.
        score: what it was ranked by, higher is better; None where it was not ranked.
        rank: 1 for the chosen one; None for candidates that failed a required check.
        notes: sentences to show with it ("strained by 2.4 %").
        draw: its number among the draws of its round, from 0; None where that was not kept.
    """

    drawn: Crystal
    start: Start
    origin: str
    checks: tuple[CheckResult, ...] = ()
    alignment: float | None = None
    space_group: SpaceGroup | None = None
    band_gap: Measured | None = None
    energy_per_atom_ev: float | None = None
    relaxed: Crystal | None = None
    goal_values: Mapping[str, float] = field(default_factory=dict)
    score: float | None = None
    rank: int | None = None
    notes: tuple[str, ...] = ()
    e_above_hull: Measured | None = None
    draw: int | None = None

    @property
    def valid(self) -> bool:
        """Whether it was checked and every required check passed."""
        return bool(self.checks) and all_required_pass(self.checks)

    @property
    def origin_in_words(self) -> str:
        """The origin, where a prototype that nobody has named is not told by the code of its orbits."""
        return _UNNAMED.sub(r"unnamed, \g<group>", self.origin)

    @property
    def crystal(self) -> Crystal:
        """The crystal to commit: relaxed where that held, else as drawn."""
        return self.relaxed if self.relaxed is not None else self.drawn
