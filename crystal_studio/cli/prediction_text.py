"""Predicted values for a person."""

from __future__ import annotations

from crystal_studio.domain.measured import Measured


def quantity_name(quantity: str) -> str:
    """The name of a quantity; its level of theory stands behind its value."""
    return {"e_above_hull": "energy above hull", "band_gap_hse": "band gap"}.get(quantity, quantity.replace("_", " "))


def measured_text(found: Measured) -> str:
    """A value with its intervals: two decimals for eV, three for eV/atom."""
    digits = 2 if found.unit == "eV" else 3
    ends = ""
    if found.low is not None and found.high is not None:
        ends = f", 95 %: {found.low:.{digits}f} to {found.high:.{digits}f}"
    return f"{found.value:.{digits}f} ± {found.sigma:.{digits}f} {found.unit} ({found.method}{ends})"
