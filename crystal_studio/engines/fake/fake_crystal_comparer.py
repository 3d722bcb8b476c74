"""A comparer of crystals that lie in the same cell with their atoms in the same order."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from crystal_studio.domain.comparison import (
    CellBasis,
    CellShape,
    Comparison,
    LatticeChange,
    Side,
    SiteMove,
    Surroundings,
)
from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.engines.fake.geometry import nearest_distances_angstrom
from crystal_studio.engines.fake.script import Script


class FakeCrystalComparer:
    """Atom i became atom i wherever the numbers of atoms are equal; no search over cells, origins or orders.

    Attributes:
        script: comparisons, exceptions or stalls, one for each call.
    """

    def __init__(self) -> None:
        self.script: Script[Comparison] = Script()

    def compare(self, first: Side, second: Side) -> Comparison:
        """Cells as they are, atoms in their order, the nearest atom as the only neighbour."""
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        moves = _moves(first.crystal, second.crystal)
        cells = CellShape.of(first.crystal.lattice), CellShape.of(second.crystal.lattice)
        volumes = [side.crystal.volume_angstrom3 / len(side.crystal) for side in (first, second)]
        squares = [move.distance_angstrom**2 for move in moves]
        return Comparison(
            first=first,
            second=second,
            lattice=LatticeChange.between(CellBasis.CONVENTIONAL, cells, (volumes[0], volumes[1])),
            moves=moves,
            rms_displacement_angstrom=float(np.sqrt(np.mean(squares))) if squares else None,
            is_same_structure=bool(moves) and first.crystal.species == second.crystal.species,
            is_same_framework=bool(moves),
            second_in_frame=_moved(first.crystal, moves) if moves else None,
            surroundings_first=_surroundings(first.crystal),
            surroundings_second=_surroundings(second.crystal),
            unmatched_reason="" if moves else "The cells hold different numbers of atoms.",
            first_in_frame=first.crystal if moves else None,
        )


def _moves(first: Crystal, second: Crystal) -> tuple[SiteMove, ...]:
    if len(first) != len(second):
        return ()
    difference = second.frac_coords - first.frac_coords
    vectors: Array = (difference - np.round(difference)) @ first.lattice
    vectors = vectors - vectors.mean(axis=0)
    return tuple(
        SiteMove(site, site, first.species[site], second.species[site], (x, y, z), float(np.hypot(np.hypot(x, y), z)))
        for site, (x, y, z) in enumerate(vectors.tolist())
    )


def _moved(first: Crystal, moves: tuple[SiteMove, ...]) -> Crystal:
    end = first.cart_coords + np.array([move.vector_angstrom for move in moves])
    return Crystal(first.lattice, tuple(move.after for move in moves), end @ np.linalg.inv(first.lattice))


def _surroundings(crystal: Crystal) -> tuple[Surroundings, ...]:
    nearest: dict[str, list[float]] = defaultdict(list)
    for symbol, distance in zip(crystal.species, nearest_distances_angstrom(crystal).tolist(), strict=True):
        nearest[symbol].append(distance)
    anion = crystal.composition.elements[-1]
    return tuple(Surroundings(symbol, 1.0, {anion: min(found)}) for symbol, found in nearest.items())
