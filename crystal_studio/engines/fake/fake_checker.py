"""A checker with two checks: distance and charge."""

from __future__ import annotations

from itertools import product

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake.geometry import nearest_distances_angstrom
from crystal_studio.engines.fake.script import Script

_SHORTEST_ANGSTROM = 0.5


class FakeChecker:
    """Refuses atoms on top of each other and charges that cannot sum to zero.

    Attributes:
        script: tuples of results, exceptions or stalls, one for each call.
    """

    def __init__(self) -> None:
        self.script: Script[tuple[CheckResult, ...]] = Script()

    def check(self, crystal: Crystal, *, formula_is_named: bool = False) -> tuple[CheckResult, ...]:
        """Both checks, distance first; the charge of a named formula is advice."""
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        return _distance(crystal), _charge(crystal.composition, required=not formula_is_named)


def _distance(crystal: Crystal) -> CheckResult:
    shortest = float(nearest_distances_angstrom(crystal).min())
    detail = f"The shortest distance is {shortest:.2f} Å; at least {_SHORTEST_ANGSTROM} Å is needed."
    numbers = {"shortest_angstrom": shortest}
    return CheckResult("min_distance", 1, shortest >= _SHORTEST_ANGSTROM, detail, numbers, required=True)


def _charge(composition: Composition, required: bool) -> CheckResult:
    neutral = len(composition.amounts) == 1 or can_be_neutral(composition)
    detail = f"The common oxidation states of {composition.formula} {'can' if neutral else 'cannot'} sum to zero."
    return CheckResult("smact", 1, neutral, detail, required=required)


def can_be_neutral(composition: Composition) -> bool:
    """Whether some choice of common oxidation states, one for each element, sums to zero."""
    states = [BY_SYMBOL[symbol].common_oxidation_states for symbol in composition.elements]
    counts = [count for _, count in composition.amounts]
    return any(
        sum(charge * count for charge, count in zip(choice, counts, strict=True)) == 0 for choice in product(*states)
    )
