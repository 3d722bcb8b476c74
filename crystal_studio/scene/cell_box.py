"""The unit cell as lines."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.scene.colours import Rgb
from crystal_studio.scene.drawable import Lines

# The usual colours of the axes, and a grey that is seen on white and on black; shared with the gizmo.
AXIS_COLOURS: tuple[Rgb, Rgb, Rgb] = ((214, 48, 49), (39, 161, 72), (52, 101, 214))
EDGE_COLOUR: Rgb = (128, 134, 144)


def cell_lines(lattice: NDArray[np.float64], supercell: tuple[int, int, int] = (1, 1, 1)) -> Lines:
    """The twelve edges of the cell at the origin, a, b and c in their colours, and of the supercell around it.

    Args:
        lattice: (3, 3) angstrom, rows a, b, c.
        supercell: repeats along a, b, c.
    """
    edges = _edges()
    colours = [AXIS_COLOURS[axis] if not start.any() else EDGE_COLOUR for axis, start, _ in edges]
    segments = [np.array((start, end)) @ lattice for _, start, end in edges]
    if supercell != (1, 1, 1):
        segments += [np.array((start, end)) * supercell @ lattice for _, start, end in edges]
        colours += [EDGE_COLOUR] * len(edges)
    return Lines(np.array(segments, dtype=np.float32), np.array(colours, dtype=np.uint8))


def no_lines() -> Lines:
    """No cell."""
    return Lines(np.zeros((0, 2, 3), dtype=np.float32), np.zeros((0, 3), dtype=np.uint8))


def _edges() -> list[tuple[int, NDArray[np.float64], NDArray[np.float64]]]:
    """Axis, start and end of the edges of the unit cube; those at the origin first."""
    corners = [np.array([x, y, z], dtype=np.float64) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    found = [(axis, corner, corner + np.eye(3)[axis]) for corner in corners for axis in range(3) if corner[axis] == 0]
    return sorted(found, key=lambda edge: bool(edge[1].any()))
