"""A comparison as lines of a table."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from crystal_studio.domain.comparison import Comparison, LatticeChange, percent
from crystal_studio.domain.history import Node
from crystal_studio.services.compare import bond_changes, coordination_changes
from crystal_studio.ui.compare import words
from crystal_studio.ui.notation import MISSING, formula_text, number_text, with_unit

_WAITING = "…"
_LENGTHS, _ANGLES = ("a", "b", "c"), ("α", "β", "γ")
_RMS = "RMS displacement"


@dataclass(frozen=True)
class Fact:
    """One line: a property of two nodes and how it changes, as shown."""

    name: str
    first: str
    second: str
    change: str


def facts(first: Node, second: Node, comparison: Comparison | None, problem: str = "") -> list[Fact]:
    """All lines; what only the engine can say is "…" until it has, or a dash where it failed."""
    return [*_at_once(first, second), *(_matched(comparison) if comparison else _awaited(problem))]


def _at_once(first: Node, second: Node) -> list[Fact]:
    """What the two nodes say by themselves."""
    formulas = [formula_text(one.crystal.formula) for one in (first, second)]
    groups = [one.space_group.number for one in (first, second)]
    volumes = [words.volume_per_atom(one) for one in (first, second)]
    counts = [str(one.crystal.num_sites) for one in (first, second)]
    return [
        Fact("Formula", *formulas, "the same" if formulas[0] == formulas[1] else "changed"),
        Fact("Space group", *map(words.group, groups), "the same" if groups[0] == groups[1] else "changed"),
        Fact("Atoms in the cell", *counts, _count_change(first, second)),
        Fact("Volume per atom", *(with_unit(one, "Å³") for one in volumes), words.signed(percent(*volumes), "%")),
        Fact("Band gap", *(words.with_interval(one.band_gap) for one in (first, second)),
             words.measured_change(first.band_gap, second.band_gap)),
        Fact("Energy above the hull", *(words.with_interval(one.e_above_hull, 3) for one in (first, second)),
             words.measured_change(first.e_above_hull, second.e_above_hull, 3)),
        Fact("Alignment with the text", *(number_text(one.alignment) for one in (first, second)),
             _difference(first.alignment, second.alignment)),
        Fact("Checks", *("passed" if one.valid else "not passed" for one in (first, second)),
             "the same" if first.valid == second.valid else "changed"),
    ]  # fmt: skip


def _matched(found: Comparison) -> list[Fact]:
    """What the engine says."""
    largest = max((one.distance_angstrom for one in found.moves), default=None)
    return [
        Fact("Structure", "", "", found.verdict),
        Fact(_RMS, "", "", found.unmatched_reason or with_unit(found.rms_displacement_angstrom, "Å", 3)),
        Fact("Largest displacement", "", "", with_unit(largest, "Å", 3)),
        *_lattice(found.lattice),
        *_coordination(found),
        *(Fact("Note", "", "", remark) for remark in found.remarks),
    ]


def _lattice(change: LatticeChange) -> list[Fact]:
    """Which cells, then a, b, c and the angles."""
    lines = [Fact("Cells set side by side", "", "", change.basis.value)]
    for name, before, after, grown in zip(
        _LENGTHS, change.first.lengths_angstrom, change.second.lengths_angstrom, change.lengths_percent, strict=True
    ):
        lines.append(Fact(name, with_unit(before, "Å", 3), with_unit(after, "Å", 3), words.signed(grown, "%")))
    for name, before, after, turned in zip(
        _ANGLES, change.first.angles_degree, change.second.angles_degree, change.angles_degree, strict=True
    ):
        ends = (f"{number_text(one)}°" for one in (before, after))
        lines.append(Fact(name, *ends, f"{words.signed(turned, '')}°"))
    volumes = (with_unit(one.volume_angstrom3, "Å³") for one in (change.first, change.second))
    return [*lines, Fact("Volume of these cells", *volumes, words.signed(change.volume_percent, "%"))]


def _awaited(problem: str) -> list[Fact]:
    said = problem or _WAITING
    return [Fact(name, "", "", said) for name in ("Structure", _RMS, *_LENGTHS, *_ANGLES)]


def _coordination(found: Comparison) -> list[Fact]:
    lines = []
    for one in coordination_changes(found):
        name = _became(one.element or "", one.becomes or "")
        ends = number_text(one.before, 1), number_text(one.after, 1)
        lines.append(Fact(f"Neighbours of {name}", *ends, _difference(one.before, one.after, 1)))
    return lines


def bond_rows(found: Comparison) -> list[tuple[object, ...]]:
    """Bond, mean length before and after in angstrom, change in percent."""
    rows: list[tuple[object, ...]] = []
    for one in bond_changes(found):
        before, after = one.before_angstrom, one.after_angstrom
        name = _became("–".join(one.bond or ()), "–".join(one.becomes or ()))
        rows.append((name, before, after, None if before is None or after is None else percent(before, after)))
    return rows


def site_rows(found: Comparison) -> list[tuple[object, ...]]:
    """Site before and after, distance and its three components in angstrom, by site."""
    return [
        (
            f"{move.before}{move.site + 1}",
            f"{move.after}{move.matched + 1}",
            move.distance_angstrom,
            *move.vector_angstrom,
        )
        for move in found.moves
    ]


def table(names: Sequence[str], columns: Sequence[Sequence[Fact]]) -> list[list[str]]:
    """Heading and rows: the first node, then each other with its change.

    Args:
        names: of the nodes, the first one first.
        columns: the facts of each other node against the first; all have the same lines where they are there.
    """
    heading = ["", names[0]]
    for name in names[1:]:
        heading += [name, f"Change to {name.partition(' ')[0]}"]
    order = list(dict.fromkeys(fact.name for column in columns for fact in column))
    by_name = [{fact.name: fact for fact in column} for column in columns]
    rows = []
    for name in order:
        first = next((column[name].first for column in by_name if name in column), "")
        row = [name, first]
        for column in by_name:
            fact = column.get(name)
            row += [fact.second, fact.change] if fact else ["", MISSING]
        rows.append(row)
    return [heading, *rows]


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    """Comma-separated values (RFC 4180) with plain digits and minus signs."""
    text = io.StringIO()
    csv.writer(text).writerows([[words.plain(cell) for cell in row] for row in rows])
    return text.getvalue()


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Columns separated by tabs, as they are shown."""
    return "\n".join("\t".join(row) for row in rows)


def _count_change(first: Node, second: Node) -> str:
    change = second.crystal.num_sites - first.crystal.num_sites
    return "the same" if not change else words.signed(change, "", 0)


def _became(before: str, after: str) -> str:
    """``Sr``, ``Sr → Ca``, or what came or went."""
    if before and after:
        return before if before == after else f"{before} → {after}"
    return f"{before} (gone)" if before else f"{after} (new)"


def _difference(first: float | None, second: float | None, decimals: int = 2) -> str:
    return MISSING if first is None or second is None else words.signed(second - first, "", decimals)
