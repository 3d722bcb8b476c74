"""Distances in a periodic cell, in plain NumPy.

Shapes: N atoms, 27 neighbouring cells; all distances in angstrom.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal

_IMAGES = np.array(list(product((-1, 0, 1), repeat=3)), dtype=np.float64)


def nearest_distances_angstrom(crystal: Crystal) -> Array:
    """Distance from each atom to its nearest neighbour, its own images included, shape (N,)."""
    difference = crystal.frac_coords[:, None] - crystal.frac_coords[None]
    difference -= np.round(difference)
    vectors = (difference[:, :, None] + _IMAGES) @ crystal.lattice
    distances = np.linalg.norm(vectors, axis=-1)
    distances[np.arange(len(crystal)), np.arange(len(crystal)), len(_IMAGES) // 2] = np.inf
    return np.asarray(distances.min(axis=(1, 2)), dtype=np.float64)


def grid_crystal(num_atoms: int, spacing_angstrom: float, species: tuple[str, str]) -> Crystal:
    """So many atoms on a simple cubic grid, two elements taking turns: rock salt for eight atoms."""
    side = int(np.ceil(round(num_atoms ** (1 / 3), 6)))
    shape = (side, side, -(-num_atoms // side**2))
    points = np.array(list(product(*(range(length) for length in reversed(shape)))))[:num_atoms, ::-1]
    symbols = tuple(species[int(parity)] for parity in points.sum(axis=1) % 2)
    return Crystal(np.diag(shape) * spacing_angstrom, symbols, points / np.array(shape))
