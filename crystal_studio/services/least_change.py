"""What nobody asked to change stays: who has to leave a compound is exchanged, and who is asked to move, moves."""

from __future__ import annotations

from dataclasses import replace

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.pivot import Pivot
from crystal_studio.services.dialogue_structure import comparison_reasons
from crystal_studio.services.goals import is_met
from crystal_studio.services.likely_substitutes import likeliest
from crystal_studio.services.listen_roles import can_replace
from crystal_studio.services.listen_substitutes import substitutes_for
from crystal_studio.services.listen_words import PROTOTYPES

_UP = (Direction.HIGHER, Direction.AT_LEAST)
_ANIONS = frozenset({"N", "O", "F", "S", "Cl", "Se", "Br", "Te", "I"})
_MOST_ELEMENTS = 5  # that a pivot names
_RELATIVE = (Direction.HIGHER, Direction.LOWER)


def least_change(limits: Limits, parent: Composition, *, is_free: bool = False) -> Limits:
    """The limits, narrowed to the nearest compounds where they leave open what becomes of the parent.

    "Without cobalt", said of LiCoO2, is met best by a compound of lithium and oxygen with another metal in cobalt's
    place, and that metal best by one of cobalt's like; "it should contain nickel" by one of Li, Co, Ni and O. The
    message does not say so, which is why this is tried first and the limits themselves stay as heard.

    Args:
        is_free: whether the message asked for another compound, so that newcomers need not come to the parent.
    """
    if limits.formula:
        return limits
    if limits.replaced:
        return replace(limits, replaced=tuple((old, likeliest(old, new, parent)) for old, new in limits.replaced))
    leaving = limits.excluded & set(parent.elements)
    if not leaving:
        return limits if is_free else _with_newcomers(limits, parent)
    staying = frozenset(parent.elements) - leaving
    if not staying or limits.num_elements:
        return limits
    narrowed = replace(limits, required=limits.required | staying)
    coming = limits.required - set(parent.elements)
    if len(leaving) > 1 or len(coming) > 1 or limits.anonymous not in ((), parent.anonymous):
        return narrowed
    (old,) = leaving
    substitutes = likeliest(old, _substitutes(old, coming, limits, parent), parent)
    return replace(narrowed, replaced=((old, substitutes),), anonymous=parent.anonymous) if substitutes else narrowed


def usual_amounts(limits: Limits) -> Limits:
    """The limits with the stoichiometry that the prototype asked for usually has, where it holds all that must be in.

    A half-Heusler of two elements is none, though Robocrystallographer calls many a compound "-like" or "-derived".
    """
    amounts = next((amounts for _, name, amounts in PROTOTYPES if name == limits.prototype), ())
    groups = [group for group in limits.any_of if not group & limits.required]
    has_room = len(limits.required) + len(groups) <= len(amounts)
    is_layered_perovskite = limits.prototype == "perovskite" and limits.dimensionality in (0, 1, 2)
    is_open = not (limits.formula or limits.anonymous or limits.allowed or is_layered_perovskite)
    if not amounts or not has_room or not is_open or limits.num_elements not in (None, len(amounts)):
        return limits
    return replace(limits, anonymous=amounts)


def plain_anions(limits: Limits) -> Limits:
    """The limits of a first wish without anions stronger than the one named: no sulfate where a sulfide was asked for.

    Carbon and phosphorus are left out: "with phosphorus" asks for a phosphate as often as for a phosphide.
    """
    named = [BY_SYMBOL[symbol].electronegativity or 0.0 for symbol in limits.required & _ANIONS]
    if limits.formula or limits.allowed or not named:
        return limits
    stronger = {symbol for symbol in _ANIONS if (BY_SYMBOL[symbol].electronegativity or 0.0) > max(named)}
    return replace(limits, excluded=limits.excluded | (stronger - frozenset().union(*limits.any_of)))


def only_named(limits: Limits) -> Limits:
    """The limits of a first wish without further elements, where it names an anion and at least two others.

    "An oxide with strontium and titanium" is met best by a strontium titanate; nickel beside them is nobody's wish.
    """
    is_open = not (limits.formula or limits.allowed or limits.any_of or limits.num_elements)
    whole = len(limits.required) > 2 and bool(limits.required & _ANIONS)
    return replace(limits, allowed=limits.required) if is_open and whole else limits


def unasked(composition: Composition, limits: Limits) -> int:
    """Elements of a first wish's answer that nobody named, where at least two were."""
    named = limits.required.union(*limits.any_of)
    return len(set(composition.elements) - named) if len(limits.required) + len(limits.any_of) > 1 else 0


def _with_newcomers(limits: Limits, parent: Composition) -> Limits:
    """Where only newcomers were named, all of the parent beside them, as far as a formula has room."""
    present = frozenset(parent.elements)
    is_new = bool(limits.required - present) or any(not group & present for group in limits.any_of)
    coming = len(limits.required - present) + sum(not group & (present | limits.required) for group in limits.any_of)
    together = len(present) + coming
    is_open = not (limits.prototype or limits.anonymous or limits.allowed)
    if not is_new or not is_open or together > _MOST_ELEMENTS or limits.num_elements not in (None, together):
        return limits
    return replace(limits, required=limits.required | present)


def _substitutes(old: str, coming: frozenset[str], limits: Limits, parent: Composition) -> frozenset[str]:
    """Who may take the place: the newcomer that was named, else any with a common charge; empty where nobody fits."""
    if coming:
        return frozenset(symbol for symbol in coming if can_replace(symbol, old, parent))
    try:
        fitting = substitutes_for(old, "another", frozenset(parent.elements), limits.excluded)
    except UserCorrectable:
        return frozenset()
    if limits.allowed:
        fitting &= limits.allowed
    for group in limits.any_of:  # "no europium, any alkaline earth will do"
        if not group & frozenset(parent.elements) - {old}:
            fitting = fitting & group or fitting
    return fitting


def unmoved(pivot: Pivot, parent: Pivot, goals: tuple[Goal, ...], band_gap_ev: float | None = None) -> tuple[str, ...]:
    """Why a pivot is not what was asked for where the gap or the distances should change; empty where it is.

    Args:
        band_gap_ev: the parent's. A gap "near 5 eV" asks for a change of a parent whose gap lies elsewhere.
    """
    bonds = next(
        ("longer" if goal.direction in _UP else "shorter" for goal in goals if goal.quantity is Quantity.UNIT_DISTANCE),
        None,
    )
    wants_gap = any(
        goal.quantity is Quantity.BAND_GAP and (goal.direction in _RELATIVE or is_met(goal, band_gap_ev, None) is False)
        for goal in goals
    )
    return tuple(comparison_reasons(pivot, parent, bonds, wants_gap))
