"""The cell that the denoiser works in: Niggli-reduced, in the rotation that makes the lattice matrix symmetric."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal

Array = NDArray[np.float64]


def canonical_cell(crystal: Crystal) -> Crystal:
    """The same crystal in its Niggli cell with a symmetric lattice matrix, coordinates in [0, 1).

    Atoms keep their order. A cell that spglib cannot reduce is only rotated.
    """
    lattice, frac_coords = _niggli(np.asarray(crystal.lattice), np.asarray(crystal.frac_coords))
    return Crystal(symmetric_lattice(lattice), crystal.species, frac_coords % 1.0)


def symmetric_lattice(lattice: Array) -> Array:
    """The symmetric positive-definite matrix P (angstrom) with the same Gram matrix, from the polar form L = P U.

    Source: MatterGen (Zeni et al. 2025), the lattice in a frame that no rotation changes.
    """
    values, vectors = np.linalg.eigh(lattice @ lattice.T)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T, dtype=np.float64)


def _niggli(lattice: Array, frac_coords: Array) -> tuple[Array, Array]:
    """Reduce; the change of basis is kept right-handed so that no chiral crystal is mirrored."""
    import spglib

    reduced = spglib.niggli_reduce(lattice, eps=1e-5)
    if reduced is None:
        return lattice, frac_coords
    change = np.rint(np.asarray(reduced) @ np.linalg.inv(lattice))
    if np.linalg.det(change) < 0:
        change = -change
    return change @ lattice, frac_coords @ np.linalg.inv(change)
