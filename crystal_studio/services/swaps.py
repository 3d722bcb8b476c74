"""Which elements might take another's place where the charges of a compound do not sum to zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.intent import Limits
from crystal_studio.services.listen_roles import can_replace
from crystal_studio.services.listen_words import NOBLE_GASES, RADIOACTIVE

MOST_SWAPS = 5
_MOST_OF_ONE = 2  # so that more than one element of the compound is offered a substitute


def swaps(composition: Composition, limits: Limits) -> list[tuple[str, str]]:
    """Pairs (old, new) that let the common oxidation states sum to zero, chemically nearest first.

    Nearness is the distance in Pettifor's order of the elements, in which neighbours of a group stand side by side.
    """
    found: list[tuple[str, str]] = []
    offered: Counter[str] = Counter()
    for old, new in sorted(_pairs(composition, limits), key=_distance):
        if offered[old] < _MOST_OF_ONE and can_be_neutral(composition.replaced({old: new})):
            found.append((old, new))
            offered[old] += 1
        if len(found) == MOST_SWAPS:
            break
    return found


def can_be_neutral(composition: Composition) -> bool:
    """Whether common oxidation states sum to zero with every anion more electronegative than every cation."""
    amounts = sorted(composition.amounts, key=lambda pair: BY_SYMBOL[pair[0]].electronegativity or 0.0)
    return any(0 in _sums(amounts[:cut], amounts[cut:]) for cut in range(1, len(amounts)))


def adds_up(composition: Composition) -> bool:
    """Whether the charges can sum to zero; an alloy, in which no element forms anions, is not judged."""
    is_ionic = any(
        charge < 0 for symbol in composition.elements for charge in BY_SYMBOL[symbol].common_oxidation_states
    )
    return not is_ionic or len(composition.amounts) == 1 or can_be_neutral(composition)


def _sums(cations: Sequence[tuple[str, int]], anions: Sequence[tuple[str, int]]) -> set[int]:
    """Total charges that these ions can have together."""
    totals = {0}
    for ions, sign in ((cations, 1), (anions, -1)):
        for symbol, count in ions:
            charges = [charge * count for charge in BY_SYMBOL[symbol].common_oxidation_states if charge * sign > 0]
            totals = {total + charge for total in totals for charge in charges}
    return totals


def _pairs(composition: Composition, limits: Limits) -> Iterator[tuple[str, str]]:
    barred = NOBLE_GASES | RADIOACTIVE | limits.excluded | set(composition.elements)
    for old in composition.elements:
        for new in BY_SYMBOL:
            is_allowed = not limits.allowed or new in limits.allowed
            if new not in barred and is_allowed and can_replace(new, old, composition):
                yield old, new


def _distance(pair: tuple[str, str]) -> tuple[int, float, str]:
    old, new = (BY_SYMBOL[symbol] for symbol in pair)
    between = abs(old.mendeleev_number - new.mendeleev_number)
    return between, -(new.crustal_abundance_ppm or 0.0), pair[0] + pair[1]
