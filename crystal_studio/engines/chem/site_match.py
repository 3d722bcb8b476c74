"""Which atom of one crystal became which of another, and how far it moved."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.engines.chem.labelling import Labelling, labellings
from crystal_studio.engines.chem.placement import (
    EXACT_RMS,
    LARGEST_RMS,
    Placement,
    best_placement,
    better,
    load_libraries,
)
from crystal_studio.engines.chem.primitive import is_made_of, primitive_in_place, repeated, sites_at

LIMIT_SECONDS = 8.0
MOST_ATOMS_SEARCHED = 160
MOST_ATOMS_PAIRED = 600
LOOSE_ANGSTROM = 0.25  # within which pymatgen takes atoms for repeated ones

_LARGEST_STRAIN = 0.2
_LEAST_VOLUME_PER_ATOM_ANGSTROM3 = 0.5


class Unmatched(Exception):
    """Why two crystals have no matched sites, in a sentence or two."""


@dataclass(frozen=True)
class SiteMatch:
    """Pairs of atoms in a cell of the first crystal.

    Attributes:
        lattice: (3, 3) angstrom, of the cell that holds each pair once.
        linear: (3, 3), takes the second crystal's vectors to the first's.
        sites: (M,) index in the first crystal.
        matched: (M,) index in the second.
        start_angstrom: (M, 3) Cartesian position of each atom of the first.
        moves_angstrom: (M, 3) Cartesian displacement, without the mean drift.
        keeps_elements: whether every atom is matched with one of its element because it was asked to be.
        is_same_structure: whether it is, and neither is a superstructure of the other for more than small shifts.
    """

    lattice: Array
    linear: Array
    sites: NDArray[np.int64]
    matched: NDArray[np.int64]
    start_angstrom: Array
    moves_angstrom: Array
    keeps_elements: bool
    is_same_structure: bool


def match_sites(first: Crystal, second: Crystal) -> SiteMatch:
    """The sites of both, equal elements first, then with ever less of the chemistry.

    Raises:
        Unmatched: no cell and origin bring the atoms together, or finding out would take too long.
    """
    _refuse_flat(first, second)
    load_libraries()
    ends_at = time.monotonic() + LIMIT_SECONDS
    cells = _cells(first, second)
    reasons = [_hopeless(*pair) for pair in cells]
    for labelling in labellings(first.composition, second.composition):
        placement = _as_it_stands(first, second, labelling)
        for pair, reason in zip(cells, reasons, strict=True):
            if not reason and (placement is None or placement.rms > EXACT_RMS):
                placement = better(placement, best_placement(*pair, labelling, ends_at))
        match = None if placement is None else _site_match((first, second), cells[0], labelling, placement)
        if match is not None:
            return match
    raise Unmatched(_why_not(first, second, reasons[0], ends_at))


def _cells(first: Crystal, second: Crystal) -> list[tuple[Crystal, Crystal]]:
    """Primitive cells; and those that `StructureMatcher` would take, where a larger tolerance makes them smaller."""
    primitive = primitive_in_place(first), primitive_in_place(second)
    loose = primitive_in_place(first, LOOSE_ANGSTROM), primitive_in_place(second, LOOSE_ANGSTROM)
    return [primitive] if [*map(len, loose)] == [*map(len, primitive)] else [primitive, loose]


def _refuse_flat(*crystals: Crystal) -> None:
    for crystal in crystals:
        if crystal.volume_angstrom3 / len(crystal) < _LEAST_VOLUME_PER_ATOM_ANGSTROM3:
            raise Unmatched(f"The cell of {crystal.formula} has next to no volume. Scale the volume first.")


def _hopeless(first: Crystal, second: Crystal) -> str:
    """Why the primitive cells need not be searched, "" where they may match."""
    few, many = sorted((len(first), len(second)))
    if many > MOST_ATOMS_SEARCHED:
        return (
            f"The primitive cell has {many} atoms; sites in other cells or at other origins are searched for in up to "
            f"{MOST_ATOMS_SEARCHED}."
        )
    if many % few:
        return (
            f"The primitive cells hold {len(first)} and {len(second)} atoms, neither a multiple of the other, so the "
            "sites cannot be paired."
        )
    return ""


def _why_not(first: Crystal, second: Crystal, reason: str, ends_at: float) -> str:
    if reason:
        return reason
    if time.monotonic() > ends_at:
        return f"No match was found in {LIMIT_SECONDS:g} seconds, the time that is given to the search."
    if first.formula == second.formula:
        return (
            "The two are different polymorphs of one composition: no choice of cell and origin brings their atoms "
            "together."
        )
    return "The two are different structures: no choice of cell and origin brings their atoms together."


def _as_it_stands(first: Crystal, second: Crystal, labelling: Labelling) -> Placement | None:
    """The second laid on the first cell on cell, as a crystal on the one it was made from; None where that is no match.

    It settles large cells, in which no search would end.
    """
    if len(first) != len(second) or len(first) > MOST_ATOMS_PAIRED:
        return None
    linear = np.linalg.inv(second.lattice) @ first.lattice
    stretches = np.linalg.svd(linear, compute_uv=False)
    if stretches.max() / stretches.min() > (1 + _LARGEST_STRAIN) ** 2:
        return None
    pairs = _paired(first.lattice, (first, second), labelling)
    if pairs is None:
        return None
    drift = pairs.moves_angstrom.mean(axis=0)
    rms_angstrom = float(np.sqrt(((pairs.moves_angstrom - drift) ** 2).sum(axis=1).mean()))
    rms = rms_angstrom / (first.volume_angstrom3 / len(first)) ** (1 / 3)
    return Placement(linear, -drift, rms) if rms < LARGEST_RMS else None


def _site_match(
    whole: tuple[Crystal, Crystal], primitive: tuple[Crystal, Crystal], labelling: Labelling, placement: Placement
) -> SiteMatch | None:
    """The atoms of both in one cell of the first, each with its partner; None where no cell holds both."""
    linear = placement.linear
    lattice = _frame(whole, primitive, linear)
    if lattice is None:
        return None
    start, sites = _filled(whole[0], primitive[0], lattice)
    end, matched = _filled(whole[1], primitive[1], lattice @ np.linalg.inv(linear))
    placed = end.cart_coords @ linear + placement.shift_angstrom
    pairs = _paired(lattice, (start, Crystal(lattice, end.species, placed @ np.linalg.inv(lattice))), labelling)
    if pairs is None:
        return None
    moves = pairs.moves_angstrom - pairs.moves_angstrom.mean(axis=0)
    is_repeated = len(primitive[0]) == len(primitive[1]) or np.linalg.norm(moves, axis=1).max() <= LOOSE_ANGSTROM
    keeps = labelling.keeps_elements
    order = matched[pairs.order]
    return SiteMatch(lattice, linear, sites, order, start.cart_coords, moves, keeps, bool(keeps and is_repeated))


def _frame(whole: tuple[Crystal, Crystal], primitive: tuple[Crystal, Crystal], linear: Array) -> Array | None:
    """A cell of the first that both repeat with: its own, that of the second laid on it, or a few of its own."""
    first, second = primitive[0].lattice, primitive[1].lattice @ linear
    own, laid = whole[0].lattice, whole[1].lattice @ linear
    several = [np.diag(counts) @ own for counts in sorted(product(range(1, 5), repeat=3), key=prod)]
    density = len(whole[0]) / whole[0].volume_angstrom3
    for lattice in (own, laid, first, second, *several[1:]):
        holds_both = is_made_of(lattice, first) and is_made_of(lattice, second)
        if holds_both and density * abs(np.linalg.det(lattice)) < MOST_ATOMS_PAIRED + 0.5:
            return np.asarray(lattice, dtype=np.float64)
    return None


def _filled(whole: Crystal, primitive: Crystal, lattice: Array) -> tuple[Crystal, NDArray[np.int64]]:
    """The crystal in one cell of a lattice of its own translations, and the site of the crystal that each atom is."""
    if np.allclose(lattice, whole.lattice, atol=1e-6):
        return whole, np.arange(len(whole))
    cell = repeated(primitive, lattice)
    sites, way = sites_at(whole, cell.cart_coords)
    return Crystal(lattice, cell.species, cell.frac_coords + way @ np.linalg.inv(lattice)), sites


class _Pairs(NamedTuple):
    """Partner of each atom of the first among those of the second, and the way to it."""

    order: NDArray[np.int64]
    moves_angstrom: Array


def _paired(lattice: Array, crystals: tuple[Crystal, Crystal], labelling: Labelling) -> _Pairs | None:
    """The one-to-one pairing of equal labels with the least sum of squared distances; None where labels differ."""
    from pymatgen.core import Lattice
    from pymatgen.util.coord import pbc_shortest_vectors
    from scipy.optimize import linear_sum_assignment

    first, second = crystals
    labels = _labels(first.species, labelling.first), _labels(second.species, labelling.second)
    if sorted(labels[0]) != sorted(labels[1]):
        return None
    apart = labels[0][:, None] != labels[1][None, :]
    vectors, squares = pbc_shortest_vectors(
        Lattice(lattice), first.frac_coords, second.frac_coords, mask=apart.astype(np.int64), return_d2=True
    )
    order = linear_sum_assignment(np.where(apart, 1e6, squares))[1]
    return _Pairs(order, np.asarray(vectors[np.arange(len(order)), order], dtype=np.float64))


def _labels(species: Sequence[str], names: Mapping[str, str]) -> NDArray[np.str_]:
    return np.array([names[symbol] for symbol in species])
