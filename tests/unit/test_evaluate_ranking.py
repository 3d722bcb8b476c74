"""Rankings on fakes: who is chosen by what, beside a blind choice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.measured import Measured
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.ports.prototype_library import DecoratedPrototype
from crystal_studio.services.evaluate import EvaluationRow
from crystal_studio.services.evaluate_ranking import (
    RANKINGS,
    RankingEvaluation,
    RankingSettings,
    Template,
    chosen,
)
from crystal_studio.services.evaluate_ranking_table import ANY, RANDOM, ranking_table, ranking_text

CELL = np.eye(3) * 4
TRUE = Crystal(CELL, ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
WRONG = Crystal(CELL, ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.0, 0.0]]))


def template(matches: bool = False, share: float = 0.1, group: bool = False, **scores: float) -> Template:
    above = scores.pop("above_hull", 0.0)
    return Template(matches, share, group, {"formula": 0.0, "pivot": 0.0, **scores}, above)


def decorated(crystal: Crystal, share: float) -> DecoratedPrototype:
    return DecoratedPrototype(crystal, f"a prototype of share {share}", None, 221, share, share)


def row(text: str = "NaCl crystallizes in the cubic Pm-3m space group.") -> EvaluationRow:
    return EvaluationRow("r1", TRUE, "NaCl", 221, text)


def outcome_of(asked: EvaluationRow, engines: FakeEngines | None = None) -> dict:
    engines = engines or FakeEngines()
    engines.prototypes.script.enqueue([[decorated(WRONG, 0.7), decorated(TRUE, 0.3)]])
    (found,) = RankingEvaluation(engines, RankingSettings()).outcomes([asked], FakeContext())
    return json.loads(json.dumps(found))


def test_that_each_score_chooses_by_what_it_is_named_for() -> None:
    likely, aligned = template(share=0.9), template(share=0.2, pivot=0.1, formula=0.9)
    of_group, stable = template(share=0.05, group=True), template(share=0.04, above_hull=-1.0)
    templates = [likely, aligned, of_group, stable]
    expected = {
        "share of the votes": likely,
        "alignment with the formula": aligned,
        "alignment with the short pivot": aligned,
        "share and bonus for the pivot's space group": of_group,
        "predicted energy above the hull": stable,
        "share and predicted energy": stable,
    }
    assert {name: chosen(templates, RANKINGS[name]) for name in expected} == expected


def test_that_the_first_of_equal_candidates_is_chosen() -> None:
    first, second = template(share=0.5), template(share=0.5, matches=True)
    assert chosen([first, second], RANKINGS["share of the votes"]) is first


def test_that_a_row_tells_of_each_template_what_it_could_be_ranked_by() -> None:
    engines = FakeEngines()
    engines.e_above_hull.script.enqueue([[Measured(0.2, "eV/atom", 0.1, "PBE"), Measured(0.1, "eV/atom", 0.1, "PBE")]])
    engines.symmetrizer.script.enqueue([225, 221])
    wrong, true = outcome_of(row(), engines)["templates"]
    assert (wrong["matches"], true["matches"]) == (False, True)
    assert (wrong["share"], true["share"]) == (0.7, 0.3)
    assert (wrong["of_pivots_group"], true["of_pivots_group"]) == (False, True)
    assert (wrong["above_hull"], true["above_hull"]) == (0.2, 0.1)
    assert set(true["alignment"]) == {"formula", "pivot", "description"}


def test_that_the_compound_itself_is_no_template() -> None:
    engines = FakeEngines()
    asked: list[frozenset[str]] = []
    decorate = engines.prototypes.decorate

    def spy(*arguments, **options):
        asked.append(options["exclude_formulas"])
        return decorate(*arguments, **options)

    engines.prototypes.decorate = spy
    RankingEvaluation(engines, RankingSettings()).outcomes([row()], FakeContext())
    assert asked == [frozenset({"NaCl"})]


def test_that_the_table_sets_every_ranking_beside_a_blind_choice() -> None:
    table = ranking_table([outcome_of(row()), outcome_of(row(text=""))])
    lines = {line.ranked_by: line for line in table.lines}
    assert (table.rows, table.templates) == (2, 2)
    assert lines["share of the votes"].match.value == 0.0
    assert lines[RANDOM].match.value == 0.5
    assert lines[ANY].match.value == 1.0
    assert lines["share of the votes"].over_random.value == -0.5
    assert lines["alignment with the description"].rows == 1  # the other row has none
    told = ranking_text(table)
    assert all(name in told for name in (*RANKINGS, RANDOM, ANY))


def test_that_a_row_without_any_template_is_a_miss_for_every_ranking() -> None:
    engines = FakeEngines()
    odd = EvaluationRow(
        "r2", Crystal(CELL, ("Na",) * 3 + ("Cl",) * 7, np.random.default_rng(0).random((10, 3))), "Na3Cl7"
    )
    (nothing,) = RankingEvaluation(engines, RankingSettings()).outcomes([odd], FakeContext())
    assert nothing["templates"] == []
    assert {line.match.value for line in ranking_table([nothing]).lines} == {0.0}


def test_that_one_template_cannot_be_ranked() -> None:
    with pytest.raises(UserCorrectable, match="2 or more"):
        RankingSettings(templates=1)
