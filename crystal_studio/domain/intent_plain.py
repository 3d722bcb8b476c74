"""Intents as plain data and back, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from crystal_studio.domain.intent import Direction, Goal, Intent, Limits, Quantity


def intent_to_plain(intent: Intent) -> dict[str, Any]:
    """JSON-ready data; sets are sorted so that equal intents give equal text."""
    return {
        "message": intent.message,
        "limits": limits_to_plain(intent.limits),
        "goals": goals_to_plain(intent.goals),
        "heard": list(intent.heard),
    }


def intent_from_plain(plain: Mapping[str, Any]) -> Intent:
    """Inverse of `intent_to_plain`."""
    return Intent(
        message=plain["message"],
        limits=limits_from_plain(plain["limits"]),
        goals=goals_from_plain(plain["goals"]),
        heard=tuple(plain["heard"]),
    )


def goals_to_plain(goals: Iterable[Goal]) -> list[dict[str, Any]]:
    """JSON-ready data of the goals."""
    return [
        {"quantity": goal.quantity.value, "direction": goal.direction.value, "target": goal.target} for goal in goals
    ]


def goals_from_plain(plain: Iterable[Mapping[str, Any]]) -> tuple[Goal, ...]:
    """Inverse of `goals_to_plain`."""
    return tuple(Goal(Quantity(goal["quantity"]), Direction(goal["direction"]), goal["target"]) for goal in plain)


def limits_to_plain(limits: Limits) -> dict[str, Any]:
    """JSON-ready data of the hard limits."""
    return {
        "required": sorted(limits.required),
        "any_of": [sorted(group) for group in limits.any_of],
        "excluded": sorted(limits.excluded),
        "allowed": sorted(limits.allowed),
        "replaced": [[old, sorted(substitutes)] for old, substitutes in limits.replaced],
        "formula": limits.formula,
        "anonymous": list(limits.anonymous),
        "space_group": limits.space_group,
        "crystal_system": limits.crystal_system,
        "excluded_systems": sorted(limits.excluded_systems),
        "symmetry_class": limits.symmetry_class,
        "dimensionality": limits.dimensionality,
        "prototype": limits.prototype,
        "num_elements": limits.num_elements,
        "max_atoms": limits.max_atoms,
    }


def limits_from_plain(plain: Mapping[str, Any]) -> Limits:
    """Inverse of `limits_to_plain`."""
    return Limits(
        required=frozenset(plain["required"]),
        any_of=tuple(frozenset(group) for group in plain["any_of"]),
        excluded=frozenset(plain["excluded"]),
        allowed=frozenset(plain["allowed"]),
        replaced=tuple((old, frozenset(substitutes)) for old, substitutes in plain["replaced"]),
        formula=plain["formula"],
        anonymous=tuple(plain["anonymous"]),
        space_group=plain["space_group"],
        crystal_system=plain["crystal_system"],
        excluded_systems=frozenset(plain.get("excluded_systems", ())),  # not written by programs before 0005
        symmetry_class=plain.get("symmetry_class"),
        dimensionality=plain["dimensionality"],
        prototype=plain["prototype"],
        num_elements=plain["num_elements"],
        max_atoms=plain["max_atoms"],
    )
