"""Numbers along a branch, each on a plot of its own, with intervals and the goal as a band."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QTimer

from crystal_studio.domain.comparison import interval_95
from crystal_studio.domain.intent import Direction, Goal
from crystal_studio.domain.measured import Measured
from crystal_studio.services.goals import near_tolerance
from crystal_studio.ui import theme
from crystal_studio.ui.compare.numbers import known
from crystal_studio.ui.panels import plot

_MARGIN = 0.08
_MOST_TICKS = 6


@dataclass(frozen=True)
class Stop:
    """One node on the path.

    Attributes:
        tick: short text below it.
        value: None where unknown.
        measured: with its interval, None where only the value is known.
        key: its id.
        is_current: drawn as a star.
        is_valid: those that failed a required check are hollow.
    """

    tick: str
    value: float | None
    measured: Measured | None
    key: str
    is_current: bool
    is_valid: bool


def goal_bands(goals: Sequence[Goal]) -> list[tuple[float | None, float | None]]:
    """Where goals with a target are met: lowest and highest value, None for an open end."""
    bands: list[tuple[float | None, float | None]] = []
    for goal in goals:
        if goal.target is None:
            continue
        if goal.direction in (Direction.AT_LEAST, Direction.HIGHER):
            bands.append((goal.target, None))
        elif goal.direction in (Direction.AT_MOST, Direction.LOWER):
            bands.append((None, goal.target))
        else:
            within = near_tolerance(goal.quantity, goal.target)
            bands.append((goal.target - within, goal.target + within))
    return bands


def draw_path(
    widget: Any,
    stops: Sequence[Stop],
    bands: Sequence[tuple[float | None, float | None]],
    opened: Callable[[str], None],
) -> None:
    """Draw one plot anew; a click on a point reports its key."""
    import pyqtgraph

    widget.clear()
    plot.recolour(widget)
    plot.name_axes(widget, "Round")
    widget.showAxis("left")
    drawn = [(x, stop, value) for x, stop in enumerate(stops) if (value := known(stop.value)) is not None]
    bars = _bars(drawn)
    ends = [end for band in bands for end in band if end is not None]
    values = [value for _, _, value in drawn] + [end for _, low, high in bars for end in (low, high)] + ends
    low, high = _range(values)
    for lower, upper in bands:
        reach = 10 * (high - low)
        plot.add_band(widget, low - reach if lower is None else lower, high + reach if upper is None else upper, True)
    plot.add_bars(widget, bars, 2)
    colours = theme.current()
    pen = pyqtgraph.mkPen(colours.muted, width=1)
    widget.plot([x for x, _, _ in drawn], [value for _, _, value in drawn], pen=pen)
    widget.addItem(_points(drawn, opened))
    widget.getAxis("bottom").setTicks([_ticks(stops)])
    widget.setXRange(-0.6, max(len(stops), 3) - 0.4, padding=0)
    widget.setYRange(low, high, padding=0)


def _bars(drawn: Sequence[tuple[int, Stop, float]]) -> list[tuple[float, float, float]]:
    found = []
    for x, stop, _ in drawn:
        if stop.measured is not None:
            low, high = interval_95(stop.measured)
            if known(low) is not None and known(high) is not None:
                found.append((float(x), low, high))
    return found


def _points(drawn: Sequence[tuple[int, Stop, float]], opened: Callable[[str], None]) -> Any:
    import pyqtgraph

    colours = theme.current()
    # Made once: pyqtgraph 0.14 takes a fifth of a second for two hundred colours given as text.
    pens = {valid: pyqtgraph.mkPen(colours.text if valid else colours.muted, width=1) for valid in (True, False)}
    brushes = {name: pyqtgraph.mkBrush(name) for name in (colours.text, colours.accent, colours.surface)}
    spots = [
        {
            "pos": (x, value),
            "data": stop.key,
            "symbol": "star" if stop.is_current else "o",
            "size": 18 if stop.is_current else 10,
            "brush": brushes[_filling(stop, colours)],
            "pen": pens[stop.is_valid],
        }
        for x, stop, value in drawn
    ]
    points = pyqtgraph.ScatterPlotItem(spots, hoverable=True, tip=None)
    points.sigClicked.connect(lambda _, found, *__: _report(found, opened))
    return points


def _filling(stop: Stop, colours: theme.Theme) -> str:
    if not stop.is_valid:
        return colours.surface
    return colours.text if stop.is_current else colours.accent


def _report(found: Sequence[Any], opened: Callable[[str], None]) -> None:
    """The click replaces the very item that is being clicked: after the event only."""
    if len(found):
        key = str(found[0].data())
        QTimer.singleShot(0, lambda: opened(key))


def _range(values: Sequence[float]) -> tuple[float, float]:
    if not values:
        return 0.0, 1.0
    low, high = min(values), max(values)
    room = max((high - low) * _MARGIN, abs(high) * 0.01, 1e-3)
    return low - room, high + room


def _ticks(stops: Sequence[Stop]) -> list[tuple[float, str]]:
    step = max(-(-len(stops) // _MOST_TICKS), 1)
    return [(float(x), stop.tick) for x, stop in enumerate(stops) if x % step == 0]
