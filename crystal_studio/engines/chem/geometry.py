"""Periodic distances, without any chemistry library."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal

_BLOCK_ATOMS = 64


class Pairs(NamedTuple):
    """Pairs of atoms within a cut-off; each pair appears in both directions.

    Attributes:
        first: (P,) index of the atom in the home cell.
        second: (P,) index of the other atom.
        image: (P, 3) cell of the other atom.
        distance_angstrom: (P,) their distance.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    image: NDArray[np.int64]
    distance_angstrom: NDArray[np.float64]


def pairs_within(crystal: Crystal, cutoff_angstrom: float) -> Pairs:
    """Every pair of atoms closer than a cut-off, images of an atom with itself included."""
    images = _images_within(crystal.lattice, cutoff_angstrom)
    wrapped = crystal.frac_coords - np.floor(crystal.frac_coords)
    shifts = -np.floor(crystal.frac_coords).astype(np.int64)
    neighbours = (wrapped[None] + images[:, None]) @ crystal.lattice
    found = [
        _block(wrapped[start : start + _BLOCK_ATOMS] @ crystal.lattice, neighbours, start, cutoff_angstrom)
        for start in range(0, len(crystal), _BLOCK_ATOMS)
    ]
    first, image_index, second, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    image = images[image_index] + shifts[second] - shifts[first]
    return Pairs(first, second, image, distance)


def shortest_distance_angstrom(crystal: Crystal) -> float:
    """Shortest distance between two atoms, or an atom and its own image."""
    shortest_row = float(np.linalg.norm(crystal.lattice, axis=1).min())
    if crystal.volume_angstrom3 < 1e-9:
        return 0.0
    cutoff = min(3.0, shortest_row + 1e-6)
    while True:
        distances = pairs_within(crystal, cutoff).distance_angstrom
        if len(distances):
            return float(distances.min())
        cutoff = min(2 * cutoff, shortest_row + 1e-6)


def _images_within(lattice: NDArray[np.float64], cutoff_angstrom: float) -> NDArray[np.int64]:
    """Cells that can hold an atom within the cut-off of one in the home cell, shape (M, 3)."""
    heights = 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    reach = np.ceil(cutoff_angstrom / heights + 1e-9).astype(np.int64)
    axes = [np.arange(-count, count + 1) for count in reach]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


def _block(
    centres: NDArray[np.float64], neighbours: NDArray[np.float64], start: int, cutoff_angstrom: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    distance = np.linalg.norm(neighbours[None] - centres[:, None, None], axis=-1)
    near = distance < cutoff_angstrom
    atom = np.arange(len(centres))
    home = len(neighbours) // 2
    near[atom, home, start + atom] = False
    first, image, second = np.nonzero(near)
    return first + start, image, second, distance[first, image, second]
