"""Strength against kind of feedback, on fakes: what is said, what is drawn, how it is judged."""

from __future__ import annotations

import json

import numpy as np
import pytest

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.services.evaluate import EvaluationRow
from crystal_studio.services.evaluate_feedback import (
    FURTHER,
    KINDS,
    MENDED,
    NARROWER,
    REPLACED,
    RESHAPED,
    STABLER,
    WIDER,
    FeedbackEvaluation,
    FeedbackSettings,
)
from crystal_studio.services.evaluate_feedback_table import feedback_table, feedback_text

STRENGTHS = (0.05, 0.4)
HALITE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
TEXT = "NaCl is Halite, Rock Salt structured and crystallizes in the cubic Fm-3m space group."


def row(species: tuple[str, ...] = ("Na", "Cl")) -> EvaluationRow:
    crystal = Crystal(HALITE * 5.6, species, np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    return EvaluationRow("r1", crystal, crystal.formula, 225, TEXT if species == ("Na", "Cl") else "")


def outcome_of(engines: FakeEngines, asked: EvaluationRow | None = None, draws: int = 4) -> dict:
    evaluation = FeedbackEvaluation(engines, FeedbackSettings(strengths=STRENGTHS, draws=draws))
    (found,) = evaluation.outcomes([asked or row()], FakeContext())
    return json.loads(json.dumps(found))


def test_that_every_kind_is_drawn_at_every_strength_from_the_parent_alone() -> None:
    engines = FakeEngines()
    kinds = outcome_of(engines)["kinds"]
    assert set(kinds) == set(KINDS)
    for verdicts in kinds.values():
        assert [one["strength"] for one in verdicts] == [0.05] * 4 + [0.4] * 4
    states = [state for request in engines.sampler.requests for state in request.states]
    assert {state.start for state in states} == {Start.PARENT}
    assert len(engines.sampler.requests) == 5  # three kinds keep parent and pivot, and share their draws


def test_that_every_other_draw_keeps_the_parents_symmetry_and_so_does_a_stretched_one() -> None:
    kinds = outcome_of(FakeEngines())["kinds"]
    assert [one["keeps"] for one in kinds[WIDER][:4]] == [True, False, True, False]
    assert [one["keeps"] for one in kinds[FURTHER][:4]] == [True, True, True, False]


def test_that_a_kept_composition_keeps_the_description_and_a_replacement_rewrites_the_headline() -> None:
    engines = FakeEngines()
    outcome_of(engines)
    texts = [request.text for request in engines.sampler.requests]
    assert texts[:3] == [TEXT] * 3
    assert texts[3].endswith("crystallizes in the cubic Fm-3m space group.")
    assert not texts[3].startswith("NaCl")
    (swapped,) = {state.allowed for state in engines.sampler.requests[3].states}
    assert len(swapped) == 1  # the new element, and no other, may be revealed


def test_that_goals_are_judged_by_the_programs_own_measure() -> None:
    engines = FakeEngines()
    engines.band_gap.script.enqueue([[Measured(1.0, "eV", 0.1, "PBE")], [Measured(1.5, "eV", 0.1, "PBE")] * 8])
    kinds = outcome_of(engines)["kinds"]
    assert all(one["met"] for one in kinds[WIDER])
    assert not any(one["met"] for one in kinds[NARROWER])
    assert {one["change"] for one in kinds[WIDER]} == {0.5}


def test_that_a_draw_that_fails_a_check_meets_nothing() -> None:
    engines = FakeEngines()
    collapsed = Crystal(HALITE * 5.6, ("Na", "Cl"), np.array([[0, 0, 0], [0.01, 0, 0]]))
    engines.sampler.script.enqueue([[collapsed] * 8])
    kinds = outcome_of(engines)["kinds"]
    free = [one for one in kinds[STABLER] if not one["keeps"]]
    assert not any(one["valid"] or one["met"] or one["same"] for one in free)


def test_that_gaps_are_not_spoken_of_where_there_is_none() -> None:
    engines = FakeEngines()
    engines.band_gap.script.enqueue([[Measured(0.05, "eV", 0.1, "PBE")]])
    assert not {WIDER, NARROWER} & set(outcome_of(engines)["kinds"])


def test_that_another_crystal_system_is_met_by_leaving_the_parents() -> None:
    engines = FakeEngines()
    parent = row().crystal.content_hash
    engines.symmetrizer.space_group = lambda crystal, symprec_angstrom=0.1: SpaceGroup(
        225 if crystal.content_hash == parent else 12, symprec_angstrom
    )
    assert all(one["met"] for one in outcome_of(engines)["kinds"][RESHAPED] if not one["keeps"])
    assert not any(one["met"] for one in outcome_of(FakeEngines())["kinds"][RESHAPED])  # which finds cubic everywhere


def test_that_one_seed_gives_one_outcome() -> None:
    first, second = (outcome_of(FakeEngines()) for _ in range(2))
    assert first["kinds"] == second["kinds"]


def test_that_the_table_has_a_line_for_each_kind_and_strength() -> None:
    table = feedback_table([outcome_of(FakeEngines()), outcome_of(FakeEngines())])
    assert [(line.kind, line.strength) for line in table.lines] == [
        (kind, strength) for kind in KINDS for strength in STRENGTHS
    ]
    line = next(one for one in table.lines if one.kind == MENDED)
    assert line.rows == 2
    assert line.kept.valid.value == 1.0
    assert line.rounds_met.of == 2
    assert line.rounds_met.interval[0] < 0.5  # two rounds prove little, whatever they found
    told = feedback_text(table)
    assert told.count("\n") == 2 + len(table.lines) + 3
    assert all(kind in told for kind in KINDS)
    json.dumps(table.to_dict(), allow_nan=False)


def test_that_replacing_an_element_tells_the_energy_against_the_plain_swap() -> None:
    kinds = outcome_of(FakeEngines())["kinds"]
    kept = [one for one in kinds[REPLACED] if one["keeps"]]
    assert all(one["met"] and one["same"] for one in kept)
    assert all(one["change"] == pytest.approx(0.0, abs=1e-9) for one in kept)  # the fake's symmetry restores the start


@pytest.mark.parametrize("wrong", [{"strengths": ()}, {"strengths": (0.1, 1.5)}, {"strengths": (0.0,)}, {"draws": 0}])
def test_that_settings_out_of_range_are_refused(wrong) -> None:
    with pytest.raises(UserCorrectable):
        FeedbackSettings(**wrong)
