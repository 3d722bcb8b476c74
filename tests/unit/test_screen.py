"""Screening: which candidate wins, what relaxing may change, and when strain is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.ports.relaxer import Relaxation
from crystal_studio.ports.sampler import StartState
from crystal_studio.services.propose import Draw
from crystal_studio.services.screen import Question, Screen, limits_check, relaxation_check

BIGGER = Goal(Quantity.VOLUME, Direction.HIGHER)
FURTHER = Goal(Quantity.UNIT_DISTANCE, Direction.HIGHER)


def halite(edge: float = 5.64) -> Crystal:
    lattice = edge / 2 * np.array([[0.0, 1, 1], [1, 0, 1], [1, 1, 0]])
    return Crystal(lattice, ("Na", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))


def draws(*crystals: Crystal) -> list[Draw]:
    return [Draw(StartState(Start.PROTOTYPE, f"{i}", one, 2, one.species), one) for i, one in enumerate(crystals)]


def question(**changes: object) -> Question:
    return replace(Question("NaCl crystallizes in the cubic Fm-3m space group.", "NaCl", 225, Limits(), ()), **changes)


def screened(engines: FakeEngines, asked: Question, *crystals: Crystal) -> list[Candidate]:
    screen = Screen(
        engines.checker, engines.symmetrizer, engines.aligner, engines.band_gap, engines.relaxer, engines.comparer
    )
    candidates = screen.checked(draws(*crystals), asked, FakeContext())
    return screen.ranked(candidates, asked, FakeContext())


def outcome(crystal: Crystal, energy: float = -3.0) -> Relaxation:
    return Relaxation(crystal, energy, energy + 0.1, 0.01, 5, True)


class RecordingRelaxer:
    """Relaxes to a given volume and counts."""

    def __init__(self, edge: float | None = None, energies: dict[float, float] | None = None) -> None:
        self.edge = edge
        self.relaxed: list[Crystal] = []
        self._energies = energies or {}

    def energies(self, crystals: list[Crystal]) -> list[float]:
        return [self._energies.get(round(one.volume_angstrom3, 1), -3.0) for one in crystals]

    def relax(self, crystal: Crystal, max_steps: int, context: FakeContext) -> Relaxation:
        self.relaxed.append(crystal)
        return outcome(halite(self.edge) if self.edge else crystal)


@pytest.mark.parametrize(
    ("before", "after", "edge", "passed"),
    [(225, 225, 5.64, True), (2, 225, 5.7, True), (225, 2, 5.64, False), (1, 225, 5.64, True), (225, 225, 6.2, False)],
)
def test_that_relaxing_may_gain_symmetry_but_not_lose_it_nor_a_fifth_of_the_volume(
    before: int, after: int, edge: float, passed: bool
) -> None:
    candidate = Candidate(halite(), Start.NOISE, "", space_group=SpaceGroup(before))
    assert relaxation_check(candidate, halite(edge), SpaceGroup(after)).passed is passed


def test_that_the_limits_of_the_message_are_a_required_check() -> None:
    limits = Limits(excluded=frozenset({"Cl"}), crystal_system="hexagonal", excluded_systems=frozenset({"cubic"}))
    check = limits_check(halite().composition, SpaceGroup(225), limits)
    assert check.required
    assert check.passed is False
    assert "Cl is excluded" in check.detail
    assert "not hexagonal" in check.detail
    assert "cubic, which is excluded" in check.detail


def distance_asked(parent: Crystal, *others: Goal) -> Question:
    reference = {"unit_distance": FakeEngines().symmetrizer.unit_distance_angstrom(parent), "volume": 1.0}
    return question(goals=(FURTHER, *others), reference=reference)


def test_that_more_distance_that_relaxing_undoes_is_kept_and_marked_as_strained() -> None:
    engines = FakeEngines()
    engines.relaxer = RecordingRelaxer(edge=5.64)
    best = screened(engines, distance_asked(halite(5.64)), halite(5.9))[0]
    assert best.relaxed is None
    assert best.crystal.volume_angstrom3 == pytest.approx(halite(5.9).volume_angstrom3)
    assert best.notes[0].startswith("strained: the structural units are +4.6% further apart")
    assert "+0.0% once relaxed" in best.notes[0]


def test_that_no_other_goal_is_met_by_strain() -> None:
    engines = FakeEngines()
    engines.relaxer = RecordingRelaxer(edge=5.64)
    asked = question(goals=(BIGGER,), reference={"volume": halite().volume_angstrom3 / 2})
    best = screened(engines, asked, halite(5.9))[0]
    assert best.relaxed is not None
    assert best.notes == ()


def test_that_an_unstrained_candidate_that_meets_the_goal_wins_over_a_strained_one() -> None:
    engines = FakeEngines()
    engines.relaxer.script.enqueue([outcome(halite(5.64)), outcome(halite(5.8))])
    best = screened(engines, distance_asked(halite(5.64)), halite(6.0), halite(5.8))[0]
    assert best.notes == ()
    assert best.relaxed is not None


def test_that_the_same_draw_is_not_relaxed_twice() -> None:
    engines = FakeEngines()
    engines.relaxer = RecordingRelaxer()
    screened(engines, question(), halite(), halite(), halite(5.9))
    assert len(engines.relaxer.relaxed) == 2


def test_that_a_hopelessly_high_draw_is_left_alone() -> None:
    engines = FakeEngines()
    high = halite(5.9)
    engines.relaxer = RecordingRelaxer(energies={round(high.volume_angstrom3, 1): -1.0})
    ranked = screened(engines, question(), halite(), high)
    assert [one.content_hash for one in engines.relaxer.relaxed] == [halite().content_hash]
    assert ranked[1].drawn.content_hash == high.content_hash


def test_that_a_crystal_the_potential_cannot_judge_ranks_last_and_breaks_nothing() -> None:
    engines = FakeEngines()
    strange = halite(5.9)
    engines.relaxer = RecordingRelaxer(energies={round(strange.volume_angstrom3, 1): float("inf")})
    ranked = screened(engines, question(), strange, halite())
    assert ranked[-1].energy_per_atom_ev is None
    assert ranked[-1].drawn.content_hash == strange.content_hash


def test_that_a_relaxation_that_is_refused_leaves_the_drawn_crystal() -> None:
    engines = FakeEngines()
    engines.relaxer.script.enqueue([UserCorrectable("An atom stands alone.")])
    best = screened(engines, question(), halite())[0]
    assert best.relaxed is None
    assert best.checks[-1].detail == "An atom stands alone."


def test_that_a_draw_that_meets_the_goals_is_relaxed_before_lower_ones_that_miss_them() -> None:
    engines = FakeEngines()
    far = halite(5.9)
    engines.relaxer = RecordingRelaxer(energies={round(far.volume_angstrom3, 1): -2.6})
    screened(engines, distance_asked(halite(5.7)), halite(5.64), far)
    assert engines.relaxer.relaxed[0].content_hash == far.content_hash
