"""Hard limits held against a composition."""

from __future__ import annotations

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.intent import Limits


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
