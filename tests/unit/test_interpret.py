"""Which of the model's alternatives becomes the pivot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.engines.fake.scripted_language_model import ScriptedLanguageModel
from crystal_studio.ports.prototype_library import DecoratedPrototype
from crystal_studio.services.interpret import Answered, write_pivot
from crystal_studio.services.least_change import least_change
from crystal_studio.services.listen import ParentFacts, listen

STRONTIUM_TITANATE = Answered(headline("SrTiO3", SpaceGroup(221)), "SrTiO3", 221, 1.8)


def pivot_of(message: str, *formulas: str) -> str:
    writer = ScriptedLanguageModel()
    writer.enqueue([[headline(formula, SpaceGroup(221)) for formula in formulas]])
    intent = listen(message, ParentFacts("SrTiO3", 221))
    written = write_pivot(intent, STRONTIUM_TITANATE, writer, FakePrototypeLibrary(), 0, FakeContext())
    return written.pivot.composition.formula


def test_that_of_the_others_as_many_as_can_stay_when_one_element_leaves():
    assert pivot_of("get rid of the strontium", "CaZrO3", "BaSnO3", "CaTiO3") == "CaTiO3"


def test_that_an_alternative_with_the_element_that_leaves_is_refused():
    assert pivot_of("get rid of the strontium", "SrO", "TiO2") == "TiO2"


def test_that_another_element_with_a_shared_charge_comes_where_one_has_to_leave():
    limits = least_change(Limits(excluded=frozenset({"Co"})), Composition.parse("LiCoO2"))
    assert limits.required == {"Li", "O"}
    assert limits.anonymous == (1, 1, 2)
    ((old, substitutes),) = limits.replaced
    assert old == "Co"
    assert {"Mn", "Fe", "Ni"} <= substitutes
    assert not {"Na", "F", "Co", "Ir"} & substitutes


def test_that_a_newcomer_that_was_named_takes_the_place_of_who_leaves():
    wish = Limits(required=frozenset({"Sn"}), excluded=frozenset({"Pb"}))
    assert least_change(wish, Composition.parse("CsPbI3")).replaced == (("Pb", frozenset({"Sn"})),)


@pytest.mark.parametrize(
    "heard",
    [
        Limits(formula="SrTiO3"),
        Limits(excluded=frozenset({"Pb"})),
        Limits(excluded=frozenset({"Sr", "Ti", "O"})),
        Limits(excluded=frozenset({"Sr"}), num_elements=2),
    ],
)
def test_that_limits_which_leave_nothing_open_are_not_narrowed(heard):
    assert least_change(heard, Composition.parse("SrTiO3")) == heard


def test_that_a_pivot_which_says_the_parent_again_is_asked_for_once_more_where_the_gap_should_change():
    writer = ScriptedLanguageModel()
    other = headline("SrTiO3", SpaceGroup(62))
    writer.enqueue([[STRONTIUM_TITANATE.description], [other]])
    intent = listen("widen the gap", ParentFacts("SrTiO3", 221))
    written = write_pivot(intent, STRONTIUM_TITANATE, writer, FakePrototypeLibrary(), 0, FakeContext())
    assert (written.text, written.source) == (other, PivotSource.REPAIRED)


def test_that_longer_bonds_must_be_longer_in_the_pivot():
    parent = headline("SrTiO3", SpaceGroup(221)) + " All Ti(1)-O(1) bond lengths are 1.95 Å."
    longer, shorter = (parent.replace("1.95", length) for length in ("2.01", "1.90"))
    writer = ScriptedLanguageModel()
    writer.enqueue([[shorter, longer]])
    answered = Answered(parent, "SrTiO3", 221, 1.8)
    intent = listen("longer bonds", ParentFacts("SrTiO3", 221))
    assert write_pivot(intent, answered, writer, FakePrototypeLibrary(), 0, FakeContext()).text == longer


class Voting(FakePrototypeLibrary):
    """Knows how much speaks for each formula."""

    def __init__(self, **votes: float) -> None:
        super().__init__()
        self._votes = votes

    def decorate(self, composition: Composition, count: int, **wanted: object) -> list[DecoratedPrototype]:
        built = super().decorate(composition, count)
        return [replace(each, score=self._votes.get(composition.formula, -9.0)) for each in built]


def test_that_of_an_open_choice_the_model_is_asked_for_the_exchange_that_known_crystals_speak_for():
    writer = ScriptedLanguageModel()
    intent = listen("use a more abundant element instead of strontium", ParentFacts("SrTiO3", 221))
    assert intent.limits.formula is None
    library = Voting(BaTiO3=-99.0, CaTiO3=-0.5, MgTiO3=-99.0)
    written = write_pivot(intent, STRONTIUM_TITANATE, writer, library, 0, FakeContext())
    assert writer.tasks[0].limits.formula == "CaTiO3"
    assert written.pivot.composition.formula == "CaTiO3"


def test_that_another_seed_may_ask_for_another_exchange():
    intent = listen("use a more abundant element instead of strontium", ParentFacts("SrTiO3", 221))
    library = Voting(BaTiO3=-1.0, CaTiO3=-0.5, MgTiO3=-99.0)
    asked = set()
    for seed in range(12):
        writer = ScriptedLanguageModel()
        write_pivot(intent, STRONTIUM_TITANATE, writer, library, seed, FakeContext())
        asked.add(writer.tasks[0].limits.formula)
    assert asked == {"CaTiO3", "BaTiO3"}


def test_that_another_exchange_of_the_model_is_taken_where_it_does_not_write_that_one():
    assert pivot_of("use a more abundant element instead of strontium", "MgTiO3", "TiMg3O") == "MgTiO3"
