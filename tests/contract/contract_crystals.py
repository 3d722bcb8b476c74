"""Crystals that the contracts use."""

from __future__ import annotations

import numpy as np

from crystal_studio.domain.crystal import Crystal

FACE_CENTRED = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def rock_salt(cation: str = "Na", anion: str = "Cl", edge_angstrom: float = 5.64) -> Crystal:
    """Rock salt in its primitive cell."""
    return Crystal(FACE_CENTRED * edge_angstrom, (cation, anion), np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]))


def perovskite(edge_angstrom: float = 3.91) -> Crystal:
    """Cubic SrTiO3."""
    frac = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return Crystal(np.eye(3) * edge_angstrom, ("Sr", "Ti", "O", "O", "O"), np.array(frac))


def collapsed() -> Crystal:
    """Two atoms almost on top of each other."""
    return Crystal(np.eye(3) * 4.0, ("Na", "Cl"), np.array([[0.0, 0.0, 0.0], [0.01, 0.0, 0.0]]))


def unbalanced() -> Crystal:
    """K2F3, whose charges cannot sum to zero."""
    return perovskite(4.2).with_species(("K", "K", "F", "F", "F"))
