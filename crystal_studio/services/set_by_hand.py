"""Limits and goals that a person set by hand: made canonical, and refused where they cannot be met together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from math import isfinite

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Limits
from crystal_studio.domain.symmetry import (
    CRYSTAL_SYSTEMS,
    SYMMETRY_CLASSES,
    SpaceGroup,
    is_of_class,
    numbers_of_system,
)

_WITH_TARGET = (Direction.AT_LEAST, Direction.AT_MOST, Direction.NEAR)


def sound_limits(limits: Limits) -> Limits:
    """The limits with the formula and the prototype as they are written elsewhere.

    Raises:
        UserCorrectable: a value is out of range, or two limits contradict each other; says which.
    """
    formula = Composition.parse(limits.formula).formula if limits.formula else None
    prototype = limits.prototype.strip().lower() if limits.prototype else None
    canonical = replace(limits, formula=formula, prototype=prototype or None)
    for problem in (*_out_of_range(canonical), *_contradictions(canonical)):
        raise UserCorrectable(f"{problem} Change the limits.")
    return canonical


def sound_goals(goals: Iterable[Goal]) -> tuple[Goal, ...]:
    """The goals as they are.

    Raises:
        UserCorrectable: a goal that needs a target has none, or one that is no number.
    """
    found = tuple(goals)
    for goal in found:
        name = f"{goal.quantity.value} {goal.direction.value}".replace("_", " ")
        if goal.direction in _WITH_TARGET and goal.target is None:
            raise UserCorrectable(f"The goal '{name}' needs a number. Give one.")
        if goal.target is not None and not isfinite(goal.target):
            raise UserCorrectable(f"The goal '{name}' has a target that is no number. Give another.")
    return found


def _out_of_range(limits: Limits) -> Iterator[str]:
    named = limits.required | limits.excluded | limits.allowed
    unknown = sorted(named.union(*limits.any_of) - BY_SYMBOL.keys())
    if unknown:
        yield f"There is no element '{unknown[0]}'."
    if limits.space_group is not None:
        SpaceGroup(limits.space_group)  # says itself what is wrong
    strange = sorted(({limits.crystal_system} - {None} | limits.excluded_systems) - set(CRYSTAL_SYSTEMS), key=str)
    if strange:
        yield f"There is no crystal system '{strange[0]}'."
    if limits.symmetry_class not in (None, *SYMMETRY_CLASSES):
        yield f"There is no symmetry class '{limits.symmetry_class}'. Choose {', '.join(SYMMETRY_CLASSES)}."
    if limits.dimensionality not in (None, 0, 1, 2, 3):
        yield f"A crystal cannot be {limits.dimensionality}-dimensional."
    for name, value in (("number of elements", limits.num_elements), ("number of atoms", limits.max_atoms)):
        if value is not None and value < 1:
            yield f"A {name} of {value} leaves nothing."


def _contradictions(limits: Limits) -> Iterator[str]:
    both = sorted(limits.required & limits.excluded)
    if both:
        yield f"{both[0]} is both required and excluded."
    if limits.allowed and limits.required - limits.allowed:
        yield f"{min(limits.required - limits.allowed)} is required but not among the elements allowed."
    barred = [group for group in limits.any_of if not group - limits.excluded]
    if barred:
        yield f"One of {', '.join(sorted(barred[0]))} is required, but all of them are excluded."
    if limits.num_elements is not None and len(limits.required) > limits.num_elements:
        yield f"{len(limits.required)} elements are required, but only {limits.num_elements} may be present."
    if limits.formula is not None:
        broken = replace(limits, formula=None).violations(Composition.parse(limits.formula))
        if broken:
            yield f"The formula {limits.formula} contradicts the other limits: {broken[0]}."
    yield from _system_contradictions(limits)


def _system_contradictions(limits: Limits) -> Iterator[str]:
    group = SpaceGroup(limits.space_group) if limits.space_group is not None else None
    if group is not None and limits.crystal_system not in (None, group.crystal_system):
        yield f"{group.symbol} is {group.crystal_system}, not {limits.crystal_system}."
    asked = group.crystal_system if group is not None else limits.crystal_system
    if asked in limits.excluded_systems:
        yield f"{str(asked).capitalize()} crystals are both asked for and excluded."
    if limits.symmetry_class in SYMMETRY_CLASSES:
        yield from _class_contradictions(limits)


def _class_contradictions(limits: Limits) -> Iterator[str]:
    if limits.space_group is not None and not is_of_class(limits.space_group, limits.symmetry_class):
        yield f"{SpaceGroup(limits.space_group).symbol} is not {limits.symmetry_class}."
    system = limits.crystal_system
    if system in CRYSTAL_SYSTEMS and SYMMETRY_CLASSES[str(limits.symmetry_class)].isdisjoint(numbers_of_system(system)):
        yield f"No {system} crystal is {limits.symmetry_class}."
