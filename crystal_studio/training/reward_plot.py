"""The parts of the reward over the steps of a run, as an SVG."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import ceil, floor
from typing import Any

from crystal_studio.training.rewards import PART_NAMES

_WIDTH, _HEIGHT = 720, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 48.0, 128.0, 34.0, 42.0
_INK, _MUTED, _GRID = "#1c2026", "#5a6270", "#dfe2e7"
_FONT = 'font-family="Helvetica, Arial, DejaVu Sans, sans-serif"'
_COLOURS = {
    "reward": "#1c2026",
    "parses": "#2f5fd0",
    "valid": "#1a7f45",
    "formula": "#b3590a",
    "loose": "#c79bd8",
    "medium": "#9a4fb8",
    "strict": "#6a1b8a",
    "space_group": "#0d8a8f",
}
_MOST_POINTS = 60


def reward_plot(rows: Sequence[Mapping[str, Any]]) -> str:
    """The mean reward and its parts, each averaged over a sixtieth of the run; a part that is never given has no line.

    Args:
        rows: of the log, in the order of their steps.
    """
    names = [name for name in ("reward", *PART_NAMES) if any(row.get(name) for row in rows)]
    steps, lines = _averaged(rows, names)
    figure = _Figure(steps, [value for line in lines.values() for value in line])
    body = [*figure.grid(), *(part for name, line in lines.items() for part in figure.line(name, line))]
    body += figure.labels({name: line[-1] for name, line in lines.items()})
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}" '
        f'viewBox="0 0 {_WIDTH} {_HEIGHT}"><rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>'
        f"{_text(_LEFT, 20, 'Mean reward of a text, and its parts', _INK, 13, 'start')}{''.join(body)}"
        f"{_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, 'step', _MUTED, 11)}</svg>\n"
    )


def _averaged(rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[list[float], dict[str, list[float]]]:
    """Mean step of each block of rows, and the means of each figure over the same blocks."""
    size = max(1, ceil(len(rows) / _MOST_POINTS))
    blocks = [rows[start : start + size] for start in range(0, len(rows), size)]
    steps = [sum(float(row["step"]) for row in block) / len(block) for block in blocks]
    lines = {name: [sum(float(row.get(name, 0.0)) for row in block) / len(block) for block in blocks] for name in names}
    return steps, lines


class _Figure:
    def __init__(self, steps: Sequence[float], values: Sequence[float]) -> None:
        self._steps = steps
        self._low = floor(2 * min([0.0, *values])) / 2
        self._high = max(ceil(2 * max([0.0, *values])) / 2, self._low + 0.5)

    def grid(self) -> Iterator[str]:
        """A line for each half of a reward, and the first and the last step."""
        for tick in range(round(2 * (self._high - self._low)) + 1):
            value = self._low + tick / 2
            yield _path([(_LEFT, self._y(value)), (_WIDTH - _RIGHT, self._y(value))], _MUTED if not value else _GRID, 1)
            yield _text(_LEFT - 6, self._y(value) + 4, f"{value:.1f}", _MUTED, 11, "end")
        for step in dict.fromkeys((*self._steps[:1], *self._steps[-1:])):
            yield _text(self._x(step), _HEIGHT - _BOTTOM + 16, f"{step:.0f}", _MUTED, 11)

    def line(self, name: str, values: Sequence[float]) -> Iterator[str]:
        """One figure over the steps, a dot where there is only one."""
        points = [(self._x(step), self._y(value)) for step, value in zip(self._steps, values, strict=True)]
        if len(points) == 1:
            yield f'<circle cx="{points[0][0]:.1f}" cy="{points[0][1]:.1f}" r="3" fill="{_COLOURS[name]}"/>'
        yield _path(points, _COLOURS[name], 2.6 if name == "reward" else 1.6)

    def labels(self, last: Mapping[str, float]) -> Iterator[str]:
        """Name and last value of each line beside its end, moved apart where they would lie on each other."""
        bottom = -1.0
        for name, value in sorted(last.items(), key=lambda pair: -pair[1]):
            bottom = max(self._y(value) + 4, bottom + 14)
            words = f"{name.replace('_', ' ')} {value:.2f}"
            yield _text(_WIDTH - _RIGHT + 8, bottom, words, _COLOURS[name], 11, "start")

    def _x(self, step: float) -> float:
        first, last = self._steps[0], self._steps[-1]
        return _LEFT + (_WIDTH - _LEFT - _RIGHT) * ((step - first) / (last - first) if last > first else 0.5)

    def _y(self, value: float) -> float:
        return _HEIGHT - _BOTTOM - (value - self._low) / (self._high - self._low) * (_HEIGHT - _BOTTOM - _TOP)


def _path(points: Sequence[tuple[float, float]], ink: str, width: float) -> str:
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline points="{places}" fill="none" stroke="{ink}" stroke-width="{width}"/>'


def _text(x: float, y: float, words: str, ink: str, size: int, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" {_FONT} fill="{ink}" text-anchor="{anchor}">{words}</text>'
    )
