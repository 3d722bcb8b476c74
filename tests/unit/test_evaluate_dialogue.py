"""Dialogues are judged from the pivot alone, and the committed benchmark keeps its promises."""

from __future__ import annotations

import gzip
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import JobCancelled, UserCorrectable
from crystal_studio.domain.pivot_grammar import parse_pivot
from crystal_studio.services.evaluate_dialogue import (
    Dialogue,
    DialogueOutcome,
    Share,
    dialogue_from_dict,
    evaluate_dialogues,
    more_abundant_than,
    outcome_from_dict,
    outcome_to_dict,
    read_dialogues,
    score_pivot,
)

BENCHMARK = Path(__file__).parents[2] / "resources" / "evaluation" / "dialogues.jsonl"
PARENT = (
    "KZnF3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group. "
    "All K(1)-F(1) bond lengths are 2.92 Å. All Zn(1)-F(1) bond lengths are 2.07 Å."
)
LAYERED = (
    "GaTe crystallizes in the hexagonal P6_3/mmc space group. "
    "The structure is two-dimensional and consists of two GaTe sheets oriented in the (0, 0, 1) direction."
)


def pivot(formula: str, system: str = "cubic", symbol: str = "Pm-3m", prototype: str = "", rest: str = "") -> str:
    kind = f" is {prototype} structured and" if prototype else ""
    return f"{formula}{kind} crystallizes in the {system} {symbol} space group.{rest}"


def dialogue(parent: str | None = None, name: str = "d1", **expect: object) -> Dialogue:
    told = parent and {"description": parent, "formula": "KZnF3", "space_group": 221, "band_gap": 3.79}
    row = {"id": name, "source": "hand", "kind": "test", "message": "m", "parent": told, "expect": expect}
    return dialogue_from_dict(row)


MET = [
    (dialogue(required=["Sr", "O"], excluded=["Pb"]), pivot("SrTiO3")),
    (dialogue(any_of=[["F", "Cl"]], num_elements=2), pivot("NaCl")),
    (dialogue(allowed=["Na", "Cl", "Br"]), pivot("NaCl")),
    (dialogue(formula="SrTiO3", space_group=221), pivot("TiSrO3")),
    (dialogue(crystal_system="cubic", prototype="perovskite"), pivot("SrTiO3", prototype="(Cubic) Perovskite")),
    (dialogue(prototype="rock salt"), pivot("NaCl", symbol="Fm-3m", prototype="Halite, Rock Salt")),
    (dialogue(prototype="half-heusler"), pivot("ZrNiSn", symbol="F-43m", prototype="half-Heusler")),
    (dialogue(dimensionality=2), LAYERED),
    (dialogue(dimensionality=3), pivot("NaCl")),
    (dialogue(space_group_ranges=[[1, 194]]), pivot("NaCl", "hexagonal", "P6_3/mmc")),
    (dialogue(PARENT, replaced={"old": "K", "substitutes": ["Rb"]}), pivot("RbZnF3")),
    (dialogue(PARENT, replaced={"old": "Zn", "substitutes": "more_abundant"}), pivot("KMgF3")),
    (dialogue(PARENT, formula="KZnF3", different_from_parent=True), pivot("KZnF3", "orthorhombic", "Pnma")),
    (dialogue(PARENT, formula="KZnF3", bonds="longer"), PARENT.replace("2.92", "3.10").replace("2.07", "2.15")),
    (dialogue(PARENT, bonds="shorter"), PARENT.replace("2.92", "2.80").replace("2.07", "2.00")),
]
NOT_MET = [
    (dialogue(required=["Sr"]), pivot("BaTiO3"), "Sr is missing"),
    (dialogue(excluded=["Ba"]), pivot("BaTiO3"), "Ba is excluded"),
    (dialogue(formula="SrTiO3"), pivot("Sr2TiO4"), "not SrTiO3"),
    (dialogue(space_group=62), pivot("SrTiO3"), "not 62"),
    (dialogue(space_group=62), "SrTiO3 crystallizes in an unknown space group.", "not 62"),
    (dialogue(crystal_system="cubic"), pivot("NaCl", "hexagonal", "P6_3/mmc"), "not cubic"),
    (dialogue(prototype="spinel"), pivot("SrTiO3", prototype="(Cubic) Perovskite"), "not spinel"),
    (dialogue(dimensionality=3), LAYERED, "2-dimensional"),
    (dialogue(space_group_ranges=[[1, 194]]), pivot("NaCl"), "outside"),
    (dialogue(PARENT, replaced={"old": "K", "substitutes": ["Rb"]}), pivot("CsZnF3"), "no permitted substitute"),
    (dialogue(PARENT, replaced={"old": "K", "substitutes": ["Rb"]}), pivot("RbMgF3"), "not to be replaced"),
    (dialogue(PARENT, replaced={"old": "K", "substitutes": ["F"]}), pivot("ZnF2"), "no new element"),
    (dialogue(PARENT, replaced={"old": "Zn", "substitutes": "more_abundant"}), pivot("KCdF3"), "no permitted"),
    (dialogue(PARENT, different_from_parent=True), PARENT, "are the parent's"),
    (dialogue(PARENT, different_from_parent=True), "KZnF3 crystallizes in an unknown space group.", "are the parent's"),
    (dialogue(PARENT, bonds="longer"), PARENT, "not longer"),
    (dialogue(PARENT, bonds="longer"), pivot("KZnF3"), "no bond can be compared"),
]


@pytest.mark.parametrize(("asked", "text"), MET, ids=range(len(MET)))
def test_that_a_pivot_that_does_what_was_asked_is_met(asked, text):
    assert score_pivot(asked, text).reasons == ()
    assert score_pivot(asked, text).met


@pytest.mark.parametrize(("asked", "text", "reason"), NOT_MET, ids=range(len(NOT_MET)))
def test_that_a_pivot_that_does_otherwise_says_why(asked, text, reason):
    score = score_pivot(asked, text)
    assert not score.met
    assert any(reason in sentence for sentence in score.reasons)


@pytest.mark.parametrize(
    "text", ["", "Sure! Here is a crystal for you.", "Qq3 crystallizes in the cubic Pm-3m space group."]
)
def test_that_a_text_without_a_headline_neither_parses_nor_meets(text):
    score = score_pivot(dialogue(), text)
    assert (score.parses, score.met) == (False, False)
    assert score.reasons


def test_that_a_sentence_the_grammar_cannot_read_counts_against_the_pivot():
    score = score_pivot(dialogue(required=["Sr"]), pivot("SrTiO3", rest=" It looks lovely in blue."))
    assert (score.parses, score.met) == (False, False)


def test_that_abundance_follows_the_crust():
    assert {"Ca", "Ba", "K"} <= more_abundant_than("Sr")
    assert not {"Sr", "Pb", "Rb"} & more_abundant_than("Sr")


def test_that_wilsons_interval_holds_its_textbook_value():
    low, high = Share(8, 10).interval
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert Share(0, 0).interval == (0.0, 1.0)


DIALOGUES = [dialogue(name=name, required=["Sr"]) for name in ("a", "b", "c")]
TEXTS = {"a": pivot("SrTiO3"), "b": pivot("BaTiO3"), "c": pivot("SrO", symbol="Fm-3m")}


def write(asked: Dialogue) -> tuple[str, str]:
    return TEXTS[asked.id], "draft" if asked.id == "c" else "model"


def test_that_a_report_counts_what_was_met_and_who_wrote_it():
    report = evaluate_dialogues(DIALOGUES, write)
    assert (report.met.met, report.met.of) == (2, 3)
    assert report.source_shares == {"draft": pytest.approx(1 / 3), "model": pytest.approx(2 / 3)}
    assert report.met_by("pivot_source")["model"].value == 0.5
    assert json.loads(json.dumps(report.to_dict()))["met"]["met"] == 2


def test_that_an_interrupted_run_resumes_without_writing_again():
    stored: list[dict[str, object]] = []

    def stopping(asked: Dialogue) -> tuple[str, str]:
        if asked.id == "c":
            raise JobCancelled("The job was stopped.")
        return write(asked)

    with pytest.raises(JobCancelled):
        evaluate_dialogues(DIALOGUES, stopping, on_outcome=lambda outcome: stored.append(outcome_to_dict(outcome)))
    done = [outcome_from_dict(json.loads(json.dumps(row))) for row in stored]
    written: list[str] = []
    report = evaluate_dialogues(DIALOGUES, lambda asked: (written.append(asked.id), write(asked))[1], done=done)
    assert written == ["c"]
    assert report == evaluate_dialogues(DIALOGUES, write)


def test_that_an_error_of_the_writer_counts_as_not_met():
    def failing(asked: Dialogue) -> tuple[str, str]:
        raise UserCorrectable("The limits contradict each other. Drop one.")

    (outcome,) = evaluate_dialogues(DIALOGUES[:1], failing).outcomes
    assert (outcome.met, outcome.pivot_source) == (False, "none")
    assert "contradict" in outcome.reasons[0]


def test_that_a_missing_or_damaged_file_is_a_clear_error(tmp_path):
    damaged = tmp_path / "dialogues.jsonl"
    damaged.write_text('{"id": "x"}\n')
    for path in (tmp_path / "absent.jsonl", damaged):
        with pytest.raises(UserCorrectable):
            read_dialogues(path)


@pytest.fixture(scope="module")
def benchmark() -> list[Dialogue]:
    return read_dialogues(BENCHMARK)


def test_that_the_benchmark_has_its_promised_make_up(benchmark):
    authors = Counter(asked.author for asked in benchmark)
    assert len(benchmark) == 200
    assert authors["hand"] >= 70
    assert sum(asked.parent is None for asked in benchmark) == 80
    assert len({asked.id for asked in benchmark}) == 200


def test_that_no_expectation_contradicts_itself(benchmark):
    for asked in benchmark:
        limits = asked.expect.limits
        assert not limits.required & limits.excluded, asked.id
        assert not limits.allowed or limits.required <= limits.allowed, asked.id
        assert not limits.formula or not limits.violations(Composition.parse(limits.formula)), asked.id
        assert all(group - limits.excluded for group in limits.any_of), asked.id


def test_that_every_expectation_asks_for_something(benchmark):
    assert all(asked.expect != dialogue().expect for asked in benchmark)


def test_that_repeating_the_parent_meets_no_feedback(benchmark):
    echoed = [asked.id for asked in benchmark if asked.parent and score_pivot(asked, asked.parent.description).met]
    assert echoed == []


def test_that_every_parent_is_read_in_full_and_agrees_with_its_facts(benchmark):
    for asked in benchmark:
        if asked.parent:
            read = parse_pivot(asked.parent.description)
            assert not read.unread, asked.id
            assert read.composition.formula == asked.parent.formula, asked.id
            assert read.space_group.number == asked.parent.space_group, asked.id


def test_that_no_formula_of_the_benchmark_is_trained_on(benchmark, data_folder):
    with gzip.open(data_folder / "crystals" / "train.jsonl.gz", "rt") as lines:
        trained = {json.loads(line)["formula"] for line in lines}
    trained = {Composition.parse(formula).formula for formula in trained}
    parents = {asked.parent.formula for asked in benchmark if asked.parent}
    named = {asked.expect.limits.formula for asked in benchmark}
    assert not trained & (parents | named)


def test_that_the_scripted_rows_can_be_made_again(data_folder, tmp_path):
    from crystal_studio.training.dialogue_benchmark import write_dialogues

    copy = tmp_path / "dialogues.jsonl"
    shutil.copy(BENCHMARK, copy)
    write_dialogues(data_folder, copy)
    assert copy.read_bytes() == BENCHMARK.read_bytes()


def test_that_an_outcome_survives_storing():
    outcome = DialogueOutcome("a", "hand", "gap", "text", "model", True, False, ("no",))
    assert outcome_from_dict(json.loads(json.dumps(outcome_to_dict(outcome)))) == outcome
