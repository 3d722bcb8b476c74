"""Wyckoff positions of a space group, derived from spglib's operations.

Neither spglib nor pymatgen hands out its table of Wyckoff positions, and the libraries that do bring a structure
generator's worth of dependencies. The positions follow from the operations: points of a grid of 1/24, on which every
special position has points of its own, are sorted by the operations that leave them in place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Array

IntArray = NDArray[np.int64]

_STEPS = 24
_LAST_HALL_NUMBER = 530
_SHIFTS = np.array(list(product(range(-2, 3), repeat=3)))
# Columns are the primitive vectors in conventional ones, as spglib chooses them.
_PRIMITIVE = {
    "P": np.eye(3),
    "A": np.array([[2, 0, 0], [0, 1, -1], [0, 1, 1]]) / 2,
    "C": np.array([[1, 1, 0], [-1, 1, 0], [0, 0, 2]]) / 2,
    "I": np.array([[-1, 1, 1], [1, -1, 1], [1, 1, -1]]) / 2,
    "F": np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0]]) / 2,
    "R": np.array([[2, -1, -1], [1, 1, -2], [1, 1, 1]]) / 3,
}
_CROOKED = np.array([[1.0, 0.0, 0.0], [0.13, 1.17, 0.0], [-0.21, 0.17, 1.39]])
_WIDE_ANGSTROM = 40.0
_EXTRA_ORBITS = 3


@dataclass(frozen=True, eq=False)
class WyckoffPosition:
    """One Wyckoff position, in the primitive cell that spglib chooses.

    Attributes:
        letter: Wyckoff letter in one setting of the group.
        multiplicity: sites in the conventional cell, as the International Tables count them.
        site_symmetry: oriented symbol as spglib writes it.
        point: (3,) fractional coordinates of a point of the first site's subspace.
        projector: (3, 3) onto the directions in which the first site is free.
        rotations: (S, 3, 3) from the first site to each of the S sites of the primitive cell.
        translations: (S, 3) of the same operations.
    """

    letter: str
    multiplicity: int
    site_symmetry: str
    point: Array
    projector: Array
    rotations: Array
    translations: Array

    @property
    def num_sites(self) -> int:
        """Sites in the primitive cell."""
        return len(self.translations)

    @cached_property
    def free_parameters(self) -> int:
        """Free coordinates, 0 to 3."""
        return round(float(np.trace(self.projector)))

    def first_sites(self, parameters: Array) -> Array:
        """Points of the first site's subspace for any vectors (..., 3) of numbers."""
        return np.asarray(self.point + parameters @ self.projector.T)


@cache
def wyckoff_positions(space_group: int) -> tuple[WyckoffPosition, ...]:
    """Every Wyckoff position of a group in its standard setting, the general one last."""
    rotations, translations = _operations(space_group)
    centring = _centring_of(space_group)
    found = [
        _position(point, stabiliser, rotations, translations)
        for point, stabiliser in _representatives(rotations, translations)
    ]
    multiple = round(1 / float(np.linalg.det(_PRIMITIVE[centring])))
    names = _names(found, rotations, space_group)
    named = [
        WyckoffPosition(letter, multiple * len(one[3]), symmetry, *one)
        for one, (letter, symmetry) in zip(found, names, strict=True)
    ]
    return tuple(sorted(named, key=lambda position: (position.letter.isupper(), position.letter)))


def point_operations(space_group: int) -> IntArray:
    """Rotations (O, 3, 3) of the group's operations on primitive fractional coordinates."""
    return _operations(space_group)[0]


def bravais_lattice(space_group: int) -> str:
    """Letter of the centring in the standard setting: P, A, C, I, F or R."""
    return _centring_of(space_group)


def primitive_vectors(space_group: int) -> Array:
    """Columns (3, 3) are the vectors of the primitive cell in those of the conventional one."""
    return np.array(_PRIMITIVE[_centring_of(space_group)])


def symmetric_lattice(lattice: Array, rotations: IntArray) -> Array:
    """Lattices (..., 3, 3) whose metric tensors are averaged over the rotations, a along x and b in the xy plane."""
    metric = lattice @ np.swapaxes(lattice, -1, -2)
    images = np.swapaxes(rotations, 1, 2) @ metric[..., None, :, :] @ rotations
    return np.asarray(np.linalg.cholesky(images.mean(axis=-3)))


@cache
def _operations(space_group: int) -> tuple[IntArray, IntArray]:
    """Rotations (O, 3, 3) and translations (O, 3) in 1/24, in the primitive cell, each rotation once."""
    import spglib

    found = spglib.get_symmetry_from_database(_hall_numbers()[space_group])
    to_conventional = _PRIMITIVE[_centring_of(space_group)]
    to_primitive = np.linalg.inv(to_conventional)
    rotations = np.round(to_primitive @ found["rotations"] @ to_conventional).astype(np.int64)
    translations = np.round(found["translations"] @ to_primitive.T * _STEPS).astype(np.int64) % _STEPS
    first = np.sort(np.unique(rotations, axis=0, return_index=True)[1])
    return rotations[first], translations[first]


@cache
def _hall_numbers() -> dict[int, int]:
    """Space group -> Hall number of its standard setting, which is the first that spglib lists."""
    import spglib

    numbers: dict[int, int] = {}
    for hall in range(1, _LAST_HALL_NUMBER + 1):
        numbers.setdefault(int(spglib.get_spacegroup_type(hall).number), hall)
    return numbers


@cache
def _centring_of(space_group: int) -> str:
    import spglib

    return str(spglib.get_spacegroup_type(_hall_numbers()[space_group]).international_short)[0]


def _representatives(rotations: IntArray, translations: IntArray) -> Iterator[tuple[IntArray, NDArray[np.bool_]]]:
    """A grid point (3,) of each Wyckoff position and the operations (O,) that leave it in place."""
    grid = np.array(list(product(range(_STEPS), repeat=3)))
    images = (np.einsum("oij,gj->ogi", rotations, grid) + translations[:, None]) % _STEPS
    fixed = (images == grid).all(axis=2)
    codes = (1 << np.arange(len(rotations), dtype=np.int64)) @ fixed
    places = images @ np.array([_STEPS**2, _STEPS, 1])
    left = np.ones(len(grid), dtype=bool)
    while left.any():
        first = int(left.argmax())
        alike = np.flatnonzero(left & (codes == codes[first]))
        same = alike[_shares_subspace(grid[alike] - grid[first], rotations[fixed[:, first]])]
        left[places[:, same]] = False
        yield grid[first], fixed[:, first]


def _shares_subspace(differences: IntArray, stabiliser: IntArray) -> NDArray[np.bool_]:
    """Which differences (D, 3) in 1/24 lie in the fixed subspace of a site symmetry, up to lattice vectors."""
    across = len(stabiliser) * np.eye(3, dtype=np.int64) - stabiliser.sum(axis=0)
    if not across.any():
        return np.ones(len(differences), dtype=bool)
    moved = (_STEPS * _SHIFTS @ across.T)[None] + (differences @ across.T)[:, None]
    return np.asarray((moved == 0).all(axis=2).any(axis=1))


def _position(
    point: IntArray, stabiliser: NDArray[np.bool_], rotations: IntArray, translations: IntArray
) -> tuple[Array, Array, Array, Array]:
    """Point, projector, rotations and translations of a position."""
    images = (rotations @ point + translations) % _STEPS
    first = np.sort(np.unique(images, axis=0, return_index=True)[1])
    identity = int(np.flatnonzero((rotations == np.eye(3)).all(axis=(1, 2)))[0])
    chosen = [identity, *(index for index in first.tolist() if (images[index] != images[identity]).any())]
    projector = rotations[stabiliser].mean(axis=0)
    return point / _STEPS, projector, rotations[chosen].astype(np.float64), translations[chosen] / _STEPS


def _names(found: list[tuple[Array, Array, Array, Array]], rotations: IntArray, space_group: int) -> list[Any]:
    """Letter and site symmetry of each position, as spglib names them in a crystal that occupies all of them."""
    import spglib

    general = next(one for one in found if len(one[3]) == len(rotations))
    occupied = [*found, *[general] * _EXTRA_ORBITS]
    generator = np.random.default_rng(space_group)
    lattice = symmetric_lattice(_CROOKED * _WIDE_ANGSTROM, rotations)
    kinds = np.repeat(np.arange(1, len(occupied) + 1), [len(one[3]) for one in occupied])
    first_of = [int(np.argmax(kinds == kind)) for kind in range(1, len(found) + 1)]
    while True:
        frac_coords = np.concatenate([_sites(one, generator.random(3)) for one in occupied])
        dataset = spglib.get_symmetry_dataset((lattice, frac_coords, kinds), symprec=1e-3)
        if dataset is not None and dataset.number == space_group:
            return [(str(dataset.wyckoffs[i]), str(dataset.site_symmetry_symbols[i])) for i in first_of]


def _sites(position: tuple[Array, Array, Array, Array], parameters: Array) -> Array:
    point, projector, rotations, translations = position
    return np.asarray(rotations @ (point + projector @ parameters) + translations)
