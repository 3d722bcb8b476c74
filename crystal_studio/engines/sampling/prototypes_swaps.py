"""Swapping elements of a compound until it meets the limits, cheapest swaps first; charge balance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, ELEMENTS
from crystal_studio.domain.intent import Limits

Array = NDArray[np.float64]
_OPTIONS = 3
_MAX_PARTIAL = 60
_LARGEST_PROPOSED = 83
_NEVER_PROPOSED = frozenset({"He", "Ne", "Ar", "Kr", "Xe", "Tc", "Pm"})
_ANION_ELECTRONEGATIVITY = 2.0
_NONMETALS = frozenset(
    {
        "H",
        "He",
        "B",
        "C",
        "N",
        "O",
        "F",
        "Ne",
        "Si",
        "P",
        "S",
        "Cl",
        "Ar",
        "Ge",
        "As",
        "Se",
        "Br",
        "Kr",
        "Te",
        "I",
        "Xe",
    }
)


def swaps(
    composition: Composition, limits: Limits, distances: Array, *, options: int = _OPTIONS, explore: bool = False
) -> list[tuple[float, Composition]]:
    """Compositions of the same stoichiometry that hold what the limits require and nothing they exclude, with costs.

    Args:
        composition: what is changed.
        limits: what must and must not be present.
        distances: (119, 119) chemical distances by atomic number.
        options: choices tried for each forced swap.
        explore: try a swap of each element even where the limits force none.
    """
    start = (0.0, composition.elements, frozenset[int]())
    partial = [start]
    for group in needs_of(limits):
        partial = _shortest([new for row in partial for new in _placed(row, group, limits, distances, options)])
    finished = _shortest([new for row in partial for new in _cleaned(row, limits, distances, options)])
    if explore:
        finished += [new for row in finished for new in _explored(row, limits, distances, options)]
    amounts = [count for _, count in composition.reduced.amounts]
    total = sum(amounts)
    found = []
    for cost, elements, _ in finished:
        if len(set(elements)) == len(amounts):
            counts = dict(zip(elements, amounts, strict=True))
            found.append((cost / total * len(amounts), Composition.from_counts(counts)))
    return found


def permitted(limits: Limits) -> frozenset[str]:
    """Elements that may be proposed without being named: no noble gas, nothing radioactive, nothing excluded."""
    pool = limits.allowed or {
        element.symbol
        for element in ELEMENTS
        if element.number <= _LARGEST_PROPOSED and element.symbol not in _NEVER_PROPOSED
    }
    return frozenset(pool) - limits.excluded


def is_charge_balanced(composition: Composition) -> bool:
    """Whether common oxidation states, one for each element, add up to zero; alloys count as balanced."""
    strongest = max(BY_SYMBOL[symbol].electronegativity or 0.0 for symbol in composition.elements)
    if strongest < _ANION_ELECTRONEGATIVITY:
        return True
    return 0 in _charges(composition.reduced)


def has_metal(composition: Composition) -> bool:
    """Whether any element is a metal (neither a nonmetal nor boron, silicon, germanium, arsenic or tellurium)."""
    return any(symbol not in _NONMETALS for symbol in composition.elements)


@lru_cache(maxsize=65536)
def _charges(composition: Composition) -> frozenset[int]:
    """Total charges with one common oxidation state for each element, the most electronegative being negative."""
    anion = composition.elements[-1]
    totals = {0}
    for symbol, count in composition.amounts:
        states: Sequence[int] = BY_SYMBOL[symbol].common_oxidation_states
        chosen = [state for state in states if state < 0] if symbol == anion else states
        totals = {total + state * count for total in totals for state in chosen}
    return frozenset(totals)


Row = tuple[float, tuple[str, ...], frozenset[int]]


def needs_of(limits: Limits) -> list[frozenset[str]]:
    """Groups of elements of which one each must be present."""
    return [
        *(frozenset({symbol}) for symbol in sorted(limits.required)),
        *limits.any_of,
        *(substitutes for _, substitutes in limits.replaced if substitutes),
    ]


def _shortest(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row[0], row[1]))[:_MAX_PARTIAL]


def _placed(row: Row, group: frozenset[str], limits: Limits, distances: Array, options: int) -> list[Row]:
    """One element of the group on one slot that no earlier need has claimed."""
    cost, elements, claimed = row
    present = [slot for slot, symbol in enumerate(elements) if symbol in group and symbol not in limits.excluded]
    if present:
        return [(cost, elements, claimed | {present[0]})]
    free = [slot for slot in range(len(elements)) if slot not in claimed]
    wanted = sorted(group - limits.excluded)
    choices = [(_distance(distances, elements[slot], new), slot, new) for slot in free for new in wanted]
    return [
        (cost + price, (*elements[:slot], new, *elements[slot + 1 :]), claimed | {slot})
        for price, slot, new in sorted(choices)[:options]
        if new not in elements
    ]


def _cleaned(row: Row, limits: Limits, distances: Array, options: int) -> list[Row]:
    """Swap every element that is excluded or not allowed."""
    pool = permitted(limits)
    rows = [row]
    bad = [s for s, symbol in enumerate(row[1]) if symbol in limits.excluded or (limits.allowed and symbol not in pool)]
    for slot in bad:
        rows = _shortest([new for one in rows for new in _swapped(one, slot, pool, distances, options)])
    return rows


def _explored(row: Row, limits: Limits, distances: Array, options: int) -> list[Row]:
    """One more swap on any slot that no need has claimed."""
    pool = permitted(limits)
    free = [slot for slot in range(len(row[1])) if slot not in row[2]]
    return [new for slot in free for new in _swapped(row, slot, pool, distances, options)]


def _swapped(row: Row, slot: int, pool: frozenset[str], distances: Array, options: int) -> list[Row]:
    cost, elements, claimed = row
    choices = sorted((_distance(distances, elements[slot], new), new) for new in pool - set(elements))
    return [
        (cost + price, (*elements[:slot], new, *elements[slot + 1 :]), claimed | {slot})
        for price, new in choices[:options]
    ]


def _distance(distances: Array, old: str, new: str) -> float:
    return float(distances[BY_SYMBOL[old].number, BY_SYMBOL[new].number])
