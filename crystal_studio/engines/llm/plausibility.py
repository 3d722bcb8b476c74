"""Which alternatives come first: those whose charges can balance, that move away from the parent and differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import product

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.pivot import Pivot
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot

_MAX_SITES = 20
_ONLY_COMPONENT = re.compile(r"[a-z]+ ([A-Z]\w*) [a-z]+(?: oriented in the \([^)]*\) direction)?$")


def best_first(texts: Sequence[str], description: str | None) -> list[str]:
    """The alternatives in the model's order, but for four reasons to come later.

    A small model writes "SrTiO6" as readily as "SrTiO3"; what it has learned of chemistry shows in several draws
    rather than in one. Later come texts that cannot be read, formulas whose charges cannot balance, that have more than
    20 atoms or that are not those of their only kind of component, repetitions of the parent, and repetitions of an
    earlier alternative.
    """
    parent = _pivot(description) if description else None
    keys = []
    for index, text in enumerate(texts):
        pivot = _pivot(text)
        doubtful = pivot is None or not _adds_up(pivot)
        keys.append((pivot is None, doubtful, _repeats(pivot, parent), text in texts[:index], index))
    return [texts[key[-1]] for key in sorted(keys)]


def _adds_up(pivot: Pivot) -> bool:
    component = _ONLY_COMPONENT.match(pivot.components or "")
    if component and Composition.parse(component[1]).reduced != pivot.composition.reduced:
        return False
    return balances(pivot.composition) and pivot.composition.num_atoms <= _MAX_SITES


def balances(composition: Composition) -> bool:
    """Whether some choice of common oxidation states, one for each element, adds up to zero.

    An alloy, in which no element has a negative state, is not judged.
    """
    states = [BY_SYMBOL[symbol].common_oxidation_states or (0,) for symbol in composition.elements]
    if len(states) == 1 or all(state >= 0 for options in states for state in options):
        return True
    counts = [count for _, count in composition.amounts]
    return any(sum(s * n for s, n in zip(choice, counts, strict=True)) == 0 for choice in product(*states))


def _repeats(pivot: Pivot | None, parent: Pivot | None) -> bool:
    """Whether formula and space group are the parent's and no bond length is stated either."""
    if pivot is None or parent is None or pivot.space_group is None or parent.space_group is None:
        return False
    same_formula = pivot.composition.formula == parent.composition.formula
    return same_formula and pivot.space_group.number == parent.space_group.number and not pivot.bond_lengths


def _pivot(text: str) -> Pivot | None:
    try:
        return parse_pivot(text, strict=False)
    except PivotSyntaxError:
        return None
