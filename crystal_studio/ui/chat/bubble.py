"""The ground that messages and cards stand on."""

from __future__ import annotations

from enum import StrEnum

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from crystal_studio.ui import theme

_RADIUS = 9.0


class Ground(StrEnum):
    """What a bubble is about; the value is the theme's colour of its edge."""

    PERSON = "raised"
    CRYSTAL = "border"
    HINT = "warning"
    FAULT = "bad"
    CURRENT = "accent"


class Bubble(QWidget):
    """A rounded sheet with a column of widgets."""

    def __init__(self, ground: Ground, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ground = ground
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(11, 8, 11, 8)
        self.column.setSpacing(5)

    def set_ground(self, ground: Ground) -> None:
        """Stand on another ground."""
        if ground is not self._ground:
            self._ground = ground
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A rounded sheet; what is current, a hint or a fault has a coloured edge."""
        colours = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_person = self._ground is Ground.PERSON
        width = 2.0 if self._ground in (Ground.CURRENT, Ground.HINT, Ground.FAULT) else 1.0
        painter.setPen(QPen(QColor(getattr(colours, self._ground.value)), width))
        painter.setBrush(QColor(colours.raised if is_person else colours.surface))
        inset = width / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), _RADIUS, _RADIUS)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 1, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(3, 3, -3, -3), _RADIUS - 3, _RADIUS - 3)


class ClickableBubble(Bubble):
    """A bubble that is one large button.

    Signals:
        clicked: with the mouse, or with Return or Space.
    """

    clicked = Signal()

    def __init__(self, ground: Ground, parent: QWidget | None = None) -> None:
        super().__init__(ground, parent)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click anywhere on the card."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return and Space are a click."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)


def beside(widget: QWidget, *, is_right: bool) -> QWidget:
    """The widget at one side, with room left at the other."""
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(0)
    if is_right:
        line.addSpacing(36)
        line.addStretch(1)
        line.addWidget(widget)
    else:
        widget.setSizePolicy(QSizePolicy.Policy.Expanding, widget.sizePolicy().verticalPolicy())
        line.addWidget(widget, 1)
        line.addSpacing(12)
    return row
