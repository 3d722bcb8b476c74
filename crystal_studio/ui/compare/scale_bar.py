"""A bar of a round number of angstrom, as in a micrograph."""

from __future__ import annotations

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPen

from crystal_studio.ui.theme import Theme

_LENGTHS_ANGSTROM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
_SHARE = 0.3  # of the width, at most
_WIDEST = 160.0  # pixels
_MARGIN = 12.0
_TICK = 4.0


def bar_length(angstrom_per_pixel: float, width: float) -> float:
    """The longest round length that takes a small part of a picture's width, in angstrom."""
    room = min(_SHARE * width, _WIDEST)
    fitting = [one for one in _LENGTHS_ANGSTROM if one / angstrom_per_pixel <= room]
    return float(fitting[-1] if fitting else _LENGTHS_ANGSTROM[0])


def paint_bar(
    painter: QPainter, length_angstrom: float, angstrom_per_pixel: float, size: tuple[int, int], colours: Theme
) -> None:
    """Paint it into the lower right corner of a picture of this size (logical pixels)."""
    right, low = size[0] - _MARGIN, size[1] - _MARGIN
    left = right - length_angstrom / angstrom_per_pixel
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for colour, width in ((colours.viewer, 4.0), (colours.text, 1.6)):
        pen = QPen(QColor(colour), width)
        pen.setCapStyle(Qt.PenCapStyle.SquareCap)
        painter.setPen(pen)
        painter.drawLine(QLineF(left, low, right, low))
        for end in (left, right):
            painter.drawLine(QLineF(end, low - _TICK, end, low))
    text = f"{length_angstrom:g} Å"
    metrics = QFontMetricsF(painter.font())
    box = QRectF(0, 0, metrics.horizontalAdvance(text) + 6, metrics.height())
    box.moveBottomRight(QPointF(right, low - _TICK - 1))
    ground = QColor(colours.viewer)
    ground.setAlphaF(0.75)
    painter.fillRect(box, ground)
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
    painter.restore()
