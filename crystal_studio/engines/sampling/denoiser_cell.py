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
    change = _niggli_change(np.asarray(crystal.lattice))
    lattice, frac_coords = change @ crystal.lattice, crystal.frac_coords @ np.linalg.inv(change)
    return Crystal(symmetric_lattice(lattice), crystal.species, frac_coords % 1.0)


def in_cell_of(start: Crystal, drawn: Crystal) -> Crystal:
    """A crystal drawn from `canonical_cell(start)`, in the cell choice of `start` again; its rotation is arbitrary.

    Only then can the draw be compared with its start, site by site, and given the start's symmetry back.
    """
    change = _niggli_change(np.asarray(start.lattice))
    lattice, frac_coords = np.linalg.inv(change) @ drawn.lattice, drawn.frac_coords @ change
    return Crystal(lattice, drawn.species, frac_coords % 1.0)


def symmetric_lattice(lattice: Array) -> Array:
    """The symmetric positive-definite matrix P (angstrom) with the same Gram matrix, from the polar form L = P U.

    Source: MatterGen (Zeni et al. 2025), the lattice in a frame that no rotation changes.
    """
    values, vectors = np.linalg.eigh(lattice @ lattice.T)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T, dtype=np.float64)


def _niggli_change(lattice: Array) -> Array:
    """Whole-number change of basis (3, 3) to the Niggli cell, right-handed so that no chiral crystal is mirrored."""
    import spglib

    reduced = spglib.niggli_reduce(lattice, eps=1e-5)
    if reduced is None:
        return np.eye(3)
    change: Array = np.rint(np.asarray(reduced) @ np.linalg.inv(lattice))
    return -change if np.linalg.det(change) < 0 else change
