"""The reward of a written crystal, tier by tier, on texts made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.engines.chem import create_checker, short_cif
from crystal_studio.engines.chem.cif import p1_cif
from crystal_studio.engines.chem.comparer import MatcherComparer
from crystal_studio.engines.llm.crystext.reading import reader_of
from crystal_studio.training.grpo_reward import GroupReward
from crystal_studio.training.rewards import (
    TIERS,
    RewardParts,
    Wanted,
    match_rewards,
    reward_parts,
    space_group_reward,
    validity_reward,
)

PEROVSKITE = "221\n3.91\nSr 1a\nTi 1b\nO 3c"
TETRAGONAL = "123\n3.91 {c:.2f}\nSr 1a\nTi 1d\nO 1c\nO 2e"


def perovskite(lattice: np.ndarray | None = None, calcium: bool = False) -> Crystal:
    """SrTiO3 or CaTiO3 in a cell, strontium at the corner."""
    sites = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    species = ("Ca" if calcium else "Sr", "Ti", "O", "O", "O")
    return Crystal(3.91 * np.eye(3) if lattice is None else lattice, species, np.array(sites))


def stretched(share: float) -> Crystal:
    return perovskite(3.91 * np.diag([1, 1, 1 + share]))


def sheared(angle_degree: float) -> Crystal:
    gamma = np.radians(angle_degree)
    return perovskite(3.91 * np.array([[1, 0, 0], [np.cos(gamma), np.sin(gamma), 0], [0, 0, 1]]))


@pytest.fixture(scope="module")
def wanted() -> Wanted:
    return Wanted.of(perovskite())


def judged(text: str, wanted: Wanted, weight: float = 0.0) -> RewardParts:
    return reward_parts(text, wanted, short_cif.read, weight)


def test_that_the_true_text_has_every_part_and_three_in_all(wanted):
    parts = judged(PEROVSKITE, wanted)
    assert parts == RewardParts(parses=0.5, valid=0.5, formula=0.5, loose=0.25, medium=0.25, strict=1.0)
    assert parts.total == 3.0


def test_that_the_same_crystal_said_in_a_lower_group_is_worth_as_much(wanted):
    assert judged(TETRAGONAL.format(c=3.91), wanted).total == 3.0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "221",
        "221\n3.91",
        "SrTiO3 is cubic.",
        PEROVSKITE + "\nO 3",
        "221\n3.91\nSr 9z\nTi 1b",
        "221\n3.91 3.91\nSr 1a",
    ],
)
def test_that_what_cannot_be_read_costs_two_and_earns_nothing(text, wanted):
    assert judged(text, wanted) == RewardParts(parses=-2.0)


def test_that_another_formula_keeps_what_is_readable_and_valid(wanted):
    parts = judged(PEROVSKITE.replace("Sr", "Ca"), wanted)
    assert parts == RewardParts(parses=0.5, valid=0.5)
    assert parts.total == 1.0


def test_that_atoms_on_top_of_each_other_are_not_valid_and_never_compared(wanted):
    parts = judged("221\n3.91\nSr 1a\nTi 1a\nO 3c", wanted)
    assert parts == RewardParts(parses=0.5, formula=0.5)


def test_that_any_number_of_formula_units_is_the_formula(wanted):
    doubled = judged("123\n3.91 7.82\nSr 1a\nSr 1b\nTi 2h .250\nO 2g .250\nO 4i .250", wanted)
    assert doubled.formula == 0.5


def test_that_a_cell_stretched_by_half_matches_but_for_the_strict_tier(wanted):
    parts = judged(TETRAGONAL.format(c=3.91 * 1.5), wanted)
    assert (parts.loose, parts.medium, parts.strict) == (0.25, 0.25, 0.0)
    assert parts.total == 2.0


def test_that_a_cell_stretched_by_nine_tenths_matches_in_the_loose_tier_alone(wanted):
    parts = judged(TETRAGONAL.format(c=3.91 * 1.9), wanted)
    assert (parts.loose, parts.medium, parts.strict) == (0.25, 0.0, 0.0)
    assert parts.total == 1.75


@pytest.mark.parametrize(
    ("angle", "expected"), [(80, (0.25, 0.25, 1.0)), (75, (0.25, 0.25, 0)), (71, (0.25, 0, 0)), (65, (0, 0, 0))]
)
def test_that_the_angle_of_a_sheared_cell_decides_the_tier(angle, expected):
    assert match_rewards(sheared(angle), perovskite()) == expected


def test_that_each_tier_is_what_the_matcher_says_at_its_tolerances():
    truth = perovskite()
    for crystal in (truth, stretched(0.5), stretched(0.9), sheared(75), sheared(71), sheared(65), stretched(2.5)):
        apart = tuple(
            tier.reward
            if MatcherComparer(tier.stol, tier.angle_tol_degree, tier.ltol).rms_distance(crystal, truth) is not None
            else 0.0
            for tier in TIERS
        )
        assert match_rewards(crystal, truth) == apart


def test_that_the_tolerances_and_rewards_are_those_of_the_paper():
    assert [(tier.stol, tier.ltol, tier.angle_tol_degree, tier.reward) for tier in TIERS] == [
        (0.9, 0.7, 20, 0.25),
        (0.7, 0.5, 15, 0.25),
        (0.5, 0.3, 10, 1.0),
    ]


def test_that_a_needle_is_no_match_and_is_not_compared():
    needle = perovskite(np.diag([1.2, 1.2, 900.0]))
    assert match_rewards(needle, perovskite()) == (0.0, 0.0, 0.0)


def test_that_another_formula_never_matches():
    assert match_rewards(perovskite(calcium=True), perovskite()) == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "crystal", [perovskite(), stretched(0.5), perovskite(0.4 * np.eye(3)), perovskite(np.diag([9, 9, 1e-3]))]
)
def test_that_validity_is_what_the_panel_shows(crystal):
    is_shown_valid = all_required_pass(create_checker().check(crystal, formula_is_named=True))
    assert validity_reward(crystal) == (0.5 if is_shown_valid else 0.0)


def test_that_the_space_group_is_rewarded_only_where_it_is_asked_for(wanted):
    assert judged(PEROVSKITE, wanted).space_group == 0.0
    assert judged(PEROVSKITE, wanted, weight=0.5).total == 3.5
    assert judged(TETRAGONAL.format(c=4.2), wanted, weight=0.5).space_group == 0.0
    assert space_group_reward(stretched(0.1), 123, 0.5) == 0.5


def test_that_a_plain_cif_is_read_in_a_child_and_judged_alike(wanted):
    with reader_of("cif") as read:
        assert reward_parts(p1_cif(perovskite()), wanted, read).total == 3.0
        assert reward_parts(p1_cif(stretched(0.5)), wanted, read).total == 2.0
        assert reward_parts("data_x\n_cell_length_a", wanted, read).total == -2.0
        assert reward_parts("", wanted, read).total == -2.0


def test_that_a_group_is_rewarded_text_by_text_and_logged_by_part():
    logged: dict[str, float] = {}
    reward = GroupReward(short_cif.read)
    texts = [PEROVSKITE, PEROVSKITE.replace("Sr", "Ba"), "nothing"]
    assert reward(texts, [PEROVSKITE] * 3, logged.__setitem__, prompts=["", "", ""]) == [3.0, 1.0, -2.0]
    assert logged["parses"] == pytest.approx((0.5 + 0.5 - 2.0) / 3)
    assert logged["strict"] == pytest.approx(1 / 3)


def test_that_a_text_is_judged_once():
    read: list[str] = []

    def reading(text: str) -> Crystal:
        read.append(text)
        return short_cif.read(text)

    reward = GroupReward(reading)
    for _ in range(3):
        reward.parts("no crystal", PEROVSKITE)
    assert read.count("no crystal") == 1


def test_that_a_true_text_that_cannot_be_read_is_named():
    with pytest.raises(UserCorrectable, match="Line 1"):
        GroupReward(short_cif.read).parts(PEROVSKITE, "broken")


def test_that_what_was_asked_is_read_off_the_truth(wanted):
    assert wanted.composition.reduced == Composition.parse("SrTiO3")
    assert wanted.space_group == 221
