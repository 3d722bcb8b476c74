"""A crystal as SVG: orthographic, far things first, with a key of its elements and the directions of its axes.

Shapes: P points, A atoms drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.build import build
from crystal_studio.scene.colours import Rgb, colour
from crystal_studio.scene.directions import A
from crystal_studio.scene.drawable import Scene, Style
from crystal_studio.scene.options import SceneOptions

Array = NDArray[np.float64]
# Depth in angstrom towards the eye, and what is painted there.
Stroke = tuple[float, str]

_MOST_BONDED, _MOST_DRAWN = 150, 500
_STRIP = 46  # height of the line with axes and key, pixels
_MARGIN = 1.04
_TURN_DEGREE, _TILT_DEGREE = -20.0, 12.0
_PARTS_OF_EDGE = 10
_EDGE = "#2b303a"
_AXES: tuple[tuple[str, str], ...] = (("a", "#c0322f"), ("b", "#1a7f45"), ("c", "#2f5fd0"))
_FONT = 'font-family="Helvetica, Arial, DejaVu Sans, sans-serif"'


def crystal_svg(crystal: Crystal, width: int = 360, height: int = 360) -> str:
    """The crystal in ball and stick with its polyhedra, the unit cell, a, b, c and the colours of its elements.

    Args:
        crystal: what to draw; of a very large one, some of its atoms.
        width: of the picture, pixels.
        height: likewise.
    """
    scene = _scene(crystal)
    view = _View.of(scene, width, height - _STRIP)
    strokes = sorted((*_polyhedra(scene, view), *_edges(scene, view), *_sticks(scene, view), *_balls(scene, view)))
    body = "".join(stroke for _, stroke in strokes)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
        f"<defs>{_shades(scene)}</defs>{body}{_axes(view, height)}{_key(crystal, width, height)}</svg>"
    )


def _scene(crystal: Crystal) -> Scene:
    few = crystal.num_sites <= _MOST_BONDED
    if crystal.num_sites > _MOST_DRAWN:
        kept = np.linspace(0, crystal.num_sites - 1, _MOST_DRAWN).astype(int)
        crystal = Crystal(crystal.lattice, tuple(crystal.species[i] for i in kept), crystal.frac_coords[kept])
    return build(crystal, SceneOptions(style=Style.POLYHEDRA, bonds=few, boundary=few, complete=few))


@dataclass(frozen=True)
class _View:
    """Where points land.

    Attributes:
        rotation: (3, 3) rows to the right, up and towards the eye.
        center: (3,) the middle of the picture, angstrom.
        scale: pixels per angstrom.
        middle: of the picture, pixels.
        axes: (3, 2) directions of a, b and c in the picture, right and up; short where they point at the eye.
    """

    rotation: Array
    center: Array
    scale: float
    middle: Array
    axes: Array

    @classmethod
    def of(cls, scene: Scene, width: int, height: int) -> _View:
        """With everything inside; c upwards, a towards the eye, turned a little so that depth shows."""
        toward, up = A.vectors(scene.lattice)
        rotation = _tilted(np.array([np.cross(up, toward), up, toward]))
        points = np.concatenate([scene.spheres.centers_A3, *scene.cell.segments_E23, *scene.polyhedra.triangles_F33])
        radii = np.zeros(len(points))
        radii[: len(scene.spheres.radii_A)] = scene.spheres.radii_A
        seen = points.astype(np.float64) @ rotation.T
        low, high = (seen - radii[:, None]).min(axis=0), (seen + radii[:, None]).max(axis=0)
        size = np.maximum((high - low)[:2], 0.5) * _MARGIN
        scale = float(min(width / size[0], height / size[1]))
        axes = scene.lattice / np.linalg.norm(scene.lattice, axis=1)[:, None] @ rotation.T
        center = rotation.T @ ((low + high) / 2)
        return cls(rotation, center, scale, np.array([width / 2, height / 2]), axes[:, :2])

    def seen(self, points_P3: NDArray[np.floating]) -> tuple[Array, Array]:
        """(P, 2) pixels from the top left, and (P,) depth towards the eye."""
        turned = (np.asarray(points_P3, dtype=np.float64).reshape(-1, 3) - self.center) @ self.rotation.T
        return self.middle + turned[:, :2] * np.array([self.scale, -self.scale]), turned[:, 2]


def _tilted(rotation: Array) -> Array:
    turn, tilt = radians(_TURN_DEGREE), radians(_TILT_DEGREE)
    about_up = np.array([[cos(turn), 0, sin(turn)], [0, 1, 0], [-sin(turn), 0, cos(turn)]])
    about_right = np.array([[1, 0, 0], [0, cos(tilt), -sin(tilt)], [0, sin(tilt), cos(tilt)]])
    return np.asarray(about_right @ about_up @ rotation, dtype=np.float64)


def _polyhedra(scene: Scene, view: _View) -> Iterator[Stroke]:
    for triangle, rgb in zip(scene.polyhedra.triangles_F33, scene.polyhedra.colours_F3, strict=True):
        corners, depth = view.seen(triangle)
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)
        yield float(depth.mean()), f'<polygon points="{path}" fill="{_hex(rgb)}" fill-opacity="0.3"/>'
    for edge in scene.polyhedra.edges_E23:
        ends, depth = view.seen(edge)
        yield float(depth.mean()), _line(ends, "#8d95a3", 0.6)


def _edges(scene: Scene, view: _View) -> Iterator[Stroke]:
    """The cell's edges in pieces: a whole one may pass both behind and before an atom."""
    steps = np.linspace(0, 1, _PARTS_OF_EDGE + 1)[:, None]
    for start, end in scene.cell.segments_E23:
        points, depth = view.seen(start + steps * (end - start))
        for index in range(_PARTS_OF_EDGE):
            yield float(depth[index : index + 2].min()), _line(points[index : index + 2], _EDGE, 1.4)


def _sticks(scene: Scene, view: _View) -> Iterator[Stroke]:
    sticks = scene.sticks
    width = max(2 * sticks.radius * view.scale, 1.4)
    for start, end, rgb in zip(sticks.starts_S3, sticks.ends_S3, sticks.colours_S3, strict=True):
        ends, depth = view.seen(np.array([start, end]))
        yield float(depth.mean()), _line(ends, _hex(_mixed(rgb, 0, 0.12)), width, cap="butt")


def _balls(scene: Scene, view: _View) -> Iterator[Stroke]:
    spheres = scene.spheres
    pixels, depth = view.seen(spheres.centers_A3)
    for (x, y), deep, radius_angstrom, rgb in zip(pixels, depth, spheres.radii_A, spheres.colours_A3, strict=True):
        radius = max(float(radius_angstrom) * view.scale, 1.5)
        rim = f'stroke="{_hex(_mixed(rgb, 0, 0.45))}" stroke-width="{max(radius / 16, 0.4):.2f}"'
        fill = f"url(#s{_hex(rgb)[1:]})"
        # What leaves a ball towards the eye is hidden by it up to its surface.
        front = float(deep) + 0.7 * float(radius_angstrom)
        yield front, f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" {rim}/>'


def _shades(scene: Scene) -> str:
    """One gradient a colour, lit from the upper left as in the 3D view."""
    found = {_hex(rgb): rgb for rgb in scene.spheres.colours_A3}
    return "".join(
        f'<radialGradient id="s{name[1:]}" cx="0.36" cy="0.34" r="0.72">'
        f'<stop offset="0" stop-color="{_hex(_mixed(rgb, 255, 0.55))}"/><stop offset="0.5" stop-color="{name}"/>'
        f'<stop offset="1" stop-color="{_hex(_mixed(rgb, 0, 0.38))}"/></radialGradient>'
        for name, rgb in sorted(found.items())
    )


def _axes(view: _View, height: int) -> str:
    """Directions of a, b and c."""
    origin = np.array([22.0, height - 17.0])
    drawn = []
    for (name, ink), row in zip(_AXES, view.axes, strict=True):
        tip = origin + 17 * row * np.array([1, -1])
        word = origin + 24 * row * np.array([1, -1]) + np.array([-3.2, 3.6])
        drawn.append(_line(np.array([origin, tip]), ink, 1.8))
        drawn.append(f'<text x="{word[0]:.1f}" y="{word[1]:.1f}" font-size="11" {_FONT} fill="{ink}">{name}</text>')
    return "".join(drawn)


def _key(crystal: Crystal, width: int, height: int) -> str:
    """A dot and a symbol for each element, set flush right."""
    symbols = crystal.composition.elements
    step = min(38.0, (width - 70) / max(len(symbols), 1))
    left = width - step * len(symbols)
    drawn = []
    for index, symbol in enumerate(symbols):
        x, rgb = left + index * step, colour(symbol)
        rim = f'stroke="{_hex(_mixed(rgb, 0, 0.45))}" stroke-width="0.6"'
        drawn.append(f'<circle cx="{x + 6:.1f}" cy="{height - 14}" r="5.5" fill="{_hex(rgb)}" {rim}/>')
        drawn.append(f'<text x="{x + 14:.1f}" y="{height - 10}" font-size="12" {_FONT} fill="#1c2026">{symbol}</text>')
    return "".join(drawn)


def _line(ends: Array, ink: str, width: float, cap: str = "round") -> str:
    (x1, y1), (x2, y2) = ends
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{ink}" stroke-width="{width:.2f}" '
        f'stroke-linecap="{cap}"/>'
    )


def _mixed(rgb: Rgb | NDArray[np.uint8], with_level: int, share: float) -> Rgb:
    """Blended with a grey level."""
    red, green, blue = (round((1 - share) * int(one) + share * with_level) for one in rgb)
    return red, green, blue


def _hex(rgb: Rgb | NDArray[np.uint8]) -> str:
    red, green, blue = (int(one) for one in rgb)
    return f"#{red:02x}{green:02x}{blue:02x}"
