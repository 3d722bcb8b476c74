"""One setting for each crystal: standard cell, and of the equivalent settings the one whose text comes first.

spglib's standard cell leaves open which of several equivalent origins and axes is taken: SrTiO3 may have Sr on 1a and
Ti on 1b or the other way round. The operations of the Euclidean normalizer lead from one to the next. Source:
International Tables for Crystallography A, section 3.5.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.elements import SYMBOLS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.site_coordinates import SiteCoordinates, site_coordinates
from crystal_studio.engines.chem.symmetry import symmetry_dataset
from crystal_studio.engines.chem.wyckoff import primitive_vectors, wyckoff_positions

_STEPS = 12
_SAME_SITE = 5e-3
_GENERIC = np.array([0.1371, 0.2913, 0.0717])
_SQUARE_OR_TRIGONAL = ("tetragonal", "trigonal", "hexagonal", "cubic")


class OccupiedPosition(NamedTuple):
    """An element on a Wyckoff position, its free coordinates in 1/10^decimals of the conventional cell."""

    order: int
    symbol: str
    letter: str
    multiplicity: int
    thousandths: tuple[int, ...]


@dataclass(frozen=True)
class Setting:
    """A crystal in its canonical setting.

    Attributes:
        space_group: number.
        conventional: (3, 3) angstrom, rows are the vectors of the standard cell.
        sites: occupied positions, sorted by element as in the reduced formula, then letter, then coordinates.
    """

    space_group: int
    conventional: Array
    sites: tuple[OccupiedPosition, ...]


def canonical_setting(crystal: Crystal, symprec_angstrom: float, decimals: int) -> Setting:
    """The crystal on the symmetry that it has within a tolerance, in the one setting chosen for it.

    Raises:
        UserCorrectable: no symmetry search succeeds.
    """
    dataset = symmetry_dataset(crystal, symprec_angstrom)
    if dataset is None:
        raise UserCorrectable(f"No symmetry was found within {symprec_angstrom} Å, so there is no standard cell.")
    group = int(dataset.number)
    to_primitive = np.asarray(np.linalg.inv(primitive_vectors(group)))
    orbits = _orbits(dataset, to_primitive, group)
    order = {symbol: place for place, symbol in enumerate(crystal.composition.reduced.elements)}
    return Setting(group, np.asarray(dataset.std_lattice), min(_settings(orbits, order, group, decimals)))


class _Orbit(NamedTuple):
    symbol: str
    sites: Array  # (S, 3) primitive fractions


class _Placed(NamedTuple):
    symbol: str
    rank: int  # of the element in the formula
    place: SiteCoordinates
    sites: Array  # (S, 3) primitive fractions


def _orbits(dataset: Any, to_primitive: Array, group: int) -> list[_Orbit]:
    """The atoms of the standard cell, sorted into orbits of the group's operations."""
    numbers = np.asarray(dataset.std_types)
    frac_N3 = np.asarray(dataset.std_positions) @ to_primitive.T
    general = wyckoff_positions(group)[-1]
    left = np.ones(len(numbers), dtype=bool)
    found = []
    while left.any():
        first = int(left.argmax())
        images_O3 = general.rotations @ frac_N3[first] + general.translations
        apart_ON3 = frac_N3[None] - images_O3[:, None]
        same_ON = (np.abs(apart_ON3 - np.round(apart_ON3)) < _SAME_SITE).all(axis=2) & (numbers == numbers[first])
        if not same_ON.any(axis=1).all():
            raise UserCorrectable("The standard cell does not have the symmetry that was found. Use another tolerance.")
        members = same_ON.any(axis=0)
        found.append(_Orbit(SYMBOLS[int(numbers[first]) - 1], _once(frac_N3[members])))
        left &= ~members
    return found


def _once(frac_N3: Array) -> Array:
    """Each atom of a conventional cell once for the primitive one."""
    kept: list[Array] = []
    for frac in frac_N3:
        apart = np.array([frac - other for other in kept]).reshape(-1, 3)
        if not (np.abs(apart - np.round(apart)) < _SAME_SITE).all(axis=1).any():
            kept.append(frac)
    return np.array(kept)


class _Change(NamedTuple):
    """A change of setting that leaves the group as it is.

    Attributes:
        matrix, shift: (3, 3) and (3,), on primitive fractions.
        letters: what each Wyckoff letter becomes.
    """

    matrix: Array
    shift: Array
    letters: dict[str, str]

    def of(self, sites: Array) -> Array:
        """Sites (S, 3) in the other setting."""
        return np.asarray(sites @ self.matrix.T + self.shift)


@cache
def _changes(group: int) -> tuple[_Change, ...]:
    """All changes of setting; along polar axes, where the origin is free, they shift nothing."""
    general = wyckoff_positions(group)[-1]
    to_conventional = primitive_vectors(group)
    steps = [range(1) if axis in _polar_axes(group) else range(_STEPS) for axis in range(3)]
    grid_G3 = np.array(list(product(*steps))) / _STEPS @ np.linalg.inv(to_conventional).T
    found = []
    for matrix in _axes_changes(group):
        image_O = _images_of_rotations(matrix, general.rotations)
        if image_O is None:
            continue
        moved_GO3 = grid_G3[:, None] - np.einsum("oij,gj->goi", general.rotations[image_O], grid_G3)
        change_GO3 = moved_GO3 + general.translations @ matrix.T - general.translations[image_O]
        holds_G = (np.abs(change_GO3 - np.round(change_GO3)) < 1e-6).all(axis=(1, 2))
        shifts = np.unique(np.round(grid_G3[holds_G] % 1.0, 6) % 1.0, axis=0)
        found += [_Change(matrix, shift, _letters(group, matrix, shift)) for shift in shifts]
    return tuple(found)


def _letters(group: int, matrix: Array, shift: Array) -> dict[str, str]:
    """Which Wyckoff position each becomes, found with a point of it that is on no other."""
    places = site_coordinates(group)
    points = {place.letter: place.sites(_GENERIC[: place.num_free]) for place in places}
    return {letter: _place(sites @ matrix.T + shift, places).letter for letter, sites in points.items()}


def _axes_changes(group: int) -> Iterator[Array]:
    """Changes of axes that keep the shape of the conventional cell, as matrices on primitive fractions.

    The hand of the crystal is kept where the group has only rotations.
    """
    to_conventional = primitive_vectors(group)
    is_achiral = bool((np.linalg.det(wyckoff_positions(group)[-1].rotations) < 0).any())
    matrices = [np.eye(3)]
    if SpaceGroup(group).crystal_system in _SQUARE_OR_TRIGONAL:
        matrices.append(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]]))
    for matrix in matrices:
        for sign in (1, -1) if is_achiral else (1,):
            yield np.round(np.linalg.inv(to_conventional) @ (sign * matrix) @ to_conventional, 9)


def _images_of_rotations(matrix: Array, rotations_O33: Array) -> NDArray[np.int64] | None:
    """Which rotation each becomes under a change of axes, (O,); None where one becomes another group's."""
    changed_O33 = matrix @ rotations_O33 @ np.linalg.inv(matrix)
    away_OO33 = np.abs(changed_O33[:, None] - rotations_O33[None])
    same_OO: NDArray[np.bool_] = away_OO33.max(axis=(2, 3)) < 1e-6
    return same_OO.argmax(axis=1) if same_OO.any(axis=1).all() else None


@cache
def _polar_axes(group: int) -> tuple[int, ...]:
    """Axes of the conventional cell along which every operation leaves a vector as it is."""
    to_conventional = primitive_vectors(group)
    mean = to_conventional @ wyckoff_positions(group)[-1].rotations.mean(axis=0) @ np.linalg.inv(to_conventional)
    return tuple(axis for axis in range(3) if np.allclose(mean[:, axis], np.eye(3)[axis]))


def _settings(
    orbits: Sequence[_Orbit], order: dict[str, int], group: int, decimals: int
) -> Iterator[tuple[OccupiedPosition, ...]]:
    """The sites as they are written in the equivalent settings whose letters come first."""
    places = site_coordinates(group)
    by_letter = {place.letter: place for place in places}
    at = [(order[one.symbol], _place(one.sites, places).letter) for one in orbits]
    changes = _changes(group)
    lettered = [sorted((rank, change.letters[letter]) for rank, letter in at) for change in changes]
    first = min(lettered)
    for change, letters in zip(changes, lettered, strict=True):
        if letters != first:
            continue
        moved = [
            _Placed(one.symbol, rank, by_letter[change.letters[letter]], change.of(one.sites))
            for one, (rank, letter) in zip(orbits, at, strict=True)
        ]
        for offset in _polar_offsets(moved, first[0], group):
            yield tuple(sorted(_occupied(one, offset, decimals) for one in moved))


def _place(sites: Array, places: Sequence[SiteCoordinates]) -> SiteCoordinates:
    """The most special position that an orbit (S, 3) is on."""
    for place in places:
        if place.position.num_sites == len(sites) and len(place.free_of(sites)):
            return place
    raise UserCorrectable("An atom is on no Wyckoff position of the space group found. Use another tolerance.")


def _polar_offsets(moved: Sequence[_Placed], first: tuple[int, str], group: int) -> list[Array]:
    """Where the origin may be along polar axes, (3,) primitive fractions: at a site of the orbits written first."""
    polar = _polar_axes(group)
    if not polar:
        return [np.zeros(3)]
    offsets_K3 = np.zeros((0, 3))
    for one in moved:
        if (one.rank, one.place.letter) == first:
            free_KF = one.place.free_of(one.sites)
            along_K3 = np.zeros((len(free_KF), 3))
            along_K3[:, list(one.place.axes)] = free_KF
            offsets_K3 = np.concatenate([offsets_K3, along_K3])
    offsets_K3[:, [axis for axis in range(3) if axis not in polar]] = 0.0
    distinct_K3 = np.unique(np.round(offsets_K3, 6) % 1.0, axis=0)
    return [np.linalg.solve(primitive_vectors(group), offset) for offset in distinct_K3]


def _occupied(one: _Placed, offset: Array, decimals: int) -> OccupiedPosition:
    scale = 10**decimals
    free = np.round(one.place.free_of(one.sites - offset) * scale).astype(np.int64) % scale
    first = min(map(tuple, free.tolist()))
    return OccupiedPosition(one.rank, one.symbol, one.place.letter, one.place.position.multiplicity, first)
