"""Numbers, formulas and wishes as a report writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite

from crystal_studio.domain.intent import Direction, Goal, Quantity
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.symmetry import SpaceGroup

MISSING = "–"
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SCREW = re.compile(r"_(\d)")
_UNITS = {
    "ev_per_atom": "eV/atom", "ev": "eV", "angstrom3": "Å³", "angstrom": "Å", "g_cm3": "g/cm³", "degree": "°",
}  # fmt: skip
_DECIMALS = {"eV": 2, "eV/atom": 3}
_UNIT_OF_GOAL = {
    Quantity.BAND_GAP: "eV",
    Quantity.UNIT_DISTANCE: "Å",
    Quantity.VOLUME: "Å³/atom",
    Quantity.DENSITY: "g/cm³",
    Quantity.ENERGY: "eV/atom",
}


def formula_text(formula: str) -> str:
    """``Ca3(PO4)2`` with its counts as subscripts."""
    return formula.translate(_SUBSCRIPTS)


def group_text(group: SpaceGroup) -> str:
    """Symbol and number, such as ``P6₃/mmc (194)``."""
    return f"{_SCREW.sub(lambda found: found.group(1).translate(_SUBSCRIPTS), group.symbol)} ({group.number})"


def number_text(value: float | None, decimals: int = 2) -> str:
    """A number with a true minus sign; a dash where there is none, or where it is not finite."""
    if value is None or not isfinite(value):
        return MISSING
    if abs(value) >= 1e7:
        return f"{value:.4g}".replace("-", "−")
    rounded = f"{value:.{decimals}f}"
    return rounded.lstrip("-") if float(rounded) == 0 else rounded.replace("-", "−")


def signed_text(value: float | None, decimals: int = 2) -> str:
    """A difference with its sign."""
    text = number_text(value, decimals)
    return text if text.startswith(("−", MISSING)) or float(text) == 0 else f"+{text}"


def measured_text(found: Measured | None) -> str:
    """``1.86 ± 0.42 eV (95 %: 1.10 to 2.70)``; a dash where nothing is known."""
    if found is None:
        return MISSING
    digits = _DECIMALS.get(found.unit, 3)
    text = f"{number_text(found.value, digits)} ± {number_text(found.sigma, digits)} {found.unit}"
    if found.low is not None and found.high is not None:
        text += f" (95 %: {number_text(found.low, digits)} to {number_text(found.high, digits)})"
    return text


def short_text(found: Measured | None, decimals: int) -> str:
    """``1.86 ± 0.42``, for a column that names the unit."""
    return MISSING if found is None else f"{number_text(found.value, decimals)} ± {number_text(found.sigma, decimals)}"


def numbers_text(numbers: Mapping[str, float]) -> str:
    """The figures behind a check, such as ``shortest 1.77 Å; threshold 0.5 Å``."""
    return "; ".join(f"{name} {_significant(value)}{unit}" for (name, unit), value in _named(numbers))


def goal_text(goal: Goal) -> str:
    """``band gap at least 3 eV``."""
    words = f"{goal.quantity.value.replace('_', ' ')} {goal.direction.value.replace('_', ' ')}"
    if goal.target is None or goal.direction in (Direction.HIGHER, Direction.LOWER):
        return f"{words} than before"
    return f"{words} {_significant(goal.target)} {_UNIT_OF_GOAL[goal.quantity]}"


def plain_text(value: object) -> str:
    """Plain data in words: ``steps 50, versions (torch 2.13)``."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_inner(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_inner, value))
    return MISSING if value is None else str(value)


def _inner(value: object) -> str:
    return f"({plain_text(value)})" if isinstance(value, Mapping | list | tuple) else plain_text(value)


def _named(numbers: Mapping[str, float]) -> list[tuple[tuple[str, str], float]]:
    return [(_unit_of(key), value) for key, value in numbers.items()]


def _unit_of(key: str) -> tuple[str, str]:
    for ending, unit in _UNITS.items():
        if key.endswith(f"_{ending}"):
            return key.removesuffix(f"_{ending}").replace("_", " "), f" {unit}".replace(" °", "°")
    return key.replace("_", " "), ""


def _significant(value: float) -> str:
    return f"{value:.4g}".replace("-", "−") if isfinite(value) else MISSING
