"""Small pictures of crystals, painted by Qt: no OpenGL, a few milliseconds each."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPen, QPixmap, QRadialGradient

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.build import build
from crystal_studio.scene.drawable import Scene, Spheres, Sticks
from crystal_studio.scene.options import SceneOptions
from crystal_studio.ui import theme as themes
from crystal_studio.ui.viewer.camera import Camera, standing

_KEPT = 512
_MOST_BONDED, _MOST_SHADED, _MOST_DRAWN = 150, 250, 500
_cache: OrderedDict[tuple[str, int, str, float], QPixmap] = OrderedDict()

# Depth, and what to paint at that depth.
Stroke = tuple[float, Callable[[], None]]


def thumbnail(crystal: Crystal, size: int, theme: themes.Theme | None = None) -> QPixmap:
    """A square picture on a transparent ground.

    Args:
        crystal: what to draw; of a very large one, some of its atoms.
        size: side in logical pixels.
        theme: colours of the cell's edges; the one in force if None.
    """
    colours = theme or themes.current()
    ratio = QGuiApplication.instance().devicePixelRatio()
    key = (crystal.content_hash, size, colours.name, ratio)
    if key not in _cache:
        _cache[key] = _painted(crystal, size, colours, ratio)
        while len(_cache) > _KEPT:
            _cache.popitem(last=False)
    _cache.move_to_end(key)
    return _cache[key]


def usual_camera(crystal: Crystal, like: Camera | None = None) -> Camera:
    """The camera that a crystal is painted with by itself, looking the way of another one if there is one."""
    scene = _scene(crystal)
    return _fitted(scene, like or standing(np.asarray(scene.lattice, dtype=np.float64)))


def picture(crystal: Crystal, size: int, camera: Camera) -> QPixmap:
    """A square picture seen by a given camera, so that several can have one scale."""
    return _painted(crystal, size, themes.current(), QGuiApplication.instance().devicePixelRatio(), camera)


def _painted(crystal: Crystal, size: int, colours: themes.Theme, ratio: float, given: Camera | None = None) -> QPixmap:
    scene = _scene(crystal)
    side = max(1, round(size * ratio))
    pixmap = QPixmap(side, side)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    camera = given or _fitted(scene, standing(np.asarray(scene.lattice, dtype=np.float64)))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    strokes = [
        *_edges(painter, scene, camera, size, colours),
        *_sticks(painter, scene.sticks, camera, size),
        *_balls(painter, scene.spheres, camera, size),
    ]
    for _, stroke in sorted(strokes, key=lambda one: one[0]):
        stroke()
    painter.end()
    return pixmap


def _fitted(scene: Scene, camera: Camera) -> Camera:
    corners = scene.cell.segments_E23.reshape(-1, 3)
    points = np.concatenate([scene.spheres.centers_A3, corners])
    return camera.fitted(points, np.concatenate([scene.spheres.radii_A, np.zeros(len(corners))]), 1.0)


def _scene(crystal: Crystal) -> Scene:
    few = crystal.num_sites <= _MOST_BONDED
    if crystal.num_sites > _MOST_DRAWN:
        kept = np.linspace(0, crystal.num_sites - 1, _MOST_DRAWN).astype(int)
        crystal = Crystal(crystal.lattice, tuple(crystal.species[i] for i in kept), crystal.frac_coords[kept])
    return build(crystal, SceneOptions(bonds=few, boundary=few, complete=few))


def _edges(painter: QPainter, scene: Scene, camera: Camera, size: int, colours: themes.Theme) -> list[Stroke]:
    pen = QPen(QColor(colours.muted), 0.9)
    ends, depth, _ = camera.projected(scene.cell.segments_E23.reshape(-1, 3), (size, size))

    def line(index: int) -> None:
        painter.setPen(pen)
        painter.drawLine(QPointF(*ends[2 * index]), QPointF(*ends[2 * index + 1]))

    return [(min(depth[2 * i], depth[2 * i + 1]), partial(line, i)) for i in range(len(ends) // 2)]


def _sticks(painter: QPainter, sticks: Sticks, camera: Camera, size: int) -> list[Stroke]:
    starts, depth, scale = camera.projected(sticks.starts_S3, (size, size))
    ends, depth_of_ends, _ = camera.projected(sticks.ends_S3, (size, size))

    def stick(index: int) -> None:
        width = max(2 * sticks.radius * scale[index], 1.2)
        colour = QColor(*(int(one) for one in sticks.colours_S3[index])).darker(112)
        painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
        painter.drawLine(QPointF(*starts[index]), QPointF(*ends[index]))

    return [((depth[i] + depth_of_ends[i]) / 2, partial(stick, i)) for i in range(len(starts))]


def _balls(painter: QPainter, spheres: Spheres, camera: Camera, size: int) -> list[Stroke]:
    pixels, depth, scale = camera.projected(spheres.centers_A3, (size, size))
    shaded = len(pixels) <= _MOST_SHADED

    def ball(index: int) -> None:
        x, y = pixels[index]
        radius = max(float(spheres.radii_A[index] * scale[index]), 1.0)
        colour = QColor(*(int(one) for one in spheres.colours_A3[index]))
        painter.setPen(QPen(colour.darker(170), max(radius / 14, 0.4)))
        painter.setBrush(_shade(x, y, radius, colour) if shaded else colour)
        painter.drawEllipse(QRectF(x - radius, y - radius, 2 * radius, 2 * radius))

    return [(float(depth[i]), partial(ball, i)) for i in range(len(pixels))]


def _shade(x: float, y: float, radius: float, colour: QColor) -> QRadialGradient:
    """Light from the upper left, as in the 3D view."""
    gradient = QRadialGradient(QPointF(x - radius / 3, y - radius / 3), 1.35 * radius)
    gradient.setColorAt(0.0, colour.lighter(135))
    gradient.setColorAt(0.45, colour)
    gradient.setColorAt(1.0, colour.darker(165))
    return gradient
