"""What nobody asked to change stays: who has to leave a compound is exchanged, and who is asked to move, moves."""

from __future__ import annotations

from dataclasses import replace

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.pivot import Pivot
from crystal_studio.services.dialogue_structure import comparison_reasons
from crystal_studio.services.listen_roles import can_replace
from crystal_studio.services.listen_substitutes import substitutes_for

_UP = (Direction.HIGHER, Direction.AT_LEAST)
_RELATIVE = (Direction.HIGHER, Direction.LOWER)


def least_change(limits: Limits, parent: Composition) -> Limits:
    """The limits, narrowed to the nearest compounds where an element has to leave and nothing says what becomes of it.

    "Without cobalt", said of LiCoO2, is met best by a compound of lithium and oxygen with another metal in cobalt's
    place. The message does not say so, which is why this is tried first and the limits themselves stay as heard.
    """
    leaving = limits.excluded & set(parent.elements)
    staying = frozenset(parent.elements) - leaving
    if not leaving or not staying or limits.formula or limits.replaced or limits.num_elements:
        return limits
    narrowed = replace(limits, required=limits.required | staying)
    coming = limits.required - set(parent.elements)
    if len(leaving) > 1 or len(coming) > 1 or limits.anonymous not in ((), parent.anonymous):
        return narrowed
    (old,) = leaving
    substitutes = _substitutes(old, coming, limits, parent)
    return replace(narrowed, replaced=((old, substitutes),), anonymous=parent.anonymous) if substitutes else narrowed


def _substitutes(old: str, coming: frozenset[str], limits: Limits, parent: Composition) -> frozenset[str]:
    """Who may take the place: the newcomer that was named, else any with a common charge; empty where nobody fits."""
    if coming:
        return frozenset(symbol for symbol in coming if can_replace(symbol, old, parent))
    try:
        fitting = substitutes_for(old, "another", frozenset(parent.elements), limits.excluded)
    except UserCorrectable:
        return frozenset()
    return fitting & limits.allowed if limits.allowed else fitting


def unmoved(pivot: Pivot, parent: Pivot, goals: tuple[Goal, ...]) -> tuple[str, ...]:
    """Why a pivot is not what was asked for where the gap or the distances should change; empty where it is."""
    bonds = next(
        ("longer" if goal.direction in _UP else "shorter" for goal in goals if goal.quantity is Quantity.UNIT_DISTANCE),
        None,
    )
    wants_gap = any(goal.quantity is Quantity.BAND_GAP and goal.direction in _RELATIVE for goal in goals)
    return tuple(comparison_reasons(pivot, parent, bonds, wants_gap))
