"""Hard limits held against a composition."""

from __future__ import annotations

import json
import random

import pytest
from random_nodes import random_node

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.intent import Intent, Limits
from crystal_studio.domain.intent_plain import intent_from_plain, intent_to_plain


@pytest.mark.parametrize(
    ("limits", "part"),
    [
        (Limits(required=frozenset({"Pb"})), "Pb is missing"),
        (Limits(excluded=frozenset({"Sr"})), "Sr is excluded"),
        (Limits(any_of=(frozenset({"F", "Cl"}),)), "none of Cl, F"),
        (Limits(allowed=frozenset({"Sr", "O"})), "Ti is not among"),
        (Limits(replaced=(("Ba", frozenset({"Ca"})),)), "takes the place of Ba"),
        (Limits(formula="CaTiO3"), "not CaTiO3"),
        (Limits(anonymous=(1, 2, 4)), "stoichiometry"),
        (Limits(num_elements=2), "3 elements"),
    ],
)
def test_that_each_broken_limit_is_named(limits: Limits, part: str) -> None:
    (violation,) = limits.violations(Composition.parse("SrTiO3"))
    assert part in violation


def test_that_a_composition_that_meets_every_limit_has_no_violation() -> None:
    limits = Limits(
        required=frozenset({"Ti"}),
        any_of=(frozenset({"Sr", "Ca"}),),
        excluded=frozenset({"Pb"}),
        allowed=frozenset({"Sr", "Ti", "O"}),
        replaced=(("Ba", frozenset({"Sr"})),),
        formula="SrTiO3",
        anonymous=(1, 1, 3),
        num_elements=3,
    )
    assert limits.violations(Composition.parse("SrTiO3")) == ()


def test_that_intents_survive_plain_data_whole() -> None:
    for seed in range(50):
        intent = random_node(random.Random(seed)).intent
        assert intent_from_plain(json.loads(json.dumps(intent_to_plain(intent)))) == intent


def test_that_intents_stored_before_excluded_systems_were_kept_are_read() -> None:
    plain = intent_to_plain(Intent("a cubic oxide", Limits(crystal_system="cubic")))
    del plain["limits"]["excluded_systems"]
    assert intent_from_plain(plain).limits == Limits(crystal_system="cubic")
