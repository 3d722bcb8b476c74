"""The form in which our adapter was trained: a few labelled lines in, one short pivot out.

    Crystal: SrTiO3, (Cubic) Perovskite, Pm-3m, Ti-O 1.97
    Predicted: band gap 1.80 eV
    Feedback: Replace strontium with a more readily available element.
    Limits: without Sr; for Sr one of Ca, Ba, Mg; stoichiometry 1:1:3
    Pivot: CaTiO3 is ...

Short on purpose: on two CPU cores every token of the prompt costs time. The description of the parent is reduced to
facts that the grammar has parsed, so imported text never enters a prompt raw.
"""

from __future__ import annotations

from dataclasses import replace

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot import BondLengths, Pivot
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot, write_pivot
from crystal_studio.domain.pivot_grammar_short import short_pivot
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.ports.language_model import WritingTask

_MAX_SUBSTITUTES = 6
_MAX_MESSAGE = 400


def prompt_of(task: WritingTask) -> str:
    """The prompt for a wish, or for feedback on a crystal; ends where the pivot begins."""
    lines = []
    if task.description:
        lines.append(f"Crystal: {summary(task.description)}")
    if task.predicted:
        lines.append("Predicted: " + ", ".join(f"{name} {value}" for name, value in task.predicted))
    message = " ".join(task.message.split())[:_MAX_MESSAGE]
    lines.append(f"{'Feedback' if task.description else 'Wish'}: {message}")
    limits = limits_line(task.limits)
    if limits:
        lines.append(f"Limits: {limits}")
    return "\n".join(lines) + "\nPivot:"


def summary(description: str) -> str:
    """Formula, prototype, space group, dimensionality and shortest stated bonds; "" when it cannot be read."""
    try:
        pivot = parse_pivot(description, strict=False)
    except PivotSyntaxError:
        return ""
    found = [plain_formula(pivot.composition.reduced)]
    if pivot.prototype:
        found.append(pivot.prototype)
    if pivot.space_group:
        found.append(pivot.space_group.symbol)
    if pivot.dimensionality is not None and pivot.dimensionality < 3:
        found.append(f"{pivot.dimensionality}-dimensional")
    found += [_bonds(lengths) for lengths in telling_bonds(pivot)]
    return ", ".join(found)


def telling_bonds(pivot: Pivot) -> tuple[BondLengths, ...]:
    """The first bond lengths of the short pivot, at most one."""
    return short_pivot(replace(pivot, components=None)).bond_lengths[:1]


def _bonds(lengths: BondLengths) -> str:
    first, second = (label.split("(")[0] for label in (lengths.first, lengths.second))
    spread = "" if lengths.longest_angstrom == lengths.shortest_angstrom else f"-{lengths.longest_angstrom:.2f}"
    return f"{first}-{second} {lengths.shortest_angstrom:.2f}{spread}"


def target_of(pivot: Pivot, bonds: tuple[BondLengths, ...] = ()) -> str:
    """The pivot as the model is taught to write it: headline, components, and the bond lengths given."""
    layered = pivot.dimensionality is not None and pivot.dimensionality < 3
    written = replace(
        pivot,
        formula=plain_formula(pivot.composition.reduced),
        components=pivot.components if layered else None,
        environments=(),
        bond_lengths=bonds,
        sentences=(),
        unread=(),
    )
    return write_pivot(written)


def plain_formula(composition: Composition) -> str:
    """The formula in IUPAC order without brackets, such as ``Ca3P2O8``: one way to write each composition."""
    ordered = sorted(composition.amounts, key=lambda pair: BY_SYMBOL[pair[0]].iupac_ordering)
    return "".join(symbol + (str(count) if count > 1 else "") for symbol, count in ordered)


def substitutes_by_likeness(element: str, substitutes: frozenset[str]) -> list[str]:
    """Substitutes with the chemically nearest first: by Mendeleev number, the scale on which neighbours resemble."""
    own = BY_SYMBOL[element].mendeleev_number
    return sorted(substitutes, key=lambda symbol: (abs(BY_SYMBOL[symbol].mendeleev_number - own), symbol))


def limits_line(limits: Limits) -> str:
    """The hard limits in a few words; empty where there are none."""
    found = []
    if limits.formula:
        found.append(f"formula {plain_formula(Composition.parse(limits.formula))}")
    if limits.required:
        found.append(f"with {_listed(limits.required)}")
    found += [f"one of {_listed(group)}" for group in limits.any_of]
    if limits.excluded:
        found.append(f"without {_listed(limits.excluded)}")
    if limits.allowed:
        found.append(f"only {_listed(limits.allowed)}")
    for old, substitutes in limits.replaced:
        near = substitutes_by_likeness(old, substitutes - limits.excluded)[:_MAX_SUBSTITUTES]
        found.append(f"for {old} one of {', '.join(near)}")
    if limits.anonymous:
        found.append("stoichiometry " + ":".join(map(str, limits.anonymous)))
    return "; ".join(found + _structure_limits(limits))


def _structure_limits(limits: Limits) -> list[str]:
    found = []
    if limits.space_group:
        found.append(f"space group {SpaceGroup(limits.space_group).symbol}")
    if limits.crystal_system:
        found.append(limits.crystal_system)
    if limits.dimensionality is not None:
        found.append(f"{limits.dimensionality}-dimensional")
    if limits.prototype:
        found.append(f"{limits.prototype} structure")
    if limits.num_elements:
        found.append(f"{limits.num_elements} elements")
    return found


def _listed(symbols: frozenset[str]) -> str:
    """Symbols in IUPAC order; a long list is cut, since the grammar enforces all of it anyway."""
    ordered = sorted(symbols, key=lambda symbol: BY_SYMBOL[symbol].iupac_ordering)
    return ", ".join(ordered[:8]) + (", ..." if len(ordered) > 8 else "")
