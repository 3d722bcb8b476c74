"""The three drawings of band gaps: one value, a branch, candidates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QTimer

from crystal_studio.domain.measured import Measured
from crystal_studio.ui import theme
from crystal_studio.ui.panels import gap_words, plot
from crystal_studio.ui.panels.gap_words import Wish

AXIS = "Band gap (eV)"


@dataclass(frozen=True)
class Point:
    """One gap on a plot.

    Attributes:
        tick: short text below it.
        value: eV.
        gap: with its intervals, None where only the value is at hand.
        key: what is reported when it is clicked.
        marked: drawn filled and larger.
        dim: failed a required check.
    """

    tick: str
    value: float
    gap: Measured | None
    key: object
    marked: bool = False
    dim: bool = False


def draw_value(widget: Any, gap: Measured, goals: Sequence[Wish]) -> None:
    """One value as a diamond on its intervals, along the axis."""
    import pyqtgraph

    widget.clear()
    plot.name_axes(widget, AXIS)
    if not gap_words.is_drawable(gap.value):
        return
    wide, narrow = gap_words.nearly_sure(gap), gap_words.likely(gap)
    ends = [gap.value, *narrow, *(wide or ())]
    highest = max([1.0, *filter(gap_words.is_drawable, ends), *_targets(goals)]) * 1.08
    _draw_wishes(widget, goals, highest, horizontal=False)
    if wide is not None and all(map(gap_words.is_drawable, wide)):
        plot.add_bars(widget, [(0.0, *wide)], 2, horizontal=True)
    if all(map(gap_words.is_drawable, narrow)):
        plot.add_bars(widget, [(0.0, *narrow)], 12, horizontal=True)
    colours = theme.current()
    widget.addItem(
        pyqtgraph.ScatterPlotItem(
            [gap.value], [0.0], symbol="d", size=16, brush=colours.text, pen=pyqtgraph.mkPen(colours.surface, width=2)
        )
    )
    widget.setXRange(0.0, highest, padding=0)
    widget.setYRange(-1.0, 1.0, padding=0)


def draw_points(
    widget: Any, points: Sequence[Point], goals: Sequence[Wish], bottom: str, opened: Callable[[object], None]
) -> None:
    """Gaps side by side with their intervals; a click reports the point's key."""
    widget.clear()
    plot.name_axes(widget, bottom, AXIS)
    drawn = [(x, point) for x, point in enumerate(points) if gap_words.is_drawable(point.value)]
    wide = _bars(drawn, gap_words.nearly_sure)
    narrow = _bars(drawn, gap_words.likely)
    values = [1.0, *(point.value for _, point in drawn), *(high for _, _, high in wide), *_targets(goals)]
    highest = max(values) * 1.08
    _draw_wishes(widget, goals, highest, horizontal=True)
    plot.add_bars(widget, wide, 2)
    plot.add_bars(widget, narrow, 7)
    widget.addItem(_scatter(drawn, opened))
    widget.getAxis("bottom").setTicks([_ticks(points)])
    widget.setXRange(-0.6, max(len(points), 3) - 0.4, padding=0)
    widget.setYRange(0.0, highest, padding=0)


def _bars(
    drawn: Sequence[tuple[int, Point]], ends_of: Callable[[Measured], tuple[float, float] | None]
) -> list[tuple[float, float, float]]:
    found = [(x, ends_of(point.gap)) for x, point in drawn if point.gap is not None]
    return [(float(x), *ends) for x, ends in found if ends is not None and all(map(gap_words.is_drawable, ends))]


def _scatter(drawn: Sequence[tuple[int, Point]], opened: Callable[[object], None]) -> Any:
    import pyqtgraph

    colours = theme.current()
    spots = [
        {
            "pos": (x, point.value),
            "data": point.key,
            "symbol": "star" if point.marked else "o",
            "size": 20 if point.marked else 11,
            "brush": colours.surface if point.dim else colours.text if point.marked else colours.accent,
            "pen": pyqtgraph.mkPen(colours.muted if point.dim else colours.text, width=1),
        }
        for x, point in drawn
    ]
    scatter = pyqtgraph.ScatterPlotItem(spots, hoverable=True, tip=None)
    # The click replaces the very item that is being clicked: after the event only.
    scatter.sigClicked.connect(
        lambda _, found, *__: QTimer.singleShot(0, lambda: opened(found[0].data())) if len(found) else None
    )
    return scatter


def _ticks(points: Sequence[Point]) -> list[tuple[float, str]]:
    step = -(-len(points) // 8)
    return [(float(x), point.tick) for x, point in enumerate(points) if x % max(step, 1) == 0 or point.marked]


def _targets(goals: Sequence[Wish]) -> list[float]:
    return [end for goal in goals for end in (goal.low, goal.high) if end is not None and gap_words.is_drawable(end)]


def _draw_wishes(widget: Any, goals: Sequence[Wish], highest: float, horizontal: bool) -> None:
    for goal in goals:
        ends = [end for end in (goal.low, goal.high) if end is not None]
        if ends and all(map(gap_words.is_drawable, ends)):
            plot.add_band(widget, goal.low or 0.0, highest * 2 if goal.high is None else goal.high, horizontal)
