"""Nodes and their differences in a few words."""

from __future__ import annotations

from math import isfinite

from crystal_studio.domain.comparison import ValueChange, interval_95
from crystal_studio.domain.edge_change import EdgeChange
from crystal_studio.domain.history import Node
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.ui.chat.wording import shortened
from crystal_studio.ui.notation import MISSING, edge_text, formula_text, number_text, space_group_text, with_unit

LETTERS = "ABCD"
_ASCII = str.maketrans("₀₁₂₃₄₅₆₇₈₉−–", "0123456789--")


def title(node: Node, name: str) -> str:
    """Formula, group, gap and the person's name of a node."""
    gap = f" · gap {with_unit(node.band_gap.value, 'eV')}" if node.band_gap else ""
    named = f" · {shortened(name, 40)}" if name else ""
    return f"{formula_text(node.crystal.formula)} · {space_group_text(node.space_group.number)}{gap}{named}"


def facts(node: Node) -> str:
    """Round, lengths and angles of the cell as committed."""
    a, b, c = (number_text(float(one), 3) for one in node.crystal.lengths_angstrom)
    angles = ", ".join(number_text(float(one), 1) for one in node.crystal.angles_degree)
    return f"round {node.round} · {a} × {b} × {c} Å · {angles}° · {node.crystal.num_sites} atoms"


def group(number: int) -> str:
    """``Pm-3m (221), cubic``."""
    return f"{space_group_text(number)} ({number}), {SpaceGroup(number).crystal_system}"


def with_interval(measured: Measured | None, decimals: int = 2) -> str:
    """A predicted value with its 95 % interval: ``1.90 eV (1.20 to 2.60)``."""
    if measured is None:
        return MISSING
    low, high = interval_95(measured)
    ends = f"{number_text(low, decimals)} to {number_text(high, decimals)}"
    return f"{with_unit(measured.value, measured.unit, decimals)} ({ends})"


def measured_change(first: Measured | None, second: Measured | None, decimals: int = 2) -> str:
    """``+1.10 eV; 95 % intervals overlap``."""
    change = ValueChange.between(first, second)
    if change is None or not isfinite(change.difference):
        return MISSING
    words = "overlap" if change.intervals_overlap else "do not overlap"
    return f"{signed(change.difference, change.first.unit, decimals)}; 95 % intervals {words}"


def signed(value: float | None, unit: str, decimals: int = 2) -> str:
    """A change with its sign: ``+2.10 %``, ``−0.30 Å``, ``0.00 Å``."""
    text = number_text(value, decimals)
    if value is not None and isfinite(value) and value > 0 and text.strip("0.") != "":
        text = f"+{text}"
    return text if text == MISSING or not unit else f"{text} {unit}"


def volume_per_atom(node: Node) -> float:
    """Cubic angstrom an atom."""
    return node.crystal.volume_angstrom3 / node.crystal.num_sites


def edge_line(parent: Node, child: Node) -> str:
    """What a round has changed: ``Pnma → P4/mbm · volume +2.1 % · gap +1.10 eV``; needs no engine."""
    crystals = parent.crystal, child.crystal
    return edge_text(EdgeChange.between(NodeOutline.of(parent), NodeOutline.of(child), crystals))


def plain(text: str) -> str:
    """For other programs: subscripts and the true minus sign as ASCII."""
    return text.translate(_ASCII)
