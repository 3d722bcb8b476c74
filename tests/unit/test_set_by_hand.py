"""Limits and goals set by hand: canonical, or refused with the reason."""

from __future__ import annotations

import random

import pytest
from random_nodes import random_node

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.services.set_by_hand import sound_goals, sound_limits


def some(*symbols: str) -> frozenset[str]:
    return frozenset(symbols)


def test_that_a_formula_and_a_prototype_are_written_as_everywhere() -> None:
    assert sound_limits(Limits(formula="O3TiSr", prototype=" Perovskite ")) == Limits(
        formula="SrTiO3", prototype="perovskite"
    )


@pytest.mark.parametrize(
    "limits",
    [
        Limits(),
        Limits(required=some("Sr", "O"), excluded=some("Pb"), any_of=(some("F", "Cl"),), num_elements=3),
        Limits(formula="SrTiO3", required=some("Sr"), num_elements=3, allowed=some("Sr", "Ti", "O")),
        Limits(space_group=221, crystal_system="cubic", excluded_systems=some("trigonal"), dimensionality=3),
    ],
)
def test_that_limits_that_can_be_met_together_are_left_alone(limits: Limits) -> None:
    assert sound_limits(limits) == limits


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(required=some("Xx")), "no element 'Xx'"),
        (Limits(any_of=(some("Qq"),)), "no element 'Qq'"),
        (Limits(formula="Sr2Ti("), "formula"),
        (Limits(space_group=0), "no space group 0"),
        (Limits(space_group=231), "no space group 231"),
        (Limits(crystal_system="round"), "no crystal system 'round'"),
        (Limits(excluded_systems=some("square")), "no crystal system 'square'"),
        (Limits(dimensionality=4), "4-dimensional"),
        (Limits(max_atoms=0), "leaves nothing"),
        (Limits(num_elements=-1), "leaves nothing"),
        (Limits(required=some("Pb"), excluded=some("Pb")), "Pb is both"),
        (Limits(required=some("Pb"), allowed=some("Sr", "O")), "Pb is required but"),
        (Limits(any_of=(some("F", "Cl"),), excluded=some("F", "Cl", "Br")), "all of them are excluded"),
        (Limits(required=some("Sr", "Ti", "O"), num_elements=2), "only 2"),
        (Limits(formula="SrTiO3", excluded=some("Ti")), "SrTiO3 contradicts"),
        (Limits(space_group=221, crystal_system="hexagonal"), "Pm-3m is cubic"),
        (Limits(space_group=221, excluded_systems=some("cubic")), "both asked for and excluded"),
        (Limits(crystal_system="cubic", excluded_systems=some("cubic")), "both asked for and excluded"),
    ],
)
def test_that_limits_that_cannot_be_met_say_why(limits: Limits, reason: str) -> None:
    with pytest.raises(UserCorrectable, match=reason):
        sound_limits(limits)


def test_that_any_limits_are_taken_or_refused_in_words() -> None:
    outcomes = set()
    for seed in range(200):
        limits = random_node(random.Random(seed)).intent.limits
        try:
            assert sound_limits(sound_limits(limits)) == sound_limits(limits)
            outcomes.add("taken")
        except UserCorrectable as error:
            outcomes.add(str(error)[-1])
    assert outcomes == {"taken", "."}


@pytest.mark.parametrize("direction", [Direction.AT_LEAST, Direction.AT_MOST, Direction.NEAR])
def test_that_a_goal_with_a_target_needs_a_number(direction: Direction) -> None:
    with pytest.raises(UserCorrectable, match="needs a number"):
        sound_goals([Goal(Quantity.BAND_GAP, direction)])
    with pytest.raises(UserCorrectable, match="no number"):
        sound_goals([Goal(Quantity.BAND_GAP, direction, float("nan"))])
    assert sound_goals([Goal(Quantity.BAND_GAP, direction, 2.0)])[0].target == 2.0
