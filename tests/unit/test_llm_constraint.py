"""The grammar of constrained decoding: what it lets through is within the limits."""

from __future__ import annotations

import pytest
import torch

from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.llm.base_model import load_tokenizer
from crystal_studio.engines.llm.decoding import Grammar, vocabulary_of
from crystal_studio.engines.llm.pivot_constraint import grammar_of, prototypes_for
from crystal_studio.engines.llm.transformers_nf4 import create
from crystal_studio.engines.llm.writing import readable_part
from crystal_studio.ports.language_model import WritingTask
from crystal_studio.services.interpret import problems
from crystal_studio.training.sft_tiny import make_tiny

PEROVSKITE = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."
REPLACED = Limits(
    required=frozenset({"Ti", "O"}),
    excluded=frozenset({"Sr"}),
    replaced=(("Sr", frozenset({"Ca", "Mg"})),),
    anonymous=(1, 1, 3),
)
LIMITS = {
    "none": Limits(),
    "elements": Limits(required=frozenset({"Sr", "Ti", "O"}), excluded=frozenset({"Pb"})),
    "formula": Limits(formula="SrTiO3"),
    "grouped formula": Limits(formula="Ca3(PO4)2"),
    "replaced": REPLACED,
    "halide": Limits(any_of=(frozenset({"F", "Cl", "Br", "I"}),), num_elements=2, crystal_system="cubic"),
    "only": Limits(allowed=frozenset({"Si", "O"}), space_group=152),
    "layered": Limits(dimensionality=2, required=frozenset({"S"})),
    "framework": Limits(dimensionality=3, required=frozenset({"Al"})),
    "prototype": Limits(prototype="perovskite"),
    "four anions": Limits(required=frozenset({"Cl", "O", "S", "N"}), excluded=frozenset({"Co"})),
    "not cubic": Limits(required=frozenset({"Na"}), excluded_systems=frozenset({"cubic"})),
    "six elements": Limits(num_elements=6),
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    torch.set_num_threads(1)  # two threads on products this small wait for each other on a busy machine
    folder = tmp_path_factory.mktemp("tiny")
    make_tiny(folder / "base", folder / "dialogues")
    return folder / "base"


@pytest.fixture(scope="module")
def accepts(base):
    tokenizer = load_tokenizer(base)
    vocabulary = vocabulary_of(tokenizer, len(tokenizer))

    def check(limits: Limits, text: str) -> bool:
        matcher = Grammar(vocabulary, grammar_of(limits)).matcher()
        tokens = tokenizer(" " + text, add_special_tokens=False)["input_ids"]
        return (
            matcher.validate_tokens(tokens) == len(tokens)
            and matcher.try_consume_tokens(tokens)
            and matcher.is_accepting()
        )

    return check


def headline(formula: str, place: str = "cubic Pm-3m") -> str:
    return f"{formula} crystallizes in the {place} space group."


def test_that_a_headline_with_prototype_is_a_pivot(accepts):
    assert accepts(Limits(), PEROVSKITE)


def test_that_a_layered_crystal_may_state_its_sheets(accepts):
    text = headline("GaTe", "hexagonal P6_3/mmc")
    sheets = " The structure is two-dimensional and consists of two GaTe sheets oriented in the (0, 0, 1) direction."
    assert accepts(Limits(), text + sheets)
    assert not accepts(Limits(dimensionality=3), text + sheets)
    assert not accepts(Limits(dimensionality=2), text)


def test_that_bond_lengths_of_a_kept_formula_may_be_stated(accepts):
    assert accepts(Limits(formula="SrTiO3"), headline("SrTiO3") + " All Ti(1)-O(1) bond lengths are 2.01 Å.")
    assert not accepts(Limits(formula="SrTiO3"), headline("SrTiO3") + " All Ba(1)-O(1) bond lengths are 2.01 Å.")


@pytest.mark.parametrize(
    ("limits", "formula"),
    [
        (LIMITS["elements"], "SrO"),
        (LIMITS["elements"], "SrTiPbO3"),
        (LIMITS["formula"], "BaTiO3"),
        (REPLACED, "SrTiO3"),
        (REPLACED, "BaTiO3"),
        (REPLACED, "CaTi2O3"),
        (LIMITS["halide"], "NaS"),
        (LIMITS["halide"], "NaKCl2"),
        (LIMITS["only"], "AlO2"),
        (Limits(), "OTiSr"),
        (Limits(), "Xx"),
        (Limits(), "TiTiO2"),
        (Limits(), "SrTi13O14"),
    ],
)
def test_that_a_formula_outside_the_limits_cannot_be_written(accepts, limits, formula):
    assert not accepts(limits, headline(formula))


def test_that_an_excluded_crystal_system_cannot_be_written(accepts):
    assert not accepts(LIMITS["not cubic"], headline("NaCl", "cubic Fm-3m"))
    assert accepts(LIMITS["not cubic"], headline("NaCl", "tetragonal P4/mmm"))


def test_that_a_substitute_can_be_written(accepts):
    assert accepts(REPLACED, headline("CaTiO3", "orthorhombic Pnma"))


def test_that_a_symbol_needs_its_own_crystal_system(accepts):
    assert not accepts(Limits(), headline("SrTiO3", "hexagonal Pm-3m"))
    assert not accepts(Limits(crystal_system="cubic"), headline("NaCl", "tetragonal P4/mmm"))
    assert accepts(Limits(space_group=152, allowed=frozenset({"Si", "O"})), headline("SiO2", "trigonal P3_121"))


def test_that_an_asked_prototype_must_be_named(accepts):
    assert accepts(Limits(prototype="perovskite"), PEROVSKITE)
    assert not accepts(Limits(prototype="perovskite"), headline("SrTiO3"))
    assert prototypes_for("no such thing") == ("No such thing",)


@pytest.mark.parametrize("limits", LIMITS.values(), ids=LIMITS.keys())
def test_that_whatever_a_random_model_writes_is_within_the_limits(base, limits):
    writer = create(base, {"precision": "float32", "max_tokens": 400})
    for text in writer.write_pivots(WritingTask("anything", limits), 3, 11, FakeContext()):
        found = [problem for problem in problems(text, limits) if "atoms a formula unit" not in problem]
        assert found == [], text


def test_that_limits_which_nothing_meets_give_an_empty_text(base):
    writer = create(base, {"precision": "float32", "max_tokens": 40})
    impossible = Limits(allowed=frozenset({"O"}), num_elements=3)
    assert writer.write_pivots(WritingTask("anything", impossible), 1, 0, FakeContext()) == [""]


def test_that_a_sentence_on_a_foreign_element_is_cut():
    foreign = " All Ba(1)-O(1) bond lengths are 2.01 Å."
    assert readable_part(PEROVSKITE + foreign) == PEROVSKITE
    assert readable_part(PEROVSKITE + " All Ti(1)-O(1) bond len") == PEROVSKITE
    assert readable_part("nonsense") == "nonsense"
