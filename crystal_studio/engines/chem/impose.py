"""Give a distorted copy of a symmetric crystal its symmetry back, keeping its lattice and free parameters."""

from __future__ import annotations

import numpy as np
import spglib
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Array, Crystal

IntArray = NDArray[np.int_]


def impose_symmetry(crystal: Crystal, template: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
    """Average a distorted crystal over the operations of its template.

    The metric tensor becomes the mean of WᵀGW and the minimum-image displacements from the template the mean of
    their images; coordinates are never averaged modulo 1.

    Args:
        crystal: same cell choice and order of sites as the template.
        template: the crystal whose space group is wanted.
        symprec_angstrom: tolerance at which the template's operations are found.

    Returns:
        The symmetric crystal, a along x and b in the xy plane; the crystal itself where the template has no
        operation but the identity.

    Source: the projection of DiffCSP++ (Jiao et al., ICLR 2024) onto invariant lattices and positions, applied once
    after sampling instead of at each step.
    """
    numbers = [sorted(set(template.species)).index(symbol) for symbol in template.species]
    found = spglib.get_symmetry((template.lattice, template.frac_coords, numbers), symprec=symprec_angstrom)
    if found is None or len(found["rotations"]) == 1:
        return crystal
    rotations, translations = found["rotations"], found["translations"]
    lattice = _mean_lattice(crystal.lattice, rotations)
    moved = _wrapped(crystal.frac_coords - template.frac_coords)
    moved = _wrapped(moved - moved.mean(axis=0))
    images = np.zeros_like(moved)
    for rotation, translation in zip(rotations, translations, strict=True):
        target = _permutation(template, rotation, translation)
        images[target] += moved @ rotation.T
    return Crystal(lattice, crystal.species, template.frac_coords + images / len(rotations))


def _mean_lattice(lattice: Array, rotations: IntArray) -> Array:
    """Lattice (3, 3) of the averaged metric tensor."""
    metric = lattice @ lattice.T
    mean = np.mean([rotation.T @ metric @ rotation for rotation in rotations], axis=0)
    return np.asarray(np.linalg.cholesky(mean), dtype=np.float64)


def _permutation(template: Crystal, rotation: IntArray, translation: Array) -> IntArray:
    """Index of the site onto which each site of the template is mapped, shape (N,)."""
    images = template.frac_coords @ rotation.T + translation
    apart = _wrapped(images[:, None] - template.frac_coords[None]) @ template.lattice
    distances = np.linalg.norm(apart, axis=2)
    species = np.array(template.species)
    distances[species[:, None] != species[None]] = np.inf
    return np.asarray(distances.argmin(axis=1))


def _wrapped(frac: Array) -> Array:
    return np.asarray(frac - np.round(frac), dtype=np.float64)
