"""Tick, cross, exclamation and question mark: verdicts that are told apart by shape as well as by colour."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from crystal_studio.ui import theme


class Sign(StrEnum):
    """A verdict; its value is what a screen reader says."""

    PASSED = "passed"
    FAILED = "failed"
    ADVICE = "could be better"
    UNDECIDED = "not decided"

    @classmethod
    def of(cls, passed: bool | None) -> Sign:
        """The sign of a check's outcome."""
        if passed is None:
            return cls.UNDECIDED
        return cls.PASSED if passed else cls.FAILED


def paint_sign(painter: QPainter, square: QRectF, sign: Sign, colours: theme.Theme) -> None:
    """A tick in a disc, a cross in a square, an exclamation mark in a triangle, or a question mark in a ring."""
    side = square.width()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    body = square.adjusted(1, 1, -1, -1)
    stroke = QPen(QColor(colours.surface), max(side / 8, 1.4))
    stroke.setCapStyle(Qt.PenCapStyle.RoundCap)
    stroke.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    if sign is Sign.UNDECIDED:
        _paint_question(painter, body, colours)
    elif sign is Sign.ADVICE:
        _paint_triangle(painter, body, stroke, colours)
    elif sign is Sign.PASSED:
        _paint_body(painter, body, colours.good, round_corners=True)
        painter.setPen(stroke)
        painter.drawPolyline(_points(body, (0.27, 0.52), (0.44, 0.69), (0.74, 0.34)))
    else:
        _paint_body(painter, body, colours.bad, round_corners=False)
        painter.setPen(stroke)
        painter.drawPolyline(_points(body, (0.3, 0.3), (0.7, 0.7)))
        painter.drawPolyline(_points(body, (0.7, 0.3), (0.3, 0.7)))
    painter.restore()


def _paint_body(painter: QPainter, body: QRectF, colour: str, round_corners: bool) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colour))
    radius = body.width() / (2 if round_corners else 8)
    painter.drawRoundedRect(body, radius, radius)
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_triangle(painter: QPainter, body: QRectF, stroke: QPen, colours: theme.Theme) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.warning))
    painter.drawPolygon(_points(body, (0.5, 0.02), (1.0, 0.96), (0.0, 0.96)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(stroke)
    painter.drawPolyline(_points(body, (0.5, 0.36), (0.5, 0.62)))
    painter.drawPoint(_points(body, (0.5, 0.82))[0])


def _paint_question(painter: QPainter, body: QRectF, colours: theme.Theme) -> None:
    painter.setPen(QPen(QColor(colours.warning), max(body.width() / 12, 1.2)))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(body.adjusted(0.5, 0.5, -0.5, -0.5))
    font = QFont(painter.font())
    font.setPixelSize(max(int(body.height() * 0.72), 6))
    font.setBold(True)
    painter.setFont(font)
    painter.drawText(body, Qt.AlignmentFlag.AlignCenter, "?")


def _points(body: QRectF, *parts: tuple[float, float]) -> QPolygonF:
    return QPolygonF([QPointF(body.left() + x * body.width(), body.top() + y * body.height()) for x, y in parts])


class SignMark(QWidget):
    """A sign as a widget that keeps pace with the font."""

    def __init__(self, sign: Sign, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sign = sign
        self.setAccessibleName(sign.value)
        self.setToolTip(sign.value)
        self.setFixedSize(self.sizeHint())

    def sizeHint(self) -> QSize:
        """As high as a line of text."""
        side = max(self.fontMetrics().height(), 16)
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The sign in the colours in force."""
        painter = QPainter(self)
        paint_sign(painter, QRectF(self.rect()), self.sign, theme.current())
        painter.end()
