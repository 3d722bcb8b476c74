"""Free coordinates for occupied Wyckoff positions: drawn at random, pushed apart, the roomiest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.engines.chem.geometry import pairs_within
from crystal_studio.engines.chem.wyckoff import WyckoffPosition

# Shapes: B draws, O orbits, N sites, I images of the cell.
_IMAGES_I3 = np.array(list(product((-1, 0, 1), repeat=3)))
_FIRST_PUSHES = 6  # of all draws; the better half goes on
_MORE_PUSHES = 15
_PUSH_SHARE = 0.3
_LONGEST_PUSH_ANGSTROM = 0.4
_UNKNOWN_RADIUS_ANGSTROM = 1.5
_ANION_ELECTRONEGATIVITY = 2.0
_IONIC_DIFFERENCE = 0.8
# Least distance wanted, over the sum of covalent radii.
_CATION_TO_ANION = 0.85
_ANION_TO_ANION = 1.4
_CATION_TO_CATION = 1.0
_NO_IONS = 0.9
# The worst pair of a draw may have so much of the distance wanted.
_LEAST_ROOM = 0.75  # 95 % of 187 crystals of `val` have it
_REACH_ANGSTROM = 4.0


class Orbit(NamedTuple):
    """An element on a Wyckoff position."""

    symbol: str
    position: WyckoffPosition


def placements(orbits: Sequence[Orbit], lattices_B33: Array, generator: np.random.Generator) -> Iterator[Crystal]:
    """Crystals with these orbits occupied, one a lattice at most, those with most room between atoms first.

    Args:
        orbits: what is occupied.
        lattices_B33: primitive lattices of the space group, angstrom, at the volume wanted.
        generator: draws the free coordinates.
    """
    sites = _Sites(orbits)
    first_BO3 = sites.drawn(len(lattices_B33), generator)
    first_BO3 = sites.pushed_apart(first_BO3, lattices_B33, _FIRST_PUSHES)
    hopeful = sites.roomiest(first_BO3, lattices_B33)[: (len(lattices_B33) + 1) // 2]
    first_BO3, lattices_B33 = first_BO3[hopeful], lattices_B33[hopeful]
    first_BO3 = sites.pushed_apart(first_BO3, lattices_B33, _MORE_PUSHES)
    for index in sites.roomiest(first_BO3, lattices_B33):
        crystal = Crystal(lattices_B33[index], sites.species, sites.frac(first_BO3[index : index + 1])[0] % 1.0)
        if room(crystal) >= _LEAST_ROOM:
            yield crystal


def room(crystal: Crystal) -> float:
    """Shortest distance over the distance wanted of such a pair; infinite where no two atoms are near."""
    pairs = pairs_within(crystal, _REACH_ANGSTROM)
    if not len(pairs.first):
        return float("inf")
    wanted = wanted_distances_angstrom(crystal.species)
    return float((pairs.distance_angstrom / wanted[pairs.first, pairs.second]).min())


def wanted_distances_angstrom(species: Sequence[str]) -> NDArray[np.float64]:
    """Least distance wanted between the atoms of each pair, shape (N, N).

    Where the compound has anions (electronegativity 2 or more, beside an element with 0.8 less), atoms of one charge
    are kept further apart than atoms of opposite charges.
    """
    radii = np.array([BY_SYMBOL[symbol].covalent_radius_angstrom or _UNKNOWN_RADIUS_ANGSTROM for symbol in species])
    strengths = np.array([BY_SYMBOL[symbol].electronegativity or 0.0 for symbol in species])
    anion = (strengths >= _ANION_ELECTRONEGATIVITY) & (strengths - strengths.min() >= _IONIC_DIFFERENCE)
    anion &= strengths >= strengths.max() - _IONIC_DIFFERENCE
    factor = np.where(anion[:, None] & anion, _ANION_TO_ANION, _CATION_TO_CATION)
    factor = np.where(anion[:, None] ^ anion, _CATION_TO_ANION, factor)
    if not anion.any():
        factor = np.full_like(factor, _NO_IONS)
    return np.asarray(factor * (radii[:, None] + radii))


class _Sites:
    """The sites of occupied orbits: how each follows from the first of its orbit."""

    def __init__(self, orbits: Sequence[Orbit]) -> None:
        counts = [orbit.position.num_sites for orbit in orbits]
        self._orbits = orbits
        self._orbit_N = np.repeat(np.arange(len(orbits)), counts)
        self._rotation_N33 = np.concatenate([orbit.position.rotations for orbit in orbits])
        self._translation_N3 = np.concatenate([orbit.position.translations for orbit in orbits])
        self._projector_O33 = np.stack([orbit.position.projector for orbit in orbits])
        self.species = tuple(orbit.symbol for orbit in orbits for _ in range(orbit.position.num_sites))
        first = np.cumsum([0, *counts[:-1]])
        self._wanted_ON = wanted_distances_angstrom(self.species)[first]
        self._itself_ONI = np.zeros((len(orbits), sum(counts), len(_IMAGES_I3)), dtype=bool)
        self._itself_ONI[np.arange(len(orbits)), first, len(_IMAGES_I3) // 2] = True

    def drawn(self, count: int, generator: np.random.Generator) -> Array:
        """First sites of each orbit, fractional, (B, O, 3)."""
        return np.stack([one.position.first_sites(generator.random((count, 3))) for one in self._orbits], axis=1)

    def frac(self, first_BO3: Array) -> Array:
        """All sites, fractional, (B, N, 3)."""
        moved = self._rotation_N33 @ first_BO3[:, self._orbit_N, :, None]
        return np.asarray(moved[..., 0] + self._translation_N3)

    def pushed_apart(self, first_BO3: Array, lattices_B33: Array, pushes: int) -> Array:
        """First sites after moving them away from atoms that are too near, within what their positions leave free."""
        if not self._projector_O33.any():
            return first_BO3
        inverse_B33 = np.linalg.inv(lattices_B33)
        for _ in range(pushes):
            away_BONI3, distance_BONI = self._neighbours(first_BO3, lattices_B33)
            lacking = np.maximum(self._wanted_ON[..., None] - distance_BONI, 0.0)
            if not lacking.any():
                break
            push_BO3 = -np.einsum("boni,bonix->box", lacking / np.maximum(distance_BONI, 1e-3), away_BONI3)
            length = np.linalg.norm(push_BO3, axis=2, keepdims=True) * _PUSH_SHARE
            push_BO3 *= _PUSH_SHARE * np.minimum(1.0, _LONGEST_PUSH_ANGSTROM / np.maximum(length, 1e-9))
            step_BO3 = push_BO3 @ inverse_B33
            first_BO3 = first_BO3 + np.einsum("oij,boj->boi", self._projector_O33, step_BO3)
        return first_BO3

    def roomiest(self, first_BO3: Array, lattices_B33: Array) -> NDArray[np.int64]:
        """Indices (B,) of the draws by their shortest distance over the distance wanted, the longest first."""
        distance_BONI = self._neighbours(first_BO3, lattices_B33)[1]
        return np.argsort(-(distance_BONI / self._wanted_ON[..., None]).min(axis=(1, 2, 3)), kind="stable")

    def _neighbours(self, first_BO3: Array, lattices_B33: Array) -> tuple[Array, Array]:
        """Vectors (B, O, N, I, 3) and distances (B, O, N, I) in angstrom from the first sites to all sites."""
        apart = self.frac(first_BO3)[:, None] - first_BO3[:, :, None]
        apart -= np.round(apart)
        nearest = (apart @ lattices_B33[:, None])[..., None, :]
        away = nearest + (_IMAGES_I3 @ lattices_B33)[:, None, None]
        distance = np.sqrt(np.einsum("bonix,bonix->boni", away, away))
        distance[:, self._itself_ONI] = np.inf
        return away, distance
