"""Crystals built on Wyckoff positions where no known prototype has the space group asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.geometry import pairs_within
from crystal_studio.engines.chem.symmetry import symmetry_dataset
from crystal_studio.engines.chem.wyckoff import (
    WyckoffPosition,
    bravais_lattice,
    point_operations,
    symmetric_lattice,
    wyckoff_positions,
)
from crystal_studio.engines.sampling.prototypes_bank import Bank
from crystal_studio.engines.sampling.wyckoff_assignments import Assignment, Assignments, OrbitCounts
from crystal_studio.engines.sampling.wyckoff_placement import Orbit, placements
from crystal_studio.ports.prototype_library import WyckoffDraft

_TOLERANCES_ANGSTROM = (0.1, 0.01)
_SHAPES = 12  # cell shapes and sets of free coordinates tried at a time
_LOOKS = 4  # assignments looked at, and tries to build them, for each draft wanted
_UNSEEN_UNITS = 0.1  # share of a number of formula units that training has not seen
_STRETCH = 0.05
_LOWER = np.tril_indices(3)
_SAME_ANGSTROM = 0.02
_REACH_ANGSTROM = 5.0


@dataclass(frozen=True)
class DraftRequest:
    """What is to be built.

    Attributes:
        space_group: number.
        unit_shares: formula units in the primitive cell -> how usual they are; only these are tried.
        taken: labels that were drawn before.
    """

    composition: Composition
    space_group: int
    unit_shares: dict[int, float]
    count: int
    seed: int
    taken: frozenset[str]


class WyckoffDrafts:
    """Fills Wyckoff positions by their frequency in training, and draws what they leave free."""

    def __init__(self, bank: Bank, expected_volume_angstrom3: Callable[[Composition], float]) -> None:
        self._counts = OrbitCounts(bank)
        self._shapes = CellShapes(bank)
        self._expected_volume_angstrom3 = expected_volume_angstrom3

    def drafts(self, request: DraftRequest) -> list[WyckoffDraft]:
        """So many crystals at most whose space group is exactly the one asked for, of as many assignments as possible.

        Raises:
            UserCorrectable: no assignment adds up to the composition.
        """
        generator = np.random.default_rng([request.seed, request.space_group])
        positions = wyckoff_positions(request.space_group)
        assignments = self._assignments(request, positions, generator)
        names = set(request.taken)
        found: list[WyckoffDraft] = []
        waiting = deque(_orbits(request.composition, positions, assignment) for assignment in assignments)
        for _ in range(_LOOKS * request.count):
            if len(found) == request.count or not waiting:
                break
            orbits = waiting.popleft()
            label = _label(orbits, request.space_group, names)
            crystal = self._crystal(orbits, request.space_group, generator) if label else None
            if label and crystal and not any(_is_same(crystal, other.crystal) for other in found):
                names.add(label)
                found.append(WyckoffDraft(crystal, label))
                waiting.append(orbits)  # once more with other free coordinates, after all others
        return found

    def _assignments(
        self, request: DraftRequest, positions: tuple[WyckoffPosition, ...], generator: np.random.Generator
    ) -> list[Assignment]:
        """Distinct assignments in the order in which they were drawn, the usual ones likelier to come first.

        Raises:
            UserCorrectable: there is none.
        """
        weights = self._counts.weights(request.space_group, positions)
        amounts = [count for _, count in request.composition.reduced.amounts]
        fillings = {
            units: Assignments(positions, weights, tuple(units * amount for amount in amounts))
            for units in request.unit_shares
        }
        possible = [units for units, filling in fillings.items() if filling.total_weight > 0]
        if not possible:
            raise UserCorrectable(_impossible(request))
        shares = np.array([request.unit_shares[units] + _UNSEEN_UNITS for units in possible])
        chosen = generator.choice(possible, size=_LOOKS * request.count, p=shares / shares.sum())
        return list(dict.fromkeys(fillings[int(units)].drawn(generator) for units in chosen))

    def _crystal(self, orbits: list[Orbit], space_group: int, generator: np.random.Generator) -> Crystal | None:
        """A crystal with room for its atoms and exactly the space group; None where no draw had both."""
        species = [orbit.symbol for orbit in orbits for _ in range(orbit.position.num_sites)]
        volume = self._expected_volume_angstrom3(Composition.from_species(species))
        lattices = self._shapes.drawn(space_group, len(species), _SHAPES, generator) * volume ** (1 / 3)
        drawn = placements(orbits, lattices, generator)
        return next((crystal for crystal in drawn if has_exactly(crystal, space_group)), None)


class CellShapes:
    """Shapes of primitive cells in training, by Bravais lattice."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    def drawn(self, space_group: int, num_atoms: int, count: int, generator: np.random.Generator) -> Array:
        """Lattices (B, 3, 3) of one cubic angstrom, stretched a little, with the symmetry of the group.

        Shapes are those of training crystals with the same Bravais lattice, of a like number of atoms where there are
        enough of them.
        """
        members = self._members(space_group)
        sizes = self._bank.num_atoms[members]
        near = members[(sizes >= num_atoms / 1.5) & (sizes <= num_atoms * 1.5)]
        pool = near if len(near) >= count else members
        lattices = np.tile(np.eye(3), (count, 1, 1))
        if len(pool):
            lattices[:, *_LOWER] = self._bank.shape[generator.choice(pool, size=count)]
        lattices = lattices * np.exp(generator.normal(0.0, _STRETCH, (count, 1, 3)))
        lattices = symmetric_lattice(lattices, point_operations(space_group))
        return np.asarray(lattices / np.linalg.det(lattices)[:, None, None] ** (1 / 3))

    def _members(self, space_group: int) -> NDArray[np.int64]:
        alike = [number for number in range(1, 231) if _lattice_type(number) == _lattice_type(space_group)]
        return np.flatnonzero(np.isin(self._bank.space_group, alike))


def has_exactly(crystal: Crystal, space_group: int) -> bool:
    """Whether spglib finds this space group within 0.1 and within 0.01 angstrom."""
    found = (symmetry_dataset(crystal, tolerance) for tolerance in _TOLERANCES_ANGSTROM)
    return all(dataset is not None and dataset.number == space_group for dataset in found)


@cache
def _lattice_type(space_group: int) -> tuple[str, str]:
    """Symmetry and centring of the lattice; trigonal groups with a primitive cell have hexagonal ones."""
    system, centring = SpaceGroup(space_group).crystal_system, bravais_lattice(space_group)
    return ("hexagonal" if system == "trigonal" and centring == "P" else system, centring)


def _orbits(composition: Composition, positions: tuple[WyckoffPosition, ...], assignment: Assignment) -> list[Orbit]:
    symbols = composition.reduced.elements
    return [
        Orbit(symbol, positions[index]) for symbol, taken in zip(symbols, assignment, strict=True) for index in taken
    ]


def _label(orbits: list[Orbit], space_group: int, taken: set[str]) -> str | None:
    """Name of a draft, numbered where free coordinates tell it from one of the same name; None where nothing does."""
    letters = " ".join(f"{orbit.position.multiplicity}{orbit.position.letter}" for orbit in orbits)
    name = f"Wyckoff {letters}, {SpaceGroup(space_group).symbol}"
    if name not in taken:
        return name
    if not any(orbit.position.free_parameters for orbit in orbits):
        return None
    return next(f"{name} ({number})" for number in range(2, len(taken) + 3) if f"{name} ({number})" not in taken)


def _is_same(first: Crystal, second: Crystal) -> bool:
    """Whether two crystals have the same distances: positions that only a shift of the origin swaps give such ones."""
    if len(first) != len(second):
        return False
    one, other = (list(_distances(crystal)) for crystal in (first, second))
    return all(
        len(a) == len(b) and bool(np.abs(a - b).max(initial=0.0) < _SAME_ANGSTROM)
        for a, b in zip(one, other, strict=True)
    )


def _distances(crystal: Crystal) -> Iterator[NDArray[np.float64]]:
    """Sorted distances within reach of each pair of elements."""
    pairs = pairs_within(crystal, _REACH_ANGSTROM)
    species = np.array(crystal.species)
    elements = crystal.composition.elements
    for high, one in enumerate(elements):
        for other in elements[: high + 1]:
            chosen = (species[pairs.first] == one) & (species[pairs.second] == other)
            yield np.sort(pairs.distance_angstrom[chosen])


def _impossible(request: DraftRequest) -> str:
    group, formula = SpaceGroup(request.space_group), request.composition.formula
    sizes = [units * request.composition.reduced.num_atoms for units in request.unit_shares]
    if not sizes:
        return f"One formula unit of {formula} has more atoms than the cell may hold. Ask for a larger cell."
    return (
        f"{formula} cannot have the space group {group.symbol} (no. {group.number}) with up to {max(sizes)} atoms in "
        "the primitive cell: the multiplicities of its Wyckoff positions do not add up to the formula. Ask for another "
        "space group or another formula."
    )
