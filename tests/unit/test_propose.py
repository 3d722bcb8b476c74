"""Proposals: which prototypes are drawn."""

from __future__ import annotations

from collections.abc import Sequence

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot_grammar import parse_pivot
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.ports.prototype_library import DecoratedPrototype
from crystal_studio.services.propose import Preference, Proposal, plans

TEXT = "NaCl crystallizes in the cubic Fm-3m space group."


def origins(preference: Preference | None = None, skip: frozenset[str] = frozenset()) -> list[str]:
    proposal = Proposal(TEXT, parse_pivot(TEXT), Limits(), (), None, count=4, strength=0.1, seed=3, skip=skip)
    engines = FakeEngines()
    planned = plans(proposal, engines.prototypes, engines.symmetrizer, preference)
    return [plan.state.origin for plan in planned if plan.state.start is Start.PROTOTYPE]


def test_that_preferred_prototypes_are_drawn_first() -> None:
    usual = origins()
    assert len(usual) > 1

    def last_label_first(prototypes: Sequence[DecoratedPrototype]) -> list[float]:
        return [float(sorted(one.label for one in prototypes).index(each.label)) for each in prototypes]

    assert origins(last_label_first) == sorted(usual, reverse=True)


def test_that_prototypes_drawn_before_are_not_drawn_again() -> None:
    usual = origins()
    assert usual[0] not in origins(skip=frozenset(usual[:1]))
