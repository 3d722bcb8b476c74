"""Give distorted crystals their symmetry back, keeping the lattice and the free parameters they have."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
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
    operations = _operations(template, symprec_angstrom)
    if len(operations) < 2:
        return crystal
    moved = _wrapped(crystal.frac_coords - template.frac_coords)
    moved = _wrapped(moved - moved.mean(axis=0))
    images = np.zeros_like(moved)
    for rotation, translation in operations:
        target, _ = _mapped(template, rotation, translation)
        images[target] += moved @ rotation.T
    lattice = _mean_lattice(crystal.lattice, [rotation for rotation, _ in operations])
    return Crystal(lattice, crystal.species, template.frac_coords + images / len(operations))


def symmetrized(crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
    """The crystal moved onto the symmetry that it has within a tolerance, in its own cell.

    Returns:
        The crystal with exactly the operations found; the crystal itself where there is only the identity.
    """
    return averaged(crystal, _operations(crystal, symprec_angstrom))


def averaged(crystal: Crystal, operations: Sequence[tuple[IntArray, Array]]) -> Crystal:
    """The crystal moved onto operations that it nearly has, in its own cell.

    Args:
        crystal: distorted.
        operations: rotations (3, 3) and translations (3,) in fractional coordinates, a whole group of them.
    """
    if len(operations) < 2:
        return crystal
    moved = np.zeros_like(crystal.frac_coords)
    for rotation, translation in operations:
        target, away = _mapped(crystal, rotation, translation)
        moved[target] += away
    lattice = _mean_lattice(crystal.lattice, [rotation for rotation, _ in operations])
    return Crystal(lattice, crystal.species, crystal.frac_coords + moved / len(operations))


def _operations(crystal: Crystal, symprec_angstrom: float) -> list[tuple[IntArray, Array]]:
    """Rotations (3, 3) and translations (3,) in fractional coordinates; empty where the search fails."""
    import spglib

    numbers = [sorted(set(crystal.species)).index(symbol) for symbol in crystal.species]
    try:
        found = spglib.get_symmetry((crystal.lattice, crystal.frac_coords, numbers), symprec=symprec_angstrom)
    except spglib.SpglibError:
        return []
    return list(zip(found["rotations"], found["translations"], strict=True)) if found else []


def _mean_lattice(lattice: Array, rotations: Sequence[IntArray]) -> Array:
    """Lattice (3, 3) of the averaged metric tensor, as right- or left-handed as it was."""
    metric = lattice @ lattice.T
    mean = np.mean([rotation.T @ metric @ rotation for rotation in rotations], axis=0)
    handedness = np.sign(np.linalg.det(lattice))
    return np.asarray(handedness * np.linalg.cholesky(mean), dtype=np.float64)


def _mapped(crystal: Crystal, rotation: IntArray, translation: Array) -> tuple[IntArray, Array]:
    """Onto which site (N,) an operation maps each site, and how far from it the image falls, (N, 3) fractional."""
    images = crystal.frac_coords @ rotation.T + translation
    apart = _wrapped(images[:, None] - crystal.frac_coords[None])
    distances = np.linalg.norm(apart @ crystal.lattice, axis=2)
    species = np.array(crystal.species)
    distances[species[:, None] != species[None]] = np.inf
    target = np.asarray(distances.argmin(axis=1))
    return target, apart[np.arange(len(target)), target]


def _wrapped(frac: Array) -> Array:
    return np.asarray(frac - np.round(frac), dtype=np.float64)
