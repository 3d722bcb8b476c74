"""Known prototypes with the elements swapped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.intent import Goal, Limits


@dataclass(frozen=True)
class DecoratedPrototype:
    """A prototype with its sites filled for one composition.

    Attributes:
        crystal: in the primitive cell, scaled to the expected volume.
        label: prototype and space group, for a person.
        prototype: Robocrystallographer's prototype name where known.
        space_group: number it was built with.
        score: log-likelihood-like; higher is better.
        share: of the votes of chemically near compounds, 0 to 1 over all prototypes that fit.
        above_hull: whether the class was only seen more than 0.1 eV/atom above the hull.
    """

    crystal: Crystal
    label: str
    prototype: str | None
    space_group: int
    score: float
    share: float = 0.0
    above_hull: bool = False


@dataclass(frozen=True)
class WyckoffDraft:
    """A crystal built on Wyckoff positions that no known prototype occupies so.

    Attributes:
        crystal: in the primitive cell, at the expected volume, with exactly the space group asked for.
        label: occupied positions and space group, for a person.
    """

    crystal: Crystal
    label: str


@dataclass(frozen=True)
class CompoundIdea:
    """A composition worth proposing, for a grounded draft.

    Attributes:
        formula: reduced formula.
        space_group: number of its best prototype.
        prototype: Robocrystallographer's prototype name where known.
        score: higher is better.
        band_gap_ev: typical PBE gap of the class with these elements, None where unknown.
    """

    formula: str
    space_group: int
    prototype: str | None
    score: float
    band_gap_ev: float | None


class PrototypeLibrary(Protocol):
    """The prototype model."""

    def decorate(
        self,
        composition: Composition,
        count: int,
        *,
        space_group: int | None = None,
        prototype: str | None = None,
        max_atoms: int = 20,
        exclude_formulas: frozenset[str] = frozenset(),
    ) -> list[DecoratedPrototype]:
        """The `count` likeliest decorated prototypes, best first, of distinct classes; fewer where none fits."""

    def drafts(
        self,
        composition: Composition,
        count: int,
        *,
        space_group: int,
        seed: int,
        max_atoms: int = 20,
        formula_units: int | None = None,
        taken: frozenset[str] = frozenset(),
    ) -> list[WyckoffDraft]:
        """Crystals of a space group that need no known prototype, at most `count`, none labelled as in `taken`.

        Raises:
            UserCorrectable: the formula cannot have this space group in so small a cell.
        """

    def formula_units(self, composition: Composition, space_group: int | None = None) -> dict[int, float]:
        """P(Z | anonymous formula, space group) from the training set: formula units in the primitive cell -> share."""

    def ideas(
        self,
        limits: Limits,
        goals: Sequence[Goal],
        count: int,
        *,
        near: Composition | None = None,
        near_space_group: int | None = None,
        exclude_formulas: frozenset[str] = frozenset(),
    ) -> list[CompoundIdea]:
        """Compositions that meet the limits, best first; near a given composition where one is given."""

    def expected_volume_angstrom3(self, composition: Composition) -> float:
        """Expected volume of the composition's atoms as written."""
