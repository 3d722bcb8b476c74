"""Arrows as triangles: how far, and where to, atoms have moved.

Shapes: M arrows, T triangles.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.scene.colours import Rgb
from crystal_studio.scene.drawable import Arrows

_SIDES = 12
_HEAD_WIDTH = 2.4  # times the radius of the shaft
_HEAD_LENGTH = 5.0  # times the radius of the shaft
_LARGEST_HEAD = 0.55  # of the arrow
_SHORTEST_ANGSTROM = 1e-3

Floats = NDArray[np.float64]


def arrows(starts_M3: Floats, vectors_M3: Floats, radius_angstrom: float, colour: Rgb) -> Arrows:
    """A shaft and a cone for each vector; those shorter than a thousandth of an angstrom are left out.

    Args:
        starts_M3: (M, 3) angstrom.
        vectors_M3: (M, 3) angstrom, from the start to the tip.
        radius_angstrom: of the shafts.
        colour: of all of them.
    """
    length_M = np.linalg.norm(vectors_M3, axis=1) if len(vectors_M3) else np.zeros(0)
    seen_M = np.isfinite(length_M) & (length_M >= _SHORTEST_ANGSTROM)
    starts, vectors, lengths = starts_M3[seen_M], vectors_M3[seen_M], length_M[seen_M]
    if not len(starts):
        return Arrows.none()
    along = vectors / lengths[:, None]
    # Short arrows are thinner, so that their heads keep their shape.
    thickness = np.minimum(radius_angstrom, lengths * _LARGEST_HEAD / _HEAD_LENGTH)[:, None, None]
    ring = _rings(along)
    neck = starts + along * (lengths - _HEAD_LENGTH * thickness[:, 0, 0])[:, None]
    foot, top = starts[:, None] + ring * thickness, neck[:, None] + ring * thickness
    brim, tip = neck[:, None] + ring * thickness * _HEAD_WIDTH, starts + vectors
    triangles = np.concatenate(
        [_fan(foot, starts)[:, :, ::-1], _wall(foot, top), _wall(top, brim), _fan(brim, tip)], axis=1
    ).reshape(-1, 3, 3)
    colours = np.tile(np.array(colour, dtype=np.uint8), (len(triangles), 1))
    return Arrows(triangles.astype(np.float32), colours)


def _rings(along_M3: Floats) -> Floats:
    """(M, sides, 3): unit vectors at right angles to each arrow, turning to the right about it."""
    least = np.eye(3)[np.abs(along_M3).argmin(axis=1)]
    across = np.cross(along_M3, least)
    across /= np.linalg.norm(across, axis=1, keepdims=True)
    upward = np.cross(along_M3, across)
    angle = np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    ring: Floats = np.cos(angle)[:, None] * across[:, None] + np.sin(angle)[:, None] * upward[:, None]
    return ring


def _wall(foot: Floats, top: Floats) -> Floats:
    """(M, 2 sides, 3, 3): two rings joined."""
    next_foot, next_top = np.roll(foot, -1, axis=1), np.roll(top, -1, axis=1)
    lower = np.stack([foot, next_foot, next_top], axis=2)
    upper = np.stack([foot, next_top, top], axis=2)
    return np.concatenate([lower, upper], axis=1)


def _fan(ring: Floats, tip: Floats) -> Floats:
    """(M, sides, 3, 3): a ring joined with a point."""
    return np.stack([ring, np.roll(ring, -1, axis=1), np.broadcast_to(tip[:, None], ring.shape)], axis=2)
