"""Goals: measuring them on a crystal, and comparing with the parent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import log, tanh

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.intent import Direction, Goal, Quantity
from crystal_studio.ports.describer import Symmetrizer

# One unit of gain: half an electronvolt of gap, 3 % of distance, 10 % of volume or density, 50 meV/atom.
_ABSOLUTE_SCALE = {Quantity.BAND_GAP: 0.5, Quantity.ENERGY: 0.05}
_RELATIVE_SCALE = {Quantity.UNIT_DISTANCE: 0.03, Quantity.VOLUME: 0.1, Quantity.DENSITY: 0.1}
# How much further than the parent counts as having moved: 0.1 eV of gap, 2 % of distance, more than rounding else.
_LEAST_CHANGE = {
    Quantity.BAND_GAP: 0.1,
    Quantity.ENERGY: 1e-3,
    Quantity.UNIT_DISTANCE: 0.02,
    Quantity.VOLUME: 1e-3,
    Quantity.DENSITY: 1e-3,
}
_GRAM_PER_CM3 = 1.66053907  # one u per cubic angstrom; CODATA 2018


def measure(
    goals: Iterable[Goal],
    crystal: Crystal,
    symmetrizer: Symmetrizer,
    band_gap_ev: float | None,
    energy_per_atom_ev: float | None,
) -> dict[str, float]:
    """The value of every quantity that a goal names: eV, angstrom, cubic angstrom an atom, g/cm3, eV/atom."""
    found = {goal.quantity.value: _value(goal.quantity, crystal, symmetrizer) for goal in goals}
    found[Quantity.BAND_GAP.value] = band_gap_ev if Quantity.BAND_GAP.value in found else None
    found[Quantity.ENERGY.value] = energy_per_atom_ev if Quantity.ENERGY.value in found else None
    return {quantity: value for quantity, value in found.items() if value is not None}


def gain(goal: Goal, value: float | None, reference: float | None) -> float:
    """How far a value moves towards a goal, squashed to -1..1; 0 where it cannot be said."""
    if value is None:
        return 0.0
    if goal.target is not None and goal.direction is not Direction.HIGHER and goal.direction is not Direction.LOWER:
        return _towards_target(goal, value, goal.target)
    sign = 1.0 if goal.direction in (Direction.HIGHER, Direction.AT_LEAST) else -1.0
    return sign * tanh(_change(goal.quantity, value, reference))


def is_met(goal: Goal, value: float | None, reference: float | None) -> bool | None:
    """Whether a value meets a goal; None where nothing can be compared."""
    if value is None:
        return None
    if goal.target is not None and goal.direction is Direction.AT_LEAST:
        return value >= goal.target
    if goal.target is not None and goal.direction is Direction.AT_MOST:
        return value <= goal.target
    if goal.target is not None and goal.direction is Direction.NEAR:
        return abs(value - goal.target) <= near_tolerance(goal.quantity, goal.target)
    if reference is None:
        return None
    moved = value - reference if goal.direction is Direction.HIGHER else reference - value
    least = _LEAST_CHANGE[goal.quantity]
    return moved >= (least * abs(reference) if goal.quantity in _RELATIVE_SCALE else least)


def near_tolerance(quantity: Quantity, target: float) -> float:
    """How far from its target a "near" goal still counts as met, in the unit of the quantity."""
    return _ABSOLUTE_SCALE.get(quantity, 0.1 * abs(target))


def total_gain(goals: Iterable[Goal], values: Mapping[str, float], reference: Mapping[str, float]) -> float:
    """Sum of the gains of all goals."""
    return sum(gain(goal, values.get(goal.quantity), reference.get(goal.quantity)) for goal in goals)


def all_met(goals: Iterable[Goal], values: Mapping[str, float], reference: Mapping[str, float]) -> bool:
    """Whether no goal that can be judged is missed."""
    verdicts = (is_met(goal, values.get(goal.quantity), reference.get(goal.quantity)) for goal in goals)
    return all(verdict is not False for verdict in verdicts)


def _value(quantity: Quantity, crystal: Crystal, symmetrizer: Symmetrizer) -> float | None:
    if quantity is Quantity.UNIT_DISTANCE:
        return symmetrizer.unit_distance_angstrom(crystal)
    if quantity is Quantity.VOLUME:
        return crystal.volume_angstrom3 / crystal.num_sites
    if quantity is Quantity.DENSITY:
        mass = sum(BY_SYMBOL[symbol].mass for symbol in crystal.species)
        return mass * _GRAM_PER_CM3 / crystal.volume_angstrom3
    return None


def _change(quantity: Quantity, value: float, reference: float | None) -> float:
    """Change in units of the quantity's scale; against zero where there is no parent."""
    if quantity in _ABSOLUTE_SCALE:
        return (value - (reference or 0.0)) / _ABSOLUTE_SCALE[quantity]
    if reference is None or reference <= 0 or value <= 0:
        return 0.0
    return log(value / reference) / _RELATIVE_SCALE[quantity]


def _towards_target(goal: Goal, value: float, target: float) -> float:
    missing = {
        Direction.AT_LEAST: max(0.0, target - value),
        Direction.AT_MOST: max(0.0, value - target),
    }.get(goal.direction, abs(value - target))
    scale = _ABSOLUTE_SCALE.get(goal.quantity, _RELATIVE_SCALE.get(goal.quantity, 0.1) * max(abs(target), 1e-9))
    return -tanh(missing / scale)
