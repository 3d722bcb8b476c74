"""The points that no other point beats, against their definition."""

from __future__ import annotations

import random

import pytest

from crystal_studio.ui.compare.pareto import front


def beats(one: tuple[float, float], other: tuple[float, float], higher: tuple[bool, bool]) -> bool:
    signs = [1 if way else -1 for way in higher]
    ahead = [sign * (a - b) for sign, a, b in zip(signs, one, other, strict=True)]
    return min(ahead) >= 0 and max(ahead) > 0


@pytest.mark.parametrize("higher", [(True, True), (True, False), (False, True), (False, False)])
def test_that_the_front_is_every_point_that_no_other_beats(higher: tuple[bool, bool]) -> None:
    rng = random.Random(5)
    for count in (1, 2, 3, 8, 60):
        for _ in range(20):
            points = [(float(rng.randint(0, 6)), float(rng.randint(0, 6))) for _ in range(count)]
            wanted = {i for i, one in enumerate(points) if not any(beats(other, one, higher) for other in points)}
            assert set(front(points, higher)) == wanted


def test_that_the_front_runs_along_the_first_number() -> None:
    points = [(3.0, 1.0), (1.0, 3.0), (2.0, 2.0), (0.0, 0.0)]
    assert front(points, (True, True)) == [0, 2, 1]
    assert front([], (True, True)) == []
