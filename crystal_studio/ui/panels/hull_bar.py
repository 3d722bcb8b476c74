"""The energy above the hull drawn to scale: value, interval and the band in which crystals can be made."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from crystal_studio.domain.measured import Measured
from crystal_studio.ui import theme
from crystal_studio.ui.panels.stability_words import NEAR_HULL_EV_PER_ATOM, hull_energy, interval, interval_ends

_LEAST_SCALE = 0.2
_MARGIN = 10


class HullBar(QWidget):
    """Zero, the band up to 0.1 eV/atom, the 95 % interval and the value."""

    def __init__(self, measured: Measured, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = hull_energy(measured) or 0.0
        self._ends = interval_ends(measured)
        ends = (self._value, *(self._ends or ()))
        self._low = min(0.0, *ends)
        self._high = max(_LEAST_SCALE, *ends) * 1.05
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(f"Energy above the hull: {interval(measured)}")

    def sizeHint(self) -> QSize:
        """A line of numbers below a bar."""
        return QSize(200, 26 + self.fontMetrics().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Everything to scale."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.current()
        bar = QRectF(_MARGIN, 6, self.width() - 2 * _MARGIN, 14)
        self._paint_ground(painter, bar, colours)
        self._paint_value(painter, bar, colours)
        self._paint_numbers(painter, bar, colours)
        painter.end()

    def _x(self, bar: QRectF, energy: float) -> float:
        return bar.left() + bar.width() * (energy - self._low) / (self._high - self._low)

    def _paint_ground(self, painter: QPainter, bar: QRectF, colours: theme.Theme) -> None:
        painter.fillRect(bar, QColor(colours.raised))
        band = QRectF(bar)
        band.setLeft(self._x(bar, self._low))
        band.setRight(self._x(bar, NEAR_HULL_EV_PER_ATOM))
        tint = QColor(colours.good)
        tint.setAlphaF(0.25)
        painter.fillRect(band, tint)

    def _paint_value(self, painter: QPainter, bar: QRectF, colours: theme.Theme) -> None:
        middle = bar.center().y()
        painter.setPen(QPen(QColor(colours.text), 1.6))
        if self._ends is not None:
            low, high = (self._x(bar, end) for end in self._ends)
            painter.drawLine(QPointF(low, middle), QPointF(high, middle))
            for end in (low, high):
                painter.drawLine(QPointF(end, middle - 4), QPointF(end, middle + 4))
        painter.setBrush(QColor(colours.accent))
        painter.drawEllipse(QPointF(self._x(bar, self._value), middle), 4.5, 4.5)

    def _paint_numbers(self, painter: QPainter, bar: QRectF, colours: theme.Theme) -> None:
        painter.setPen(QColor(colours.muted))
        for energy, text in ((0.0, "0"), (NEAR_HULL_EV_PER_ATOM, "0.1")):
            room = QRectF(self._x(bar, energy) - 30, bar.bottom() + 2, 60, self.fontMetrics().height())
            painter.drawText(room, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)
        room = QRectF(bar.left(), bar.bottom() + 2, bar.width(), self.fontMetrics().height())
        painter.drawText(room, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, "eV/atom")
