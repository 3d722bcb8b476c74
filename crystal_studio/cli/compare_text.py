"""A comparison as text of at most 100 columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from textwrap import wrap

from crystal_studio.domain.comparison import CellShape, Comparison, Side, ValueChange, interval_95
from crystal_studio.domain.edge_change import EdgeChange, signed
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.word_diff import Change
from crystal_studio.services.compare import bond_changes, coordination_changes, pivot_changes

WIDTH = 100
MOST_MOVES = 24

_LEAST_MOVE_ANGSTROM = 0.0005
_AXES = ("a", "b", "c")
_ANGLES = ("alpha", "beta", "gamma")
_NONE = "-"

Row = tuple[str, str, str, str]


def comparison_lines(found: Comparison) -> list[str]:
    """Paragraphs on what the two are, their cells, sites, surroundings and pivots."""
    head: list[Row] = [("", found.first.node[:8], found.second.node[:8], "change"), *_facts(found)]
    paragraphs = [[*_table(head), *_doubts(found)], _cells(found), _sites(found), _surroundings(found), _pivots(found)]
    paragraphs.append([line for remark in found.remarks for line in wrap(remark, WIDTH)])
    return "\n\n".join("\n".join(lines) for lines in paragraphs if lines).split("\n")


def edge_lines(steps: Sequence[tuple[str, EdgeChange]]) -> list[str]:
    """One line a step."""
    return [f"{node[:8]}  {change.text}" for node, change in steps] or ["The node is a root: there is no step."]


def _table(rows: Sequence[Row]) -> list[str]:
    return [f"{name:<19} {first:<24} {second:<24} {change}".rstrip() for name, first, second, change in rows]


def _facts(found: Comparison) -> list[Row]:
    first, second = found.first, found.second
    return [
        _told("formula", first, second, lambda side: side.crystal.formula),
        _told("space group", first, second, lambda side: f"{side.space_group.symbol} ({side.space_group.number})"),
        _told("atoms in the cell", first, second, lambda side: str(len(side.crystal))),
        _value_row("band gap, eV", (first.band_gap, second.band_gap), found.band_gap, 2),
        _value_row("above hull, eV/atom", (first.e_above_hull, second.e_above_hull), found.e_above_hull, 3),
    ]


def _told(name: str, first: Side, second: Side, tell: Callable[[Side], str]) -> Row:
    before, after = tell(first), tell(second)
    return name, before, after, "" if before == after else "changed"


def _value_row(name: str, values: tuple[Measured | None, Measured | None], change: ValueChange | None, n: int) -> Row:
    """Values with their 95 % intervals, and how large the difference is beside its error."""
    told = [_interval(value, n) for value in values]
    if change is None:
        return name, told[0], told[1], "unknown"
    return name, told[0], told[1], f"{signed(change.difference, n)} ({change.in_sigmas:.1f} sigma)"


def _interval(value: Measured | None, decimals: int) -> str:
    if value is None:
        return "unknown"
    low, high = interval_95(value)
    return f"{value.value:.{decimals}f} ({low:.{decimals}f} to {high:.{decimals}f})"


def _doubts(found: Comparison) -> list[str]:
    """Whether the predicted values can be told apart."""
    changes = {"band gaps": found.band_gap, "energies above the hull": found.e_above_hull}
    return [
        f"The 95 % intervals (in brackets) of the {name} {'overlap' if change.intervals_overlap else 'lie apart'}."
        for name, change in changes.items()
        if change is not None
    ]


def _cells(found: Comparison) -> list[str]:
    lattice = found.lattice
    lengths = zip(_AXES, lattice.first.lengths_angstrom, lattice.second.lengths_angstrom, strict=True)
    angles = zip(_ANGLES, lattice.first.angles_degree, lattice.second.angles_degree, strict=True)
    rows: list[Row] = [
        (name, f"{before:.4f} Å", f"{after:.4f} Å", f"{signed(change, 2)} %")
        for (name, before, after), change in zip(lengths, lattice.lengths_percent, strict=True)
    ]
    rows += [
        (name, f"{before:.2f}°", f"{after:.2f}°", f"{signed(change, 2)}°")
        for (name, before, after), change in zip(angles, lattice.angles_degree, strict=True)
    ]
    rows.append(_volume_row("volume", lattice.first, lattice.second, lattice.volume_percent))
    first, second = (side.crystal.volume_angstrom3 / len(side.crystal) for side in (found.first, found.second))
    change = signed(lattice.volume_per_atom_percent, 2)
    rows.append(("volume per atom", f"{first:.3f} Å³", f"{second:.3f} Å³", f"{change} %"))
    return [f"Cells: {lattice.basis.value}", *_table(rows)]


def _volume_row(name: str, first: CellShape, second: CellShape, percent: float) -> Row:
    return name, f"{first.volume_angstrom3:.3f} Å³", f"{second.volume_angstrom3:.3f} Å³", f"{signed(percent, 2)} %"


def _sites(found: Comparison) -> list[str]:
    if found.rms_displacement_angstrom is None:
        return wrap(f"Sites: not matched. {found.unmatched_reason}", WIDTH)
    head = (
        f"Sites: {found.verdict}; {len(found.moves)} matched, RMS displacement {found.rms_displacement_angstrom:.4f} Å"
    )
    shown = [
        move for move in found.moves if move.before != move.after or move.distance_angstrom >= _LEAST_MOVE_ANGSTROM
    ]
    shown.sort(key=lambda move: -move.distance_angstrom)
    lines = [
        f"{_place(move.site, move.before, move.matched, move.after):<20}{move.distance_angstrom:.4f} Å   "
        + "  ".join(f"{signed(part, 4):>8}" for part in move.vector_angstrom)
        for move in shown[:MOST_MOVES]
    ]
    return [head, *lines, *_rest(len(found.moves) - len(lines), len(shown) > MOST_MOVES)]


def _rest(count: int, some_moved: bool) -> list[str]:
    if not count:
        return []
    return [f"The other {count} sites moved less." if some_moved else f"{count} sites did not move."]


def _place(site: int, before: str, matched: int, after: str) -> str:
    return f"{before}{site + 1} → {after}{matched + 1}"


def _surroundings(found: Comparison) -> list[str]:
    rows: list[Row] = []
    for one in coordination_changes(found):
        name = _named(one.element, one.becomes)
        rows.append(
            (f"{name} neighbours", _number(one.before, 1), _number(one.after, 1), _less(one.before, one.after, 1))
        )
    for bond in bond_changes(found):
        name = _named(*("-".join(pair) if pair else None for pair in (bond.bond, bond.becomes)))
        before, after = bond.before_angstrom, bond.after_angstrom
        rows.append((name, _number(before, 3, " Å"), _number(after, 3, " Å"), _less(before, after, 3)))
    return ["Neighbours and mean bond lengths", *_table(rows)] if rows else []


def _named(before: str | None, after: str | None) -> str:
    return before or after or "" if before == after or not (before and after) else f"{before} → {after}"


def _number(value: float | None, decimals: int, unit: str = "") -> str:
    return _NONE if value is None else f"{value:.{decimals}f}{unit}"


def _less(before: float | None, after: float | None, decimals: int) -> str:
    if before is None or after is None:
        return "came" if before is None else "went"
    return signed(after - before, decimals)


def _pivots(found: Comparison) -> list[str]:
    stretches = pivot_changes(found)
    if all(one.change is Change.SAME for one in stretches):
        return ["Pivot: word for word the same"] if stretches else []
    brackets = {Change.SAME: ("", ""), Change.REMOVED: ("[−", "]"), Change.ADDED: ("[+", "]")}
    words = " ".join(brackets[one.change][0] + one.text + brackets[one.change][1] for one in stretches)
    return ["Pivot: words that [−went] and that [+came]", *wrap(words, WIDTH)]
