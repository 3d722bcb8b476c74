"""What a pivot says of the structure, against what was asked for and against the parent."""

from __future__ import annotations

import re
from collections import defaultdict

from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot import Pivot

_LEAST_CHANGE = 0.005  # of a bond length; less is rounding in the second decimal
_SYMBOL = re.compile(r"[A-Z][a-z]?")


def structure_reasons(limits: Limits, ranges: tuple[tuple[int, int], ...], pivot: Pivot) -> list[str]:
    """Every way in which the stated structure misses the limits, one sentence each."""
    number = pivot.space_group.number if pivot.space_group else None
    found = []
    if limits.space_group and number != limits.space_group:
        found.append(f"the space group is {number}, not {limits.space_group}")
    if ranges and not any(number is not None and first <= number <= last for first, last in ranges):
        found.append(f"the space group {number} lies outside {ranges}")
    if limits.crystal_system and pivot.crystal_system != limits.crystal_system:
        found.append(f"the crystal system is {pivot.crystal_system}, not {limits.crystal_system}")
    if limits.dimensionality is not None and dimensionality(pivot) != limits.dimensionality:
        found.append(f"the structure is {dimensionality(pivot)}-dimensional, not {limits.dimensionality}")
    if limits.prototype and _letters(limits.prototype) not in _letters(pivot.prototype or ""):
        found.append(f"the prototype is {pivot.prototype}, not {limits.prototype}")
    return found


def comparison_reasons(pivot: Pivot, parent: Pivot, bonds: str | None, different: bool) -> list[str]:
    """Whether the pivot moved away from its parent as asked."""
    found = []
    if different and same_headline(pivot, parent):
        found.append("formula, space group, prototype and dimensionality are the parent's")
    if bonds:
        found += _bond_reasons(pivot, parent, bonds)
    return found


def dimensionality(pivot: Pivot) -> int:
    """The stated one; Robocrystallographer is silent about three dimensions."""
    return 3 if pivot.dimensionality is None else pivot.dimensionality


def same_headline(pivot: Pivot, parent: Pivot) -> bool:
    """Whether nothing stated by both texts differs; silence is no difference."""
    pairs = (
        (pivot.composition.formula, parent.composition.formula),
        (pivot.space_group and pivot.space_group.number, parent.space_group and parent.space_group.number),
        (pivot.prototype, parent.prototype),
        (dimensionality(pivot), dimensionality(parent)),
    )
    return all(new == old for new, old in pairs if new is not None and old is not None)


def _bond_reasons(pivot: Pivot, parent: Pivot, bonds: str) -> list[str]:
    """Bonds between the same elements decide; where the texts share none, another headline must do."""
    ratio = _bond_ratio(pivot, parent)
    if ratio is None:
        return ["no bond can be compared and the headline is the parent's"] if same_headline(pivot, parent) else []
    change = ratio - 1 if bonds == "longer" else 1 - ratio
    return [] if change >= _LEAST_CHANGE else [f"the bonds are {ratio:.3f} times the parent's, not {bonds}"]


def _bond_ratio(pivot: Pivot, parent: Pivot) -> float | None:
    """Mean ratio of bond lengths over the pairs of elements that both texts state."""
    new, old = _mean_lengths_angstrom(pivot), _mean_lengths_angstrom(parent)
    shared = sorted(new.keys() & old.keys())
    return sum(new[pair] / old[pair] for pair in shared) / len(shared) if shared else None


def _mean_lengths_angstrom(pivot: Pivot) -> dict[str, float]:
    lengths = defaultdict(list)
    for bond in pivot.bond_lengths:
        pair = "-".join(sorted(_SYMBOL.findall(bond.first)[:1] + _SYMBOL.findall(bond.second)[:1]))
        lengths[pair].append((bond.shortest_angstrom + bond.longest_angstrom) / 2)
    return {pair: sum(values) / len(values) for pair, values in lengths.items()}


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())
