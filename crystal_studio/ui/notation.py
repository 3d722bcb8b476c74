"""Formulas, symbols and numbers as a chemist writes them, in plain text."""

from __future__ import annotations

import html
import re
from math import isfinite

from crystal_studio.domain.edge_change import EdgeChange
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.symmetry import SpaceGroup

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_SCREW = re.compile(r"_(\d)")
_LONG_WORD = re.compile(r"\S{32}")
_UNITS = {"ev_per_atom": "eV/atom", "ev": "eV", "angstrom3": "Å³", "angstrom": "Å", "g_cm3": "g/cm³", "degree": "°"}
MISSING = "–"


def formula_text(formula: str) -> str:
    """``Ca3(PO4)2`` with its counts as subscripts."""
    return formula.translate(_SUBSCRIPTS)


def space_group_text(number: int) -> str:
    """The Hermann-Mauguin symbol with its screw axes as subscripts, such as ``P6₃/mmc``."""
    return _SCREW.sub(lambda found: found.group(1).translate(_SUBSCRIPTS), SpaceGroup(number).symbol)


def edge_text(change: EdgeChange) -> str:
    """What a round has changed: ``SrTiO₃ → CaTiO₃ · volume −6.1 % · gap +0.50 eV``."""
    parts = list(change.parts)
    if change.formulas[0] != change.formulas[1]:
        parts[0] = formula_text(parts[0])
    text = " · ".join(parts) or change.text
    return _SCREW.sub(lambda found: found.group(1).translate(_SUBSCRIPTS), text)


def number_text(value: float | None, decimals: int = 2) -> str:
    """A number with a true minus sign; a dash where there is none, or where it is not finite."""
    if value is None or not isfinite(value):
        return MISSING
    if abs(value) >= 1e7:
        return f"{value:.4g}".replace("-", "−")
    rounded = f"{value:.{decimals}f}"
    return rounded.lstrip("-") if float(rounded) == 0 else rounded.replace("-", "−")


def with_unit(value: float | None, unit: str, decimals: int = 2) -> str:
    """A number and its unit; a dash alone where there is no number."""
    text = number_text(value, decimals)
    return text if text == MISSING or not unit else f"{text} {unit}".replace(" °", "°")


def measured_text(measured: Measured | None, decimals: int = 2) -> str:
    """A predicted value with its unit."""
    return with_unit(measured.value, measured.unit, decimals) if measured else MISSING


def unit_of(key: str) -> tuple[str, str]:
    """The words and the unit of a key such as ``shortest_angstrom``: ("shortest", "Å")."""
    for ending, unit in _UNITS.items():
        if key.endswith(f"_{ending}"):
            return key.removesuffix(f"_{ending}").replace("_", " "), unit
    return key.replace("_", " "), ""


def plain_tooltip(text: str) -> str:
    """A text for `setToolTip`, which would otherwise read markup in it."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>") if text else ""


def breakable(text: str) -> str:
    """A text whose very long words may be broken across lines, so that no label grows wider than its panel."""
    return _LONG_WORD.sub(lambda found: found.group(0) + "\u200b", text)


def one_line(text: str) -> str:
    """A text without line breaks and control characters, for a row of a list."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
