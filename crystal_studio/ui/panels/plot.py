"""pyqtgraph in our colours. It is imported on the first plot, because it takes a third of a second."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from crystal_studio.ui import theme


def new_plot(name: str, parent: QWidget | None = None) -> Any:
    """An empty plot without menus, readable on either ground; call `recolour` when the theme changes."""
    import pyqtgraph

    widget = pyqtgraph.PlotWidget(parent=parent)
    widget.setAccessibleName(name)
    widget.setMenuEnabled(False)
    widget.hideButtons()
    widget.setMouseEnabled(x=False, y=False)
    widget.setAntialiasing(True)
    # Its own wish is 640 x 480, which is more than a dock has.
    widget.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
    widget.setMinimumHeight(widget.fontMetrics().height() * 7)
    for side in ("bottom", "left"):
        axis = widget.getAxis(side)
        # "keV" for a large gap would be nobody's unit.
        axis.enableAutoSIPrefix(False)
        axis.setTickFont(widget.font())
    recolour(widget)
    return widget


def recolour(widget: Any) -> None:
    """Ground, axes and labels in the colours of the theme in force."""
    colours = theme.current()
    widget.setBackground(colours.surface)
    for side in ("bottom", "left"):
        axis = widget.getAxis(side)
        axis.setPen(colours.muted)
        axis.setTextPen(colours.text)


def name_axes(widget: Any, bottom: str, left: str = "") -> None:
    """Labels with units; the left axis vanishes where it has no name."""
    style = {"color": theme.current().text, "font-size": f"{widget.font().pointSizeF():g}pt"}
    widget.setLabel("bottom", escape(bottom), **style)
    widget.showAxis("left", bool(left))
    if left:
        widget.setLabel("left", escape(left), **style)


def see_through(colour: str, share: float) -> QColor:
    """A colour with an opacity of 0 to 1."""
    made = QColor(colour)
    made.setAlphaF(share)
    return made


def add_band(widget: Any, low: float, high: float, horizontal: bool) -> None:
    """A goal as a band between two values that cannot be dragged."""
    import pyqtgraph

    colours = theme.current()
    band = pyqtgraph.LinearRegionItem(
        (low, high),
        orientation="horizontal" if horizontal else "vertical",
        brush=see_through(colours.good, 0.16),
        pen=pyqtgraph.mkPen(colours.good, width=1, style=Qt.PenStyle.DashLine),
        movable=False,
    )
    band.setZValue(-10)
    widget.addItem(band, ignoreBounds=True)


def add_bars(widget: Any, ends: Sequence[tuple[float, float, float]], width: float, horizontal: bool = False) -> None:
    """Intervals: (position, low, high) each, as lines of one width."""
    places = [place for place, _, _ in ends for _ in range(2)]
    values = [value for _, low, high in ends for value in (low, high)]
    x, y = (values, places) if horizontal else (places, values)
    pen = QPen(see_through(theme.current().accent, 0.5 if width > 2 else 0.9), width)
    pen.setCosmetic(True)
    pen.setCapStyle(Qt.PenCapStyle.FlatCap)
    widget.plot(x, y, connect="pairs", pen=pen)
