"""Which of the model's alternatives becomes the pivot."""

from __future__ import annotations

from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.engines.fake.scripted_language_model import ScriptedLanguageModel
from crystal_studio.services.interpret import Answered, write_pivot
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
