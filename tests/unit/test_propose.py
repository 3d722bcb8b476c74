"""Proposals: which prototypes are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot_grammar import parse_pivot
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.ports.prototype_library import DecoratedPrototype
from crystal_studio.services.propose import Preference, Proposal, plans

TEXT = "NaCl crystallizes in the cubic Fm-3m space group."


class ThreePrototypes(FakePrototypeLibrary):
    """The known prototype under three labels."""

    def decorate(self, composition: Composition, count: int, **options: Any) -> list[DecoratedPrototype]:
        (one,) = super().decorate(composition, 1, **options)
        return [replace(one, label=label, score=-rank) for rank, label in enumerate("abc")][:count]


def origins(preference: Preference | None = None, skip: frozenset[str] = frozenset()) -> list[str]:
    proposal = Proposal(TEXT, parse_pivot(TEXT), Limits(), (), None, count=10, strength=0.1, seed=3, skip=skip)
    planned = plans(proposal, ThreePrototypes(), FakeEngines().symmetrizer, preference)
    return [plan.state.origin for plan in planned if plan.state.start is Start.PROTOTYPE]


def test_that_preferred_prototypes_are_drawn_first() -> None:
    def last_label_first(prototypes: Sequence[DecoratedPrototype]) -> list[float]:
        return [float(sorted(one.label for one in prototypes).index(each.label)) for each in prototypes]

    assert origins() == ["a", "b", "c"]
    assert origins(last_label_first) == ["c", "b", "a"]


def test_that_prototypes_drawn_before_are_not_drawn_again() -> None:
    assert origins(skip=frozenset("a")) == ["b", "c"]
