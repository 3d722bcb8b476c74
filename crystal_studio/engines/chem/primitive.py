"""The primitive cell of a crystal in place: not rotated, not shifted, not idealised."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.engines.chem.geometry import reduction
from crystal_studio.engines.chem.symmetry import symmetry_dataset

_SYMPREC_ANGSTROM = 0.01  # below any distortion that is worth an arrow


def primitive_in_place(crystal: Crystal, symprec_angstrom: float = _SYMPREC_ANGSTROM) -> Crystal:
    """One atom of each orbit of the lattice translations, where it is, in a primitive lattice of short vectors."""
    dataset = symmetry_dataset(crystal, symprec_angstrom)
    lattice, kept = crystal.lattice, list(range(len(crystal)))
    if dataset is not None:
        counts = np.rint(crystal.lattice @ np.linalg.inv(dataset.primitive_lattice))
        lattice = np.linalg.inv(counts) @ crystal.lattice  # found within a tolerance, and now exact
        kept = np.unique(dataset.mapping_to_primitive, return_index=True)[1].tolist()
    lattice = reduction(lattice) @ lattice
    frac_coords = crystal.cart_coords[kept] @ np.linalg.inv(lattice)
    return Crystal(lattice, tuple(crystal.species[atom] for atom in kept), frac_coords)


def conventional_lattice(crystal: Crystal, symprec_angstrom: float) -> Array:
    """The conventional lattice in place, (3, 3) angstrom; the crystal's own where no symmetry is found.

    Source: the transformation matrix P of spglib's dataset, (a_s b_s c_s) = (a b c) P^-1 on column vectors.
    """
    dataset = symmetry_dataset(crystal, symprec_angstrom)
    if dataset is None:
        return crystal.lattice
    return np.asarray(np.linalg.inv(dataset.transformation_matrix).T @ crystal.lattice, dtype=np.float64)


def repeated(primitive: Crystal, lattice: Array) -> Crystal:
    """The atoms of a primitive cell in one cell of a lattice that is made of its vectors."""
    from pymatgen.util.coord import lattice_points_in_supercell

    counts = np.rint(lattice @ np.linalg.inv(primitive.lattice)).astype(np.int64)
    points = lattice_points_in_supercell(counts)
    frac_coords = (primitive.frac_coords @ np.linalg.inv(counts))[:, None] + points[None]
    species = tuple(symbol for symbol in primitive.species for _ in range(len(points)))
    return Crystal(lattice, species, np.mod(frac_coords.reshape(-1, 3), 1.0))


def is_made_of(lattice: Array, vectors: Array) -> bool:
    """Whether each row of a lattice is a whole-number sum of the vectors."""
    counts = lattice @ np.linalg.inv(vectors)
    return bool(np.abs(counts - np.rint(counts)).max() < 1e-3)


def sites_at(crystal: Crystal, cart_coords: Array) -> tuple[NDArray[np.int64], Array]:
    """The atom of a crystal that is nearest to each point, (M,), and the way there from the point, (M, 3) angstrom.

    Every point lies within the tolerance of a primitive cell of an atom, so that rounding finds the nearest image.
    """
    frac_points = cart_coords @ np.linalg.inv(crystal.lattice)
    ways = crystal.frac_coords[None] - frac_points[:, None]
    ways = (ways - np.rint(ways)) @ crystal.lattice
    sites = np.linalg.norm(ways, axis=-1).argmin(axis=1)
    return sites, np.asarray(ways[np.arange(len(sites)), sites], dtype=np.float64)
