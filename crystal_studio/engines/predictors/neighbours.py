"""Periodic neighbour search with NumPy, for cells of up to a few hundred atoms."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal

Array = NDArray[np.float64]
_SMALLEST_DISTANCE_ANGSTROM = 1e-3


@dataclass(frozen=True)
class Neighbours:
    """Directed pairs within a cut-off, E of them, sorted by centre.

    Attributes:
        centre: (E,) index of the atom in the middle.
        neighbour: (E,) index of the atom around it.
        distance_angstrom: (E,).
        direction: (E, 3) unit vectors from centre to neighbour.
    """

    centre: NDArray[np.int64]
    neighbour: NDArray[np.int64]
    distance_angstrom: Array
    direction: Array


def neighbours_of(crystal: Crystal, cutoff_angstrom: float) -> Neighbours:
    """All neighbours within the cut-off, periodic images included, an atom's own images too."""
    lattice = crystal.lattice
    spacing = 1.0 / np.linalg.norm(np.linalg.inv(lattice), axis=0)
    # Minimum-image differences lie within half a cell, hence the half.
    reach = np.floor(cutoff_angstrom / spacing + 0.5).astype(int)
    grids = np.meshgrid(*(np.arange(-r, r + 1) for r in reach), indexing="ij")
    images = np.stack([grid.ravel() for grid in grids], axis=1)
    frac = crystal.frac_coords % 1.0
    between = frac[None, :] - frac[:, None]
    between -= np.round(between)
    vectors = between[:, :, None, :] @ lattice + (images @ lattice)[None, None]
    distances = np.sqrt(np.einsum("ijmk,ijmk->ijm", vectors, vectors))
    centre, neighbour, image = np.nonzero((distances < cutoff_angstrom) & (distances > _SMALLEST_DISTANCE_ANGSTROM))
    distance = distances[centre, neighbour, image]
    return Neighbours(centre, neighbour, distance, vectors[centre, neighbour, image] / distance[:, None])
