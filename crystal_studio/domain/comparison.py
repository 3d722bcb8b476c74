"""How two crystals, or two nodes, differ."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import hypot, inf

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.symmetry import SpaceGroup

_SIGMAS_OF_95_PERCENT = 1.96

Three = tuple[float, float, float]


@dataclass(frozen=True)
class Side:
    """What a comparison needs of one of the two.

    Attributes:
        crystal: as committed.
        space_group: of it.
        band_gap: predicted, None where unknown.
        e_above_hull: predicted, eV/atom, None where unknown.
        pivot: the text that conditioned it, "" where there was none.
        node: id of its node, "" for a crystal that is none.
    """

    crystal: Crystal
    space_group: SpaceGroup
    band_gap: Measured | None = None
    e_above_hull: Measured | None = None
    pivot: str = ""
    node: str = ""


class CellBasis(StrEnum):
    """Which cells are set side by side."""

    MATCHED = "the conventional cell of the first, followed into the second"
    CONVENTIONAL = "the conventional cell of each"
    NIGGLI = "the Niggli-reduced cell of each"


@dataclass(frozen=True)
class CellShape:
    """Lengths a, b, c in angstrom and angles alpha, beta, gamma in degrees of a cell."""

    lengths_angstrom: Three
    angles_degree: Three
    volume_angstrom3: float

    @classmethod
    def of(cls, lattice: Array) -> CellShape:
        """The shape of a lattice, (3, 3) angstrom, rows are vectors."""
        cell = Crystal(lattice, ("H",), np.zeros((1, 3)))
        (a, b, c), (alpha, beta, gamma) = cell.lengths_angstrom.tolist(), cell.angles_degree.tolist()
        return cls((a, b, c), (alpha, beta, gamma), cell.volume_angstrom3)


@dataclass(frozen=True)
class LatticeChange:
    """Two cells side by side; each change is (second - first) in % of the first, angles in degrees.

    Attributes:
        lengths_percent: a, b, c.
        angles_degree: alpha, beta, gamma, second minus first.
        volume_per_atom_percent: of the volume per atom, which does not depend on the cell.
        basis: which cells they are.
        first, second: the cells.
    """

    lengths_percent: Three
    angles_degree: Three
    volume_per_atom_percent: float
    basis: CellBasis
    first: CellShape
    second: CellShape

    @property
    def volume_percent(self) -> float:
        """Of the volume of the cells."""
        return percent(self.first.volume_angstrom3, self.second.volume_angstrom3)

    @classmethod
    def between(
        cls, basis: CellBasis, cells: tuple[CellShape, CellShape], volumes_per_atom: tuple[float, float]
    ) -> LatticeChange:
        """From the cells of both and their volumes per atom in cubic angstrom."""
        first, second = cells
        lengths = tuple(map(percent, first.lengths_angstrom, second.lengths_angstrom))
        angles = tuple(after - before for before, after in zip(first.angles_degree, second.angles_degree, strict=True))
        return cls(_three(lengths), _three(angles), percent(*volumes_per_atom), basis, first, second)


@dataclass(frozen=True)
class SiteMove:
    """One site of the first crystal and the site of the second that it is matched with.

    Attributes:
        site: index in the first crystal.
        matched: index in the second crystal.
        before, after: element symbols.
        vector_angstrom: Cartesian displacement in the frame of the first crystal.
        distance_angstrom: its length.
    """

    site: int
    matched: int
    before: str
    after: str
    vector_angstrom: Three
    distance_angstrom: float


@dataclass(frozen=True)
class Surroundings:
    """Mean coordination and bond lengths around one element.

    Attributes:
        element: symbol of the central atom.
        coordination: mean number of neighbours.
        bonds_angstrom: neighbour's symbol -> mean bond length.
    """

    element: str
    coordination: float
    bonds_angstrom: dict[str, float]


@dataclass(frozen=True)
class ValueChange:
    """A predicted value of the first and of the second, their errors taken to be independent.

    Attributes:
        first, second: as predicted.
        difference: second minus first, in their unit.
        sigma: half the width of the 68 % interval of the difference.
        intervals_overlap: whether the 95 % intervals of the two have a value in common.
    """

    first: Measured
    second: Measured
    difference: float
    sigma: float
    intervals_overlap: bool

    @property
    def in_sigmas(self) -> float:
        """The size of the difference in units of its sigma."""
        if self.sigma > 0:
            return abs(self.difference) / self.sigma
        return inf if self.difference else 0.0

    @classmethod
    def between(cls, first: Measured | None, second: Measured | None) -> ValueChange | None:
        """The change, None where one of the two is unknown."""
        if first is None or second is None:
            return None
        (low, high), (other_low, other_high) = interval_95(first), interval_95(second)
        overlap = low <= other_high and other_low <= high
        return cls(first, second, second.value - first.value, hypot(first.sigma, second.sigma), overlap)


@dataclass(frozen=True)
class Comparison:
    """Two crystals set side by side.

    Attributes:
        first, second: what was compared.
        lattice: how the cell changed.
        moves: matched sites; empty where the two do not match. A site of a first crystal that is repeated to meet a
            larger second one is in several moves.
        rms_displacement_angstrom: over the matched sites, None where the two do not match.
        is_same_structure: whether `StructureMatcher` finds the same structure with the same elements; a superstructure
            counts as the same where its sites are within 0.25 Å of those of the smaller cell.
        is_same_framework: whether it does when elements are ignored.
        second_in_frame: the second crystal in the cell and origin of the first, for an overlay, its strain taken out:
            atom i is where move i ends; None without a match.
        surroundings_first, surroundings_second: coordination and bonds of each element; empty where not found.
        unmatched_reason: why there are no moves, "" where there are.
        first_in_frame: the first crystal in the cell of `second_in_frame`: atom i is where move i starts. It is the
            first crystal itself unless the second is the larger.
        remarks: sentences to show with it.
    """

    first: Side
    second: Side
    lattice: LatticeChange
    moves: tuple[SiteMove, ...]
    rms_displacement_angstrom: float | None
    is_same_structure: bool
    is_same_framework: bool
    second_in_frame: Crystal | None
    surroundings_first: tuple[Surroundings, ...]
    surroundings_second: tuple[Surroundings, ...]
    unmatched_reason: str = ""
    first_in_frame: Crystal | None = None
    remarks: tuple[str, ...] = ()

    @property
    def verdict(self) -> str:
        """How alike the two are, in words; `unmatched_reason` says more where they are not matched."""
        if self.is_same_structure:
            return "the same structure"
        if not self.is_same_framework:
            return "not matched"
        if any(move.before != move.after for move in self.moves):
            return "the same framework with other elements"
        return "the same framework, distorted into a larger cell"

    @property
    def band_gap(self) -> ValueChange | None:
        """How the predicted gap changed, None where one is unknown."""
        return ValueChange.between(self.first.band_gap, self.second.band_gap)

    @property
    def e_above_hull(self) -> ValueChange | None:
        """How the predicted energy above the hull changed, None where one is unknown."""
        return ValueChange.between(self.first.e_above_hull, self.second.e_above_hull)


def interval_95(measured: Measured) -> tuple[float, float]:
    """Ends of the 95 % interval: as calibrated, or those of a normal distribution of its sigma."""
    reach = _SIGMAS_OF_95_PERCENT * measured.sigma
    low = measured.value - reach if measured.low is None else measured.low
    high = measured.value + reach if measured.high is None else measured.high
    return low, high


def percent(before: float, after: float) -> float:
    """Change in % of what was before."""
    return 100 * (after / before - 1)


def _three(numbers: tuple[float, ...]) -> Three:
    first, second, third = numbers
    return first, second, third
