"""Goals: what counts as moving towards one."""

from __future__ import annotations

import pytest

from crystal_studio.domain.intent import Direction, Goal, Quantity
from crystal_studio.services.goals import all_met, gain, is_met, total_gain

WIDER = Goal(Quantity.BAND_GAP, Direction.HIGHER)
APART = Goal(Quantity.UNIT_DISTANCE, Direction.HIGHER)


@pytest.mark.parametrize(
    ("goal", "value", "reference", "verdict"),
    [
        (WIDER, 1.80, 1.50, True),
        (WIDER, 1.51, 1.50, False),
        (WIDER, 1.20, 1.50, False),
        (WIDER, 1.20, None, None),
        (WIDER, None, 1.50, None),
        (Goal(Quantity.BAND_GAP, Direction.LOWER), 1.2, 1.5, True),
        (Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 3.0), 3.0, None, True),
        (Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 3.0), 2.9, None, False),
        (Goal(Quantity.BAND_GAP, Direction.AT_MOST, 1.0), 1.1, None, False),
        (Goal(Quantity.BAND_GAP, Direction.NEAR, 2.0), 2.4, None, True),
        (Goal(Quantity.BAND_GAP, Direction.NEAR, 2.0), 2.6, None, False),
        (APART, 4.07, 4.0, False),
        (APART, 4.09, 4.0, True),
    ],
)
def test_that_a_goal_is_met_by_more_than_noise(
    goal: Goal, value: float | None, reference: float | None, verdict: bool | None
) -> None:
    assert is_met(goal, value, reference) is verdict


def test_that_gain_grows_towards_the_goal_and_is_negative_away_from_it() -> None:
    gains = [gain(WIDER, value, 2.0) for value in (1.0, 1.9, 2.0, 2.1, 3.0)]
    assert gains == sorted(gains)
    assert gains[2] == 0
    assert -1 <= gains[0] < 0 < gains[-1] <= 1


def test_that_a_reached_target_leaves_nothing_to_gain() -> None:
    goal = Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 3.0)
    assert gain(goal, 3.5, None) == 0
    assert gain(goal, 2.5, None) < 0


def test_that_a_distance_that_cannot_be_measured_neither_helps_nor_hurts() -> None:
    assert total_gain([APART, WIDER], {"band_gap": 2.0}, {"band_gap": 2.0, "unit_distance": 4.0}) == 0
    assert all_met([APART], {}, {"unit_distance": 4.0})
