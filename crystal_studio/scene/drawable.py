"""Crystals as drawable data: arrays that any renderer can show.

Shapes: A atoms drawn, S half-bonds, F polyhedron triangles, E line segments,
T triangles of arrows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]
Bytes = NDArray[np.uint8]


class Style(StrEnum):
    """How atoms and bonds are drawn."""

    BALL_AND_STICK = "ball and stick"
    SPACE_FILLING = "space filling"
    STICK = "sticks"
    POLYHEDRA = "polyhedra"


@dataclass(frozen=True)
class Spheres:
    """Atoms.

    Attributes:
        centers_A3: (A, 3) Cartesian, angstrom.
        radii_A: (A,) angstrom.
        colours_A3: (A, 3) RGB, 0 to 255.
        site_A: (A,) index of the atom in the crystal that each sphere is an image of.
        image_A3: (A, 3) lattice translation of the image.
    """

    centers_A3: Floats
    radii_A: Floats
    colours_A3: Bytes
    site_A: Integers
    image_A3: Integers


@dataclass(frozen=True)
class Sticks:
    """Half-bonds, each from an atom to the middle of its bond, in the colour of that atom.

    Attributes:
        starts_S3: (S, 3) angstrom.
        ends_S3: (S, 3) angstrom.
        radius: angstrom.
        colours_S3: (S, 3) RGB, 0 to 255.
    """

    starts_S3: Floats
    ends_S3: Floats
    radius: float
    colours_S3: Bytes


@dataclass(frozen=True)
class Polyhedra:
    """Coordination polyhedra as triangles, with their edges.

    Attributes:
        triangles_F33: (F, 3, 3) angstrom, outward winding.
        colours_F3: (F, 3) RGB, 0 to 255.
        edges_E23: (E, 2, 3) angstrom.
    """

    triangles_F33: Floats
    colours_F3: Bytes
    edges_E23: Floats


@dataclass(frozen=True)
class Lines:
    """Line segments: the unit cell."""

    segments_E23: Floats
    colours_E3: Bytes


@dataclass(frozen=True)
class Arrows:
    """Displacements as closed shafts and cones.

    Attributes:
        triangles_T33: (T, 3, 3) angstrom, outward winding.
        colours_T3: (T, 3) RGB, 0 to 255.
    """

    triangles_T33: Floats
    colours_T3: Bytes

    @classmethod
    def none(cls) -> Arrows:
        """No arrow."""
        return cls(np.zeros((0, 3, 3), dtype=np.float32), np.zeros((0, 3), dtype=np.uint8))


@dataclass(frozen=True)
class Label:
    """A text at a point (angstrom)."""

    text: str
    position: tuple[float, float, float]


@dataclass(frozen=True)
class Scene:
    """Everything that is drawn of one crystal.

    Attributes:
        lattice: (3, 3) angstrom, rows a, b, c, of the cell shown (for the gizmo and view directions).
        notices: sentences for the person ("20,000 atoms: bonds are not drawn").
        arrows: displacements, where two crystals are laid over each other.
    """

    lattice: NDArray[np.float64]
    spheres: Spheres
    sticks: Sticks
    polyhedra: Polyhedra
    cell: Lines
    labels: tuple[Label, ...] = ()
    notices: tuple[str, ...] = field(default=())
    arrows: Arrows = field(default_factory=Arrows.none)
