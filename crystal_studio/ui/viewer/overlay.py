"""What Qt paints over the picture: labels, marks of picked atoms, measurements and the three axes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPolygonF

from crystal_studio.scene.drawable import Label
from crystal_studio.ui.theme import Theme
from crystal_studio.ui.viewer.camera import Camera

Array = NDArray[np.float64]

# Red, green and blue for a, b and c as in VESTA, light enough for a dark ground and dark enough for a light one.
_AXIS_COLOURS = ("#d8453e", "#2b9a4b", "#4a7de8")
_MOST_LABELS = 600


@dataclass(frozen=True, eq=False)
class Mark:
    """Ring around a picked atom.

    Attributes:
        center: (3,) angstrom.
        radius: of the drawn sphere, angstrom.
        text: its number among the picked atoms.
    """

    center: Array
    radius: float
    text: str


@dataclass(frozen=True, eq=False)
class Measured:
    """A measured value on the line through its atoms.

    Attributes:
        points_P3: two to four atoms, angstrom.
        text: the value with its unit.
    """

    points_P3: Array
    text: str


@dataclass(frozen=True, eq=False)
class Overlay:
    """Everything that lies over one picture; `lattice` is None where there are no axes to show."""

    lattice: Array | None = None
    labels: tuple[Label, ...] = ()
    marks: tuple[Mark, ...] = ()
    measured: tuple[Measured, ...] = ()


def paint(
    painter: QPainter, overlay: Overlay, camera: Camera, size: tuple[int, int], theme: Theme, *, axes: bool = True
) -> None:
    """Paint an overlay for a picture of this size (logical pixels)."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    _paint_labels(painter, overlay.labels, camera, size, theme)
    for measured in overlay.measured:
        _paint_line(painter, measured, camera, size, theme)
    for mark in overlay.marks:
        _paint_mark(painter, mark, camera, size, theme)
    for measured in overlay.measured:
        _paint_value(painter, measured, camera, size, theme)
    if axes and overlay.lattice is not None:
        _paint_axes(painter, overlay.lattice, camera, size, theme)


def _paint_labels(
    painter: QPainter, labels: tuple[Label, ...], camera: Camera, size: tuple[int, int], theme: Theme
) -> None:
    if not labels or len(labels) > _MOST_LABELS:
        return
    pixels, depth, _ = camera.projected(np.array([one.position for one in labels]), size)
    for index in np.argsort(depth):
        x, y = pixels[index]
        if 0 <= x <= size[0] and 0 <= y <= size[1]:
            _text(painter, labels[index].text, QPointF(x, y), theme.text, theme.viewer)


def _paint_mark(painter: QPainter, mark: Mark, camera: Camera, size: tuple[int, int], theme: Theme) -> None:
    pixels, _, scale = camera.projected(mark.center, size)
    center, radius = QPointF(*pixels[0]), max(mark.radius * scale[0], 3.0) + 3.0
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for colour, width in ((theme.viewer, 5.0), (theme.accent, 2.6)):
        painter.setPen(QPen(QColor(colour), width))
        painter.drawEllipse(center, radius, radius)
    at = center + QPointF(radius * 0.75 + 7, -radius * 0.75 - 5)
    _text(painter, mark.text, at, theme.accent, theme.viewer, bold=True)


def _paint_line(painter: QPainter, measured: Measured, camera: Camera, size: tuple[int, int], theme: Theme) -> None:
    pixels, _, _ = camera.projected(measured.points_P3, size)
    line = QPolygonF([QPointF(x, y) for x, y in pixels])
    for colour, width, style in (
        (theme.viewer, 4.5, Qt.PenStyle.SolidLine),
        (theme.accent, 2.0, Qt.PenStyle.DashLine),
    ):
        painter.setPen(QPen(QColor(colour), width, style))
        painter.drawPolyline(line)


def _paint_value(painter: QPainter, measured: Measured, camera: Camera, size: tuple[int, int], theme: Theme) -> None:
    """The value on a small plate in the middle of the atoms, inside the picture."""
    pixels, _, _ = camera.projected(measured.points_P3, size)
    font = QFont(painter.font())
    font.setBold(True)
    metrics = QFontMetricsF(font)
    plate = QRectF(0, 0, metrics.horizontalAdvance(measured.text) + metrics.height(), 1.4 * metrics.height())
    half = np.array([plate.width(), plate.height()]) / 2
    center = np.clip(pixels.mean(axis=0), half, np.maximum(np.array(size) - half, half))
    plate.moveCenter(QPointF(*center))
    painter.setPen(QPen(QColor(theme.accent), 1.2))
    painter.setBrush(QColor(theme.surface))
    painter.drawRoundedRect(plate, 4, 4)
    painter.save()
    painter.setFont(font)
    painter.setPen(QColor(theme.text))
    painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, measured.text)
    painter.restore()


def _paint_axes(painter: QPainter, lattice: Array, camera: Camera, size: tuple[int, int], theme: Theme) -> None:
    """Arrows along the lattice vectors in the lower left corner; they turn with the crystal and never move."""
    line = QFontMetricsF(painter.font()).height()
    length = min(2.6 * line, min(size) / 6)
    origin = QPointF(length + 1.2 * line, size[1] - length - 1.2 * line)
    norms = np.maximum(np.linalg.norm(lattice, axis=1, keepdims=True), 1e-9)
    seen = (lattice / norms) @ camera.rotation.T
    for index in np.argsort(seen[:, 2]):
        tip = origin + QPointF(seen[index, 0] * length, -seen[index, 1] * length)
        _arrow(painter, origin, tip, QColor(_AXIS_COLOURS[index]))
        away = np.array([seen[index, 0], -seen[index, 1]])
        away = away / norm if (norm := float(np.linalg.norm(away))) > 0.12 else np.array([0.7, -0.7])
        at = tip + QPointF(*(away * 0.62 * line))
        _text(painter, "abc"[index], at, _AXIS_COLOURS[index], theme.viewer, bold=True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.muted))
    painter.drawEllipse(origin, 2.5, 2.5)


def _arrow(painter: QPainter, start: QPointF, tip: QPointF, colour: QColor) -> None:
    painter.setPen(QPen(colour, 2.4, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(colour)
    along = np.array([tip.x() - start.x(), tip.y() - start.y()])
    length = float(np.linalg.norm(along))
    painter.drawLine(start, tip)
    if length < 4:
        painter.drawEllipse(tip, 3.5, 3.5)
        return
    along, head = along / length, min(9.0, length)
    across = np.array([-along[1], along[0]])
    end = np.array([tip.x(), tip.y()])
    corners = (end + 2 * along, end - head * along + 0.42 * head * across, end - head * along - 0.42 * head * across)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))


def _text(painter: QPainter, text: str, center: QPointF, colour: str, halo: str, *, bold: bool = False) -> None:
    """Text with a rim in the colour of the ground, readable over any atom."""
    font = QFont(painter.font())
    font.setBold(bold)
    box: QRectF = QFontMetricsF(font).tightBoundingRect(text)
    path = QPainterPath()
    path.addText(center - box.center(), font, text)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    rim = QPen(QColor(halo), 3.2)
    rim.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.strokePath(path, rim)
    painter.fillPath(path, QColor(colour))
