"""Text faithfulness on fakes: the conditions, the shuffle, the verdict."""

from __future__ import annotations

import json
from functools import cached_property

import numpy as np
import pytest

from crystal_studio.domain.composition import Composition, is_formula
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_aligner import FakeAligner
from crystal_studio.engines.fake.fake_checker import FakeChecker
from crystal_studio.engines.fake.fake_comparer import FakeComparer
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.services.evaluate import EvaluationRow, rows_of
from crystal_studio.services.evaluate_text import TextEvaluation, TextSettings, with_shuffled_texts
from crystal_studio.services.evaluate_text_table import text_table, text_text

_HALITE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
_PAIRS = [("Na", "Cl"), ("K", "Br"), ("Li", "F"), ("Mg", "O"), ("Ca", "S"), ("Rb", "I"), ("Cs", "Cl"), ("Ag", "Br")]


def halite(cation: str, anion: str) -> Crystal:
    return Crystal(_HALITE * 5.6, (cation, anion), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


def rows() -> list[EvaluationRow]:
    crystals = [halite(*pair) for pair in _PAIRS]
    records = [
        {"id": f"r{i}", "spacegroup": 225, "text": f"{crystal.formula} crystallizes in Fm-3m.", **crystal.to_dict()}
        for i, crystal in enumerate(crystals)
    ]
    return rows_of(records)


class Reader:
    """A sampler that reads the formula of the text, where it may choose; deaf when told to be."""

    def __init__(self, deaf: bool = False) -> None:
        self._deaf = deaf
        self.requests = []

    def sample(self, request, context):
        self.requests.append(request)
        first = request.text.split(" ")[0]
        formula = first if not self._deaf and is_formula(first) else "NaCl"
        named = Composition.parse(formula).species()
        return [
            halite(*(given or own for given, own in zip(state.species, named, strict=True))) for state in request.states
        ]


class Sees:
    def impose(self, crystal, template, symprec_angstrom=0.1):
        return crystal

    def space_group(self, crystal, symprec_angstrom=0.1):
        return SpaceGroup(225, symprec_angstrom)


class Engines:
    def __init__(self, deaf: bool = False) -> None:
        self._deaf = deaf

    @cached_property
    def sampler(self):
        return Reader(self._deaf)

    prototypes = FakePrototypeLibrary()
    aligner = FakeAligner()
    checker = FakeChecker()
    comparer = FakeComparer()
    symmetrizer = Sees()


def table_of(engines: Engines):
    evaluation = TextEvaluation(engines, TextSettings(draws=1))
    found = [evaluation.outcome(row, FakeContext()) for row in with_shuffled_texts(rows(), 0)]
    return text_table([json.loads(json.dumps(outcome)) for outcome in found], engines.comparer)


def test_that_a_shuffled_text_is_of_another_formula_with_as_many_atoms():
    odd = Crystal(np.eye(3) * 4, ("Na", "Na", "O"), np.eye(3) / 2)
    lonely = EvaluationRow("lonely", odd, "Na2O", 225, "Na2O crystallizes.")
    paired = with_shuffled_texts([*rows(), lonely, EvaluationRow("mute", halite("Na", "Cl"), "NaCl")], 0)
    assert len(paired) == len(_PAIRS)
    texts = {row.row.text for row in paired}
    assert all(row.shuffled in texts and not row.shuffled.startswith(row.row.formula) for row in paired)


def test_that_all_conditions_of_a_row_share_their_seed_and_states():
    engines = Engines()
    row = with_shuffled_texts(rows(), 0)[0]
    TextEvaluation(engines, TextSettings(draws=2)).outcome(row, FakeContext())
    true, shuffled, none = engines.sampler.requests
    assert (true.text, shuffled.text, none.text) == (row.row.text, row.shuffled, "")
    assert true.seed == shuffled.seed == none.seed
    assert true.states == shuffled.states == none.states
    species = [state.species for state in true.states]
    assert species[:4] == [(None, None)] * 2 + [("Na", "Cl")] * 2


def test_that_a_model_that_reads_the_formula_is_said_to_use_the_text():
    table = table_of(Engines())
    assert {"composition", "elements", "match", "both"} <= set(table.used_for("free"))
    assert "space_group" not in table.used_for("free")  # every draw has it, whatever the text
    told = table.to_dict()
    assert told["n"] == len(_PAIRS)
    assert told["text_is_used"]["free"] is True
    assert told["true_minus_shuffled"]["free"]["composition"]["value"] == pytest.approx(1.0, abs=0.2)


def test_that_a_deaf_model_is_said_not_to_use_the_text():
    table = table_of(Engines(deaf=True))
    assert not any(table.used_for(variant) for variant in ("free", "locked", "default"))
    assert "free: the text is not used" in text_text(table)


def test_that_given_species_earn_no_credit_for_composition():
    gains = table_of(Engines()).gains
    assert "composition" in gains["free"]
    assert "composition" not in gains["locked"]
    assert "composition" not in gains["default"]


def test_that_the_guidance_scale_reaches_the_sampler_and_old_journals_still_count():
    engines = Engines()
    TextEvaluation(engines, TextSettings(guidance=3.0)).outcome(with_shuffled_texts(rows(), 0)[0], FakeContext())
    assert [request.guidance for request in engines.sampler.requests] == [3.0] * 3
    assert "guidance" not in TextSettings().to_dict()


def test_that_equal_draws_are_not_unique():
    lines = {(line.variant, line.condition): line for line in table_of(Engines(deaf=True)).lines}
    assert lines["free", "true"].unique == 0.0
    assert lines["locked", "true"].unique == 1.0


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"prototypes": 0}, {"strength": 1.5}, {"guidance": -1}])
def test_that_settings_out_of_range_are_refused(wrong):
    with pytest.raises(UserCorrectable):
        TextSettings(**wrong)
