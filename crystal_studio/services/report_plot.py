"""Plots of a report as SVG: one value a round, its intervals, and the goal as a band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, inf, isfinite, log10

from crystal_studio.domain.document import Drawing
from crystal_studio.services.report_words import number_text

_WIDTH, _HEIGHT = 400, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 58.0, 10.0, 26.0, 46.0
_WIDTH_MM, _HEIGHT_MM = 84.0, 48.3
_MOST_LABELS = 8
_LARGEST = 1e12
_INK, _MUTED, _GRID, _LINE, _GOAL = "#1c2026", "#5a6270", "#dfe2e7", "#2f5fd0", "#1a7f45"
_FONT = 'font-family="Helvetica, Arial, DejaVu Sans, sans-serif"'


@dataclass(frozen=True)
class PlotPoint:
    """One round of a plot, in the unit of its axis.

    Attributes:
        label: below the axis.
        value: None where unknown.
        sigma: half of the 68 % interval, None for none.
        ends: of the 95 % interval, None for none.
        goal: lowest and highest wanted; None on a side that is open, None as a whole where nothing is wanted.
    """

    label: str
    value: float | None
    sigma: float | None = None
    ends: tuple[float, float] | None = None
    goal: tuple[float | None, float | None] | None = None


def path_plot(title: str, unit: str, points: Sequence[PlotPoint], decimals: int) -> Drawing | None:
    """A line through the values of a path; None where no value is known.

    Args:
        title: what is plotted.
        unit: of the axis, "" for a pure number.
        points: one a round, in order.
        decimals: of the values in the text that stands for the picture.
    """
    known = [point for point in points if _drawable(point.value)]
    if not known:
        return None
    plot = _Plot(points, _Axis.around(list(_extremes(known))))
    name = f"{title} ({unit})" if unit else title
    values = ", ".join(f"round {index + 1}: {number_text(point.value, decimals)}" for index, point in enumerate(points))
    body = "".join([*plot.bands(), *plot.grid(), *plot.labels(), *plot.intervals(), *plot.line(), _key(points)])
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}">{_text(_LEFT, 14, name, _INK, 12, "start", bold=True)}{body}'
        f"{_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 5, 'round', _MUTED, 10)}</svg>"
    )
    return Drawing(svg, f"{name}. {values}.", _WIDTH_MM, _HEIGHT_MM, is_chart=True)


@dataclass(frozen=True)
class _Axis:
    """The vertical axis: from `low` to `high` in steps of `step`."""

    low: float
    high: float
    step: float

    @classmethod
    def around(cls, values: Sequence[float]) -> _Axis:
        """With round ticks, three to seven of them."""
        low, high = min(values), max(values)
        spread = high - low or max(abs(high) * 0.1, 1e-3)
        floor_of_all = 0.0 if low >= 0 else -inf  # an axis of what cannot be negative does not go below 0
        low, high = max(low - 0.06 * spread, floor_of_all), high + 0.06 * spread
        rough = (high - low) / 4
        tenth = 10.0 ** floor(log10(rough))
        step = next(nice * tenth for nice in (1, 2, 2.5, 5, 10) if nice * tenth >= rough * 0.9)
        return cls(floor(low / step) * step, ceil(high / step) * step, step)

    @property
    def decimals(self) -> int:
        """Decimals that tell two ticks apart."""
        exponent = max(0, -floor(log10(self.step)))
        return exponent if abs(self.step * 10**exponent - round(self.step * 10**exponent)) < 1e-6 else exponent + 1

    def ticks(self) -> list[float]:
        """Where lines are drawn."""
        return [self.low + index * self.step for index in range(round((self.high - self.low) / self.step) + 1)]


class _Plot:
    def __init__(self, points: Sequence[PlotPoint], axis: _Axis) -> None:
        self._points = points
        self._axis = axis
        self._step = (_WIDTH - _LEFT - _RIGHT) / len(points)

    def bands(self) -> Iterator[str]:
        """What was wanted in each round."""
        for index, point in enumerate(self._points):
            if point.goal is not None:
                low, high = point.goal
                top = self._y(self._axis.high if high is None else high)
                bottom = self._y(self._axis.low if low is None else low)
                yield (
                    f'<rect x="{self._x(index) - self._step / 2:.1f}" y="{top:.1f}" width="{self._step:.1f}" '
                    f'height="{max(bottom - top, 0):.1f}" fill="{_GOAL}" fill-opacity="0.16"/>'
                )

    def grid(self) -> Iterator[str]:
        """Lines and numbers of the vertical axis."""
        for tick in self._axis.ticks():
            y = self._y(tick)
            yield _line(_LEFT, y, _WIDTH - _RIGHT, y, _GRID, 1)
            yield _text(_LEFT - 6, y + 3.5, number_text(tick, self._axis.decimals), _MUTED, 10, "end")
        bottom = self._y(self._axis.low)
        yield _line(_LEFT, bottom, _WIDTH - _RIGHT, bottom, _MUTED, 1)

    def labels(self) -> Iterator[str]:
        """Number of the round, and its label where there is room."""
        every = ceil(len(self._points) / _MOST_LABELS)
        for index, point in enumerate(self._points):
            if index % every == 0:
                yield _text(self._x(index), _HEIGHT - _BOTTOM + 14, str(index + 1), _INK, 10)
                yield _text(self._x(index), _HEIGHT - _BOTTOM + 27, _cut(point.label), _MUTED, 9)

    def intervals(self) -> Iterator[str]:
        """Thin: 95 %; thick: 68 %."""
        for index, point in enumerate(self._points):
            if not _drawable(point.value):
                continue
            x = self._x(index)
            if point.ends is not None and all(map(_drawable, point.ends)):
                yield _line(x, self._y(point.ends[0]), x, self._y(point.ends[1]), _LINE, 1.2)
            if point.sigma is not None and all(map(_drawable, _inner(point))):
                low, high = _inner(point)
                yield _line(x, self._y(low), x, self._y(high), _LINE, 4, opacity=0.45)

    def line(self) -> Iterator[str]:
        """The values, joined where neighbours are known."""
        before: tuple[float, float] | None = None
        for index, point in enumerate(self._points):
            here = None
            if point.value is not None and _drawable(point.value):
                here = self._x(index), self._y(point.value)
                yield f'<circle cx="{here[0]:.1f}" cy="{here[1]:.1f}" r="3.6" fill="{_LINE}"/>'
            if before is not None and here is not None:
                yield _line(*before, *here, _LINE, 1.6)
            before = here

    def _x(self, index: int) -> float:
        return _LEFT + (index + 0.5) * self._step

    def _y(self, value: float) -> float:
        share = (value - self._axis.low) / (self._axis.high - self._axis.low)
        return _HEIGHT - _BOTTOM - min(max(share, 0.0), 1.0) * (_HEIGHT - _BOTTOM - _TOP)


def _extremes(points: Sequence[PlotPoint]) -> Iterator[float]:
    for point in points:
        found = (*_inner(point), *(point.ends or ()), *(point.goal or ()))
        yield from (one for one in found if one is not None and _drawable(one))


def _drawable(value: float | None) -> bool:
    """Whether an axis can have it on it."""
    return value is not None and isfinite(value) and abs(value) < _LARGEST


def _inner(point: PlotPoint) -> tuple[float, float]:
    """The 68 % interval, no wider than the 95 % one: that of an energy above the hull ends at 0."""
    value, sigma = point.value or 0.0, point.sigma or 0.0
    low, high = value - sigma, value + sigma
    return (max(low, point.ends[0]), min(high, point.ends[1])) if point.ends is not None else (low, high)


def _key(points: Sequence[PlotPoint]) -> str:
    if not any(point.goal for point in points):
        return ""
    x = _WIDTH - _RIGHT - 38
    square = f'<rect x="{x}" y="6" width="10" height="9" fill="{_GOAL}" fill-opacity="0.3"/>'
    return square + _text(x + 14, 14, "goal", _MUTED, 10, "start")


def _cut(label: str) -> str:
    return label if len(label) <= 12 else f"{label[:11]}…"


def _text(x: float, y: float, words: str, ink: str, size: int, anchor: str = "middle", bold: bool = False) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" {_FONT}{weight} fill="{ink}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, ink: str, width: float, opacity: float = 1) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{ink}" stroke-width="{width}" '
        f'stroke-opacity="{opacity}"/>'
    )
