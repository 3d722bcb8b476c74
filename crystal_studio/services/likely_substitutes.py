"""Which of the elements that may take another's place are its like, so that an open choice is a chemical one."""

from __future__ import annotations

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, Element
from crystal_studio.services.listen_words import NONMETALS, PRECIOUS, TOXIC, TRANSITION_METALS
from crystal_studio.services.swaps import can_be_neutral

_MOST = 5
_FEWEST = 3
_LARGEST_RADIUS_RATIO = 1.7
_NEAR_GROUPS = 2
_NEAR_IN_ORDER = 4
_FULL_SHELL = 12  # zinc resembles magnesium more than copper


def likeliest(old: str, substitutes: frozenset[str], compound: Composition) -> frozenset[str]:
    """At most five of the substitutes, those nearest to the old element; all where there are no more than three.

    Near is who stands in its group or close to it in its row of the transition metals, else in Pettifor's order of the
    elements, and is of like size; where none of these lets the charges sum to zero, as they did, whoever does. Poisons
    and precious metals come only where nothing else could, or for their own kind.

    Source: Pettifor, Solid State Commun. 51, 31 (1984), for the order of the elements.
    """
    if len(substitutes) <= _FEWEST:
        return substitutes
    leaving = BY_SYMBOL[old]
    welcome = substitutes - TOXIC - (frozenset() if old in PRECIOUS else PRECIOUS)
    ranked = [BY_SYMBOL[symbol] for symbol in sorted(welcome or substitutes)]
    ranked.sort(key=lambda new: abs(new.mendeleev_number - leaving.mendeleev_number))
    congeners = [new for new in ranked if new.group == leaving.group]
    if old in NONMETALS and congeners:
        return frozenset(new.symbol for new in congeners)
    sized = [new for new in ranked if _is_like_in_size(new, leaving)] or ranked
    alike = [new for new in sized if _is_near(new, leaving)]
    if len(alike) < _FEWEST - 1:
        alike = [new for new in sized if new in alike or _is_near_in_order(new, leaving)]
    chosen = _with_charges_kept(alike, sized, old, compound)
    return frozenset(new.symbol for new in chosen[:_MOST])


def _with_charges_kept(alike: list[Element], sized: list[Element], old: str, compound: Composition) -> list[Element]:
    """The like of who leaves; of these those that keep the charges, where there are several, else whoever does."""
    neutral = [new for new in sized if can_be_neutral(compound.replaced({old: new.symbol}))]
    if not can_be_neutral(compound) or not neutral:
        return alike or sized
    both = [new for new in alike if new in neutral]
    if both:
        return both if len(both) > 1 else alike
    return neutral


def _is_like_in_size(new: Element, old: Element) -> bool:
    radii = sorted((new.atomic_radius_angstrom or 1.0, old.atomic_radius_angstrom or 1.0))
    return radii[1] <= _LARGEST_RADIUS_RATIO * radii[0]


def _is_near(new: Element, old: Element) -> bool:
    """Whether two elements are of one group, or neighbours in a row of the transition metals."""
    both_open = {new.symbol, old.symbol} <= TRANSITION_METALS and max(new.group, old.group) < _FULL_SHELL
    in_row = both_open and new.row == old.row and abs(new.group - old.group) <= _NEAR_GROUPS
    return in_row or new.group == old.group


def _is_near_in_order(new: Element, old: Element) -> bool:
    return abs(new.mendeleev_number - old.mendeleev_number) <= _NEAR_IN_ORDER
