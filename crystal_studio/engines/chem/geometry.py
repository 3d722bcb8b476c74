"""Periodic distances, without any chemistry library."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal

_BLOCK_DISTANCES = 2_000_000
_REDUCTION_STEPS = 200
_NO_VOLUME_ANGSTROM3 = 1e-6


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
    transform = reduction(crystal.lattice)
    lattice = transform @ crystal.lattice
    frac_coords = crystal.frac_coords @ np.linalg.inv(transform)
    shifts = -np.floor(frac_coords).astype(np.int64)
    wrapped = frac_coords + shifts
    images = _images_within(lattice, cutoff_angstrom)
    neighbours = (wrapped[None] + images[:, None]) @ lattice
    block = max(1, _BLOCK_DISTANCES // (len(images) * len(crystal)))
    found = [
        _block(wrapped[start : start + block] @ lattice, neighbours, start, cutoff_angstrom)
        for start in range(0, len(crystal), block)
    ]
    first, image_index, second, distance = (np.concatenate(parts) for parts in zip(*found, strict=True))
    image = (images[image_index] + shifts[second] - shifts[first]) @ transform
    return Pairs(first, second, image, distance)


def shortest_distance_angstrom(crystal: Crystal) -> float:
    """Shortest distance between two atoms, or an atom and its own image."""
    if crystal.volume_angstrom3 < _NO_VOLUME_ANGSTROM3:
        return 0.0
    shortest_vector = float(np.linalg.norm(reduction(crystal.lattice) @ crystal.lattice, axis=1).min())
    cutoff = min(3.0, shortest_vector)
    while True:
        distances = pairs_within(crystal, cutoff + 1e-6).distance_angstrom
        if len(distances):
            return float(distances.min())
        cutoff = min(2 * cutoff, shortest_vector)


def reduction(lattice: NDArray[np.float64]) -> NDArray[np.int64]:
    """Integer matrix that turns the lattice vectors into short, nearly orthogonal ones, shape (3, 3).

    Each vector is shortened by the others until none gets shorter (Semaev's reduction of ternary forms), so that few
    images reach far whatever the shape of the cell.
    """
    transform = np.eye(3, dtype=np.int64)
    vectors = lattice.copy()
    for _ in range(_REDUCTION_STEPS):
        order = np.argsort(np.linalg.norm(vectors, axis=1), kind="stable")
        vectors, transform = vectors[order], transform[order]
        counts = _shortening(vectors)
        shorter = vectors[2] - counts @ vectors[:2]
        if not np.linalg.norm(shorter) < np.linalg.norm(vectors[2]) * (1 - 1e-9):
            counts = np.array([round(float(vectors[0] @ vectors[1] / (vectors[0] @ vectors[0]))), 0])
            if counts[0] == 0:
                break
            vectors[1] -= counts[0] * vectors[0]
            transform[1] -= counts[0] * transform[0]
            continue
        vectors[2] = shorter
        transform[2] -= counts @ transform[:2]
    return transform


def _shortening(vectors: NDArray[np.float64]) -> NDArray[np.int64]:
    """How often to take the two shorter vectors off the longest, shape (2,)."""
    solution = np.linalg.lstsq(vectors[:2].T, vectors[2], rcond=None)[0]
    tries = [np.floor(solution) + np.array([i, j]) for i in (0, 1) for j in (0, 1)]
    best = min(tries, key=lambda counts: float(np.linalg.norm(vectors[2] - counts @ vectors[:2])))
    return np.asarray(best, dtype=np.int64)


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
