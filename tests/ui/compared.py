"""Comparisons as the science host would answer them, for nodes with the same number of atoms in the same order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

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
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.symmetry import SpaceGroup

_HALF = 0.5
CUBIC = Crystal(
    np.eye(3) * 3.9,
    ("Sr", "Ti", "O", "O", "O"),
    np.array([[0, 0, 0], [_HALF, _HALF, _HALF], [_HALF, _HALF, 0], [_HALF, 0, _HALF], [0, _HALF, _HALF]]),
)
# The titanium is 0.2 angstrom off the centre, and barium stands where strontium was.
FERROELECTRIC = Crystal(
    np.diag([3.99, 3.99, 4.03]),
    ("Ba", "Ti", "O", "O", "O"),
    CUBIC.frac_coords + np.array([[0, 0, 0], [0, 0, 0.2 / 3.9], [0, 0, 0], [0, 0, 0], [0, 0, 0]]),
)


def gap(value: float, low: float, high: float) -> Measured:
    """A predicted gap with its 95 % interval, eV."""
    return Measured(value, "eV", (high - low) / 4, "PBE", True, low, high)


def remade(store: object, node: Node, crystal: Crystal, group: int, band_gap: Measured | None = None) -> Node:
    """The same round with another crystal, committed under an id of its own."""
    number = int(node.id[:15], 16)
    made = replace(node, id=f"{number:032x}", crystal=crystal, space_group=SpaceGroup(group, 0.1), band_gap=band_gap)
    store.commit(made)  # type: ignore[attr-defined]
    return made


def side(node: Node) -> Side:
    return Side(node.crystal, node.space_group, node.band_gap, node.e_above_hull, node.pivot, node.id)


def comparison(first: Node, second: Node) -> Comparison:
    """Atom i becomes atom i."""
    moved = second.crystal.frac_coords - first.crystal.frac_coords
    vectors = (moved - np.round(moved)) @ first.crystal.lattice
    lengths = np.linalg.norm(vectors, axis=1)
    moves = tuple(
        SiteMove(i, i, first.crystal.species[i], second.crystal.species[i], tuple(vectors[i].tolist()), float(length))
        for i, length in enumerate(lengths)
    )
    shapes = CellShape.of(first.crystal.lattice), CellShape.of(second.crystal.lattice)
    volumes = tuple(one.crystal.volume_angstrom3 / len(one.crystal) for one in (first, second))
    end = (first.crystal.cart_coords + vectors) @ np.linalg.inv(first.crystal.lattice)
    return Comparison(
        first=side(first),
        second=side(second),
        lattice=LatticeChange.between(CellBasis.MATCHED, shapes, (volumes[0], volumes[1])),
        moves=moves,
        rms_displacement_angstrom=float(np.sqrt((lengths**2).mean())),
        is_same_structure=False,
        is_same_framework=True,
        second_in_frame=Crystal(first.crystal.lattice, second.crystal.species, end),
        surroundings_first=_around(first.crystal),
        surroundings_second=_around(second.crystal),
        first_in_frame=first.crystal,
    )


def _around(crystal: Crystal) -> tuple[Surroundings, ...]:
    large = crystal.species[0]
    far, near, number = (2.83, 1.99, 5) if large == "Ba" else (2.758, 1.95, 6)
    return (
        Surroundings(large, 12, {"O": far}),
        Surroundings("Ti", number, {"O": near}),
        Surroundings("O", 6, {large: far, "Ti": near}),
    )


def unmatched(first: Node, second: Node, reason: str) -> Comparison:
    """Two structures without a match."""
    found = comparison(first, second)
    return replace(
        found, moves=(), rms_displacement_angstrom=None, is_same_framework=False, first_in_frame=None,
        second_in_frame=None, unmatched_reason=reason,
    )  # fmt: skip


Commit = Callable[..., Node]
