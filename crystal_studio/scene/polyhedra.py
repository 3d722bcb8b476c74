"""Coordination polyhedra of a crystal.

Shapes: N atoms of the cell, A atoms drawn, B bonds of the cell, K corners.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.scene.bonding import Bonding
from crystal_studio.scene.chemistry import Elements
from crystal_studio.scene.drawable import Polyhedra
from crystal_studio.scene.hull import MOST_POINTS, Hull, convex_hull
from crystal_studio.scene.neighbours import Floats, Integers
from crystal_studio.scene.options import SceneOptions
from crystal_studio.scene.placement import Placed, partners

_FEWEST, _MOST = 4, 12
_FEWEST_CHOSEN = 3
_ROUNDED_ANGSTROM = 1e-4


def corner_bonds(elements: Elements, bonding: Bonding, options: SceneOptions) -> NDArray[np.bool_]:
    """Which bonds lead from the centre of a polyhedron to one of its corners.

    Automatic centres are cations with 4 to 12 ligands that are not weakly bonded. A chosen element's atoms may have 3
    to 24, and where they are no cations (C in diamond) all their neighbours are corners.
    """
    first_B, atoms = bonding.pairs.first_P, len(elements.of_N)
    if options.centres is None:
        corner_B = bonding.ligand_B & ~bonding.weak_B
        fewest, most = _FEWEST, _MOST
    else:
        cation_N = np.bincount(first_B[bonding.ligand_B], minlength=atoms) > 0
        corner_B = elements.among(options.centres)[first_B] & (bonding.ligand_B | ~cation_N[first_B])
        fewest, most = _FEWEST_CHOSEN, MOST_POINTS
    corners_N = np.bincount(first_B[corner_B], minlength=atoms)
    fits_N = (corners_N >= fewest) & (corners_N <= most) & ~elements.among(options.hidden)
    return np.asarray(corner_B & fits_N[first_B], dtype=bool)


@dataclass(frozen=True)
class Ground:
    """What positions are worked out from: (N, 3) fractional coordinates, lattice rows and (A, 3) Cartesian ones."""

    frac_N3: Floats
    lattice: Floats
    cart_A3: Floats


def polyhedra(placed: Placed, corners: Bonding, ground: Ground, colours_A3: NDArray[np.uint8]) -> Polyhedra:
    """The polyhedra of all drawn atoms whose corners are all drawn.

    Args:
        placed: atoms drawn.
        corners: the bonds from centres to corners.
        ground: positions.
        colours_A3: colour of each atom drawn.
    """
    bond, atom, partner = partners(placed, corners)
    pairs = corners.pairs
    apart_B3 = (ground.frac_N3[pairs.second_P] + pairs.shift_P3 - ground.frac_N3[pairs.first_P]) @ ground.lattice
    hulls: dict[bytes, Hull] = {}
    triangles, colours, edges = [], [], []
    for centre, around in _groups(atom, bond, partner):
        corners_K3 = apart_B3[around]
        hull = _hull_of(corners_K3, hulls)
        corners_K3 = corners_K3 + ground.cart_A3[centre]
        triangles += [corners_K3[list(triangle)] for triangle in hull.triangles]
        colours += [colours_A3[centre]] * len(hull.triangles)
        edges += [corners_K3[list(edge)] for edge in hull.edges]
    return Polyhedra(
        triangles_F33=np.array(triangles, dtype=np.float32).reshape(-1, 3, 3),
        colours_F3=np.array(colours, dtype=np.uint8).reshape(-1, 3),
        edges_E23=np.array(edges, dtype=np.float32).reshape(-1, 2, 3),
    )


def no_polyhedra() -> Polyhedra:
    """None."""
    corners, colours = np.zeros((0, 3, 3), dtype=np.float32), np.zeros((0, 3), dtype=np.uint8)
    return Polyhedra(corners, colours, corners[:, :2])


def _groups(atom: Integers, bond: Integers, partner: Integers) -> list[tuple[int, Integers]]:
    """Each drawn centre with its bonds, where the far ends of all of them are drawn."""
    if not len(atom):
        return []
    starts = np.flatnonzero(np.r_[True, atom[1:] != atom[:-1]])
    whole = np.minimum.reduceat(partner, starts) >= 0
    around = np.split(bond, starts[1:])
    return [(int(atom[start]), around[k]) for k, start in enumerate(starts) if whole[k]]


def _hull_of(corners_K3: Floats, known: dict[bytes, Hull]) -> Hull:
    """The hull of a centre's corners; the same for all its images, and worked out once."""
    key = np.round(corners_K3 / _ROUNDED_ANGSTROM).astype(np.int64).tobytes()
    if key not in known:
        known[key] = convex_hull(corners_K3)
    return known[key]
