"""`crystal-studio evaluate all` over fakes: the table, its page, single parts, what was not run, Ctrl-C."""

from __future__ import annotations

import argparse
import io
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.cli import evaluate
from crystal_studio.cli.console import Stop
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_comparer import FakeComparer
from crystal_studio.engines.sampling.retrieval import NearestTemplates
from crystal_studio.services.evaluate import Figure, rows_of
from crystal_studio.services.evaluate_all import chosen, parts
from crystal_studio.services.evaluate_all_lines import LINES, Aim
from crystal_studio.services.evaluate_all_reuse import holds, read_journal
from crystal_studio.services.evaluate_all_table import all_table, table_page, table_text, verdict
from crystal_studio.services.evaluate_csp import CspSettings
from crystal_studio.services.evaluate_free import FreeEvaluation, FreeSettings
from crystal_studio.services.evaluate_pivot import PivotEvaluation, PivotSettings, asked_of, pivot_states
from crystal_studio.services.evaluate_recovery import RecoveryEvaluation, RecoverySettings

_PAIRS = [("Na", "Cl"), ("K", "Br"), ("Li", "F"), ("Mg", "O"), ("Ca", "S"), ("Rb", "I"), ("Cs", "Cl"), ("Ag", "Br")]
_HALITE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


@dataclass
class Judged(FakeEngines):
    """Fakes for everything that an evaluation asks for."""

    default_comparer: FakeComparer = field(default_factory=FakeComparer)

    def nearest_templates(self, rows):
        return NearestTemplates.from_rows(rows)

    def identities(self):
        return {"denoiser": "d@1", "prototypes": "p@2", "aligner": "a@3", "relaxer": "r@4", "predictor": "g@5"}


class WithoutRelaxer(Judged):
    @property
    def relaxer(self):
        raise Unavailable("There is no relaxer. Import one.")

    @relaxer.setter
    def relaxer(self, value):
        pass


def load_fakes(model_id: str | None) -> Judged:
    return Judged()


def halite(cation: str, anion: str) -> Crystal:
    return Crystal(_HALITE * 5.6, (cation, anion), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


def chain(cation: str, anion: str) -> Crystal:
    """Ten atoms in a row."""
    frac = np.array([[index / 10, 0, 0] for index in range(10)])
    return Crystal(np.diag([28.0, 5.0, 5.0]), (cation, anion) * 5, frac)


def read(name: str) -> list[dict]:
    pairs = _PAIRS[:3] if name == "train" else _PAIRS[3:]
    crystals = [halite(*pair) for pair in pairs]
    crystals += [chain("Mg", "O")] if name == "test" else []
    rows = []
    for number, crystal in enumerate(crystals):
        formula = crystal.formula
        row = {"id": f"{name}-{number}", "spacegroup": 225, **crystal.to_dict()}
        row["text"] = f"{formula} is Halite, Rock Salt structured and crystallizes in the cubic Fm-3m space group."
        row |= {"megnet_gap": 2.0} if name == "megnet_test" else {}
        row |= {"prompt": f"{formula} crystal lattice exhibiting cubic symmetry"} if name == "chemeleon" else {}
        rows.append(row)
    return rows


def program(loader=load_fakes, stop: Stop | None = None, reader=read) -> Program:
    return Program(io.StringIO(), stop or Stop(), "0", None, loader, None, reader, Path(), None)


def evaluated(told: Program, *words: str, folder: Path, workers: int = 1) -> list[str]:
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    words = ("all", *words, "--workers", str(workers), "--out", str(folder), "--page", str(folder / "page.md"))
    arguments = parser.parse_args(["evaluate", *words])
    assert arguments.run(arguments, told) == 0
    return told.out.getvalue().splitlines()


def lines_of(told: str) -> dict[str, dict]:
    return {line["key"]: line for line in json.loads(told)["lines"]}


def test_that_every_line_is_measured_and_written_as_json_and_as_a_page(tmp_path):
    (told,) = evaluated(program(), "--limit", "2", "--json", folder=tmp_path)
    lines = lines_of(told)
    assert [key for key, line in lines.items() if line["status"] != "measured"] == []
    assert json.loads((tmp_path / "page.json").read_text()) == json.loads(told)
    page = (tmp_path / "page.md").read_text()
    assert all(wanted.title in page for wanted in LINES)
    assert "crystal-studio evaluate all --split test --limit 2" in page
    assert "`d@1`" in page
    assert lines["gap"]["n"] == 2
    assert lines["speed"]["n"] == 1  # one row has ten atoms


def test_that_figures_are_those_of_the_rows(tmp_path):
    (told,) = evaluated(program(), "--only", "A,gap", "--json", folder=tmp_path)
    lines = lines_of(told)
    match = lines["A"]["values"][0]
    assert (lines["A"]["n"], match["value"], match["verdict"]) == (6, pytest.approx(5 / 6), "reached")  # not the chain
    errors = [abs(one.value - 2.0) for one in Judged().band_gap.predict([halite(*pair) for pair in _PAIRS[3:]])]
    assert lines["gap"]["values"][0]["value"] == pytest.approx(np.mean(errors))


def test_that_parts_that_were_not_run_are_told_so_and_have_no_figures(tmp_path):
    (told,) = evaluated(program(), "--only", "gap", "--json", folder=tmp_path)
    lines = lines_of(told)
    assert lines["C"]["status"] == "not run"
    assert lines["C"]["values"] == []
    assert "| C: best pick of ten, with CHGNet |  | not run |" in (tmp_path / "page.md").read_text()


def test_that_a_part_run_alone_before_is_told_again(tmp_path):
    evaluated(program(), "--only", "gap", folder=tmp_path)
    (told,) = evaluated(program(), "--only", "A:2", "--json", folder=tmp_path)
    lines = lines_of(told)
    assert (lines["gap"]["status"], lines["A"]["n"]) == ("measured", 2)


def test_that_finished_rows_are_not_drawn_again(tmp_path):
    evaluated(program(), "--only", "A,pivot,free", folder=tmp_path)
    engines = Judged()
    first = (tmp_path / "page.md").read_text()
    evaluated(program(lambda model: engines), "--only", "A,pivot,free", folder=tmp_path)
    assert engines.sampler.requests == []
    assert (tmp_path / "page.md").read_text() == first


def test_that_two_runs_with_one_seed_agree(tmp_path):
    words = ("--only", "A,noise,pivot,free,C,best20,recovered-true,gap", "--json")
    (first,) = evaluated(program(), *words, folder=tmp_path / "one")
    (second,) = evaluated(program(), *words, folder=tmp_path / "two")
    assert first == second


def test_that_rows_of_evaluate_csp_are_taken_over(tmp_path):
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    journal = tmp_path / "csp-test.jsonl"
    arguments = parser.parse_args(["evaluate", "csp", "--limit", "6", "--workers", "1", "--out", str(journal)])
    arguments.run(arguments, program())
    engines = Judged()
    (told,) = evaluated(program(lambda model: engines), "--only", "A,noise,C", "--json", folder=tmp_path)
    assert engines.sampler.requests == []
    assert lines_of(told)["C"]["n"] == 6
    assert "6 of the rows were measured by `evaluate csp`" in (tmp_path / "page.md").read_text()


def test_that_a_journal_by_another_model_or_with_other_numbers_is_left_alone():
    wanted = CspSettings(starts=("default",))
    header = {"data": "test", "models": {"denoiser": "d@1"}, **wanted.to_dict()}
    found = {"kind": "csp", "data": "test", "models": {"denoiser": "d@1"}, **CspSettings().to_dict()}
    assert holds(found, header, wanted)
    assert not holds({**found, "models": {"denoiser": "d@2"}}, header, wanted)
    assert not holds({**found, "relax_best": 7}, header, wanted)
    assert not holds({**found, "starts": ["noise"]}, header, wanted)
    assert not holds({**found, "data": "val"}, header, wanted)


def test_that_a_half_written_last_row_of_a_journal_is_not_read(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"settings":{"kind":"csp"}}\n{"id":"a"}\n{"id":"b"')
    settings, outcomes = read_journal(path)
    assert (settings["kind"], list(outcomes)) == ("csp", ["a"])


def test_that_a_missing_model_leaves_the_other_parts_their_figures(tmp_path):
    (told,) = evaluated(program(lambda model: WithoutRelaxer()), "--only", "C,A", "--json", folder=tmp_path)
    lines = lines_of(told)
    assert lines["C"]["reason"] == "There is no relaxer. Import one."
    assert lines["A"]["status"] == "measured"


def test_that_a_run_without_a_single_figure_is_an_error(tmp_path):
    with pytest.raises(Unavailable, match="no relaxer"):
        evaluated(program(lambda model: WithoutRelaxer()), "--only", "C", folder=tmp_path)


def test_that_ctrl_c_keeps_finished_rows_on_the_page_and_a_second_run_goes_on(tmp_path):
    stop = Stop()

    def stopping(model: str | None) -> Judged:
        engines = Judged()
        sample = engines.sampler.sample

        def stop_later(request, context):
            stop.requested = any(_rows(path) >= 2 for path in tmp_path.glob("all/pivot-*"))
            return sample(request, context)

        engines.sampler.sample = stop_later
        return engines

    with pytest.raises(JobCancelled):
        evaluated(program(stopping, stop, read_many), "--only", "A:2,pivot", folder=tmp_path)
    page = (tmp_path / "page.md").read_text()
    assert "of 30" in page
    (told,) = evaluated(program(reader=read_many), "--only", "A:2,pivot", "--json", folder=tmp_path)
    assert lines_of(told)["pivot-short"]["n"] == 30


def load_dying(model_id: str | None) -> Judged:
    """Fakes that end the process they draw in."""
    engines = Judged()
    engines.sampler.sample = lambda *_: os._exit(1)
    return engines


def test_that_a_worker_that_dies_is_told_and_does_not_hang_the_run(tmp_path):
    with pytest.raises(Unavailable, match="worker process ended"):
        evaluated(program(load_dying), "--only", "free", folder=tmp_path, workers=2)


def test_that_several_processes_find_what_one_finds(tmp_path):
    (alone,) = evaluated(program(), "--only", "pivot", "--json", folder=tmp_path / "one")
    (together,) = evaluated(program(), "--only", "pivot", "--json", folder=tmp_path / "two", workers=2)
    assert alone == together


def _rows(path: Path) -> int:
    return path.read_text().count("\n") - 1


def read_many(name: str) -> list[dict]:
    return [{**row, "id": f"{row['id']}-{copy}"} for row in read(name) for copy in range(5)]


def test_that_the_page_of_the_project_is_not_written_by_a_trial(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    for words in (["--limit", "1"], ["--only", "gap:1"], ["--scale", "0.1"]):
        arguments = parser.parse_args(["evaluate", "all", *words, "--workers", "1"])
        arguments.run(arguments, program())
    assert not (tmp_path / "docs").exists()
    assert (tmp_path / "runs" / "evaluate" / "evaluation-trial.md").is_file()
    arguments = parser.parse_args(["evaluate", "all", "--only", "gap", "--workers", "1"])
    arguments.run(arguments, program())
    assert (tmp_path / "docs" / "evaluation.md").is_file()


@pytest.mark.parametrize("words", [("--only", "D"), ("--only", ""), ("--only", "A:none"), ("--scale", "2"),
                                   ("--limit", "0")])  # fmt: skip
def test_that_bad_options_are_refused(tmp_path, words):
    with pytest.raises(UserCorrectable):
        evaluated(program(), *words, folder=tmp_path)


def test_that_a_scale_makes_every_part_smaller():
    full = {part.name: part for part in parts()}
    small = {part.name: part for part in chosen(parts(), None, 0.01, None)}
    assert (full["A"].limit, small["A"].limit, small["C"].limit, small["best20"].limit) == (500, 5, 2, 1)
    rows = read("megnet_test") * 20
    records = [{**row, "id": str(number)} for number, row in enumerate(rows)]
    assert len(full["gap"].rows(records, 0)) == 100
    assert len(small["gap"].rows(records, 0)) == 1


def test_that_every_line_has_a_part():
    assert {wanted.part for wanted in LINES} == {part.name for part in parts()}


@pytest.mark.parametrize(("value", "low", "high", "told"), [
    (0.85, 0.8, 0.9, "reached"), (0.81, 0.7, 0.9, "not reached, goal within the interval"),
    (0.5, 0.4, 0.6, "not reached"),
])  # fmt: skip
def test_that_a_goal_is_judged_with_its_interval(value, low, high, told):
    assert verdict(Aim("match", "%", float, 82.0), Figure(value, low, high)) == told


def test_that_a_smaller_error_than_the_goal_reaches_it():
    aim = Aim("MAE", "eV", float, 0.25, higher_is_better=False)
    assert verdict(aim, Figure(0.2, 0.1, 0.3)) == "reached"
    assert verdict(aim, Figure(0.3, 0.2, 0.4)) == "not reached, goal within the interval"
    assert verdict(aim, Figure(0.5, 0.4, 0.6)) == "not reached"


def test_that_a_table_of_nothing_invents_nothing():
    table = all_table({}, "crystal-studio evaluate all")
    assert all(line["values"] == [] for line in table.to_dict()["lines"])
    assert table_text(table).count("not run") == len(LINES)
    assert table_page(table).count("| not run |") == len(LINES)


def test_that_a_pivot_is_asked_for_by_what_its_text_says():
    (row, *_) = rows_of(read("test"))
    asked = asked_of(row)
    assert (asked.formula, asked.space_group, asked.prototype) == ("MgO", 225, "Halite, Rock Salt")
    assert asked.text == row.text
    (state, *_) = pivot_states(row, asked, Judged().prototypes, PivotSettings())
    assert "Halite" in state.origin


def test_that_a_space_group_without_a_template_is_built_and_one_that_cannot_be_built_is_told():
    (row, *_) = rows_of(read("test"))
    prototypes = Judged().prototypes
    prototypes.decorate = lambda *_, **__: []
    (state, *_) = pivot_states(row, asked_of(row), prototypes, PivotSettings())
    assert state.origin.startswith("Wyckoff")
    prototypes.drafts = raise_that_it_does_not_fit
    (state,) = pivot_states(row, asked_of(row), prototypes, PivotSettings())
    assert state.origin == "noise, 2 atoms"


def raise_that_it_does_not_fit(*_, **__):
    raise UserCorrectable("MgO cannot have this space group. Name another.")


def test_that_a_draw_in_another_space_group_is_not_as_asked():
    rows = rows_of(read("test"))[:1]
    engines = Judged()
    (found,) = PivotEvaluation(engines, PivotSettings()).outcomes(rows, FakeContext())
    assert found["enforced"] is found["not_enforced"] is True
    engines.symmetrizer.otherwise = 221
    (found,) = PivotEvaluation(engines, PivotSettings()).outcomes(rows, FakeContext())
    assert found["enforced"] is found["not_enforced"] is found["first"] is False


def test_that_free_draws_are_given_no_species_and_judged_with_and_without_their_text():
    rows = rows_of(read("test"))[:1]
    engines = Judged()
    (found,) = FreeEvaluation(engines, FreeSettings()).outcomes(rows, FakeContext())
    assert [request.text for request in engines.sampler.requests] == ["", rows[0].text]
    assert all(state.species == (None, None) for request in engines.sampler.requests for state in request.states)
    assert found["none"]["formula"] == "NaCl"  # the fake's only crystal
    assert (found["none"]["valid_composition"], found["text"]["composition"], found["text"]["both"]) == (
        True,
        False,
        False,
    )


def recovered(prompt: str, atoms: str = "true", engines: Judged | None = None, crystal: Crystal | None = None) -> dict:
    row = {"id": "one", "spacegroup": 225, **(crystal or halite("Mg", "O")).to_dict()}
    engines = engines or Judged()
    evaluation = RecoveryEvaluation(engines, FakeComparer(), {"one": prompt}, RecoverySettings(atoms))
    (found,) = evaluation.outcomes(rows_of([row], None), FakeContext())
    return found


@pytest.mark.parametrize("atoms", ["true", "predicted"])
def test_that_a_crystal_is_recovered_from_the_formula_and_system_in_its_prompt(atoms):
    found = recovered("MgO crystal lattice exhibiting cubic symmetry", atoms)
    assert found["recovered"] is found["formula_heard"] is True
    assert (found["system_heard"], found["draws"]) == ("cubic", 20)
    assert "Halite" in found["from"]


def test_that_nothing_but_the_prompt_says_which_compound_it_is():
    found = recovered("CaS crystal lattice exhibiting cubic symmetry")
    assert (found["recovered"], found["formula_heard"]) == (False, False)


def test_that_prototypes_of_another_crystal_system_are_not_drawn():
    engines = Judged()
    recovered("MgO crystal lattice exhibiting tetragonal symmetry", engines=engines)
    (request,) = engines.sampler.requests
    assert all(state.crystal is None for state in request.states)


def test_that_a_prompt_in_which_nothing_is_heard_counts_as_not_recovered():
    found = recovered("good morning")
    assert (found["recovered"], found["draws"]) == (False, 0)


def test_that_a_cell_that_is_too_large_for_the_models_counts_as_not_recovered():
    large = Crystal(np.diag([80.0, 5.0, 5.0]), ("Mg", "O") * 15, np.array([[index / 30, 0, 0] for index in range(30)]))
    found = recovered("MgO crystal lattice exhibiting cubic symmetry", crystal=large)
    assert (found["recovered"], found["num_atoms"], found["draws"]) == (False, 30, 0)


def test_that_a_derived_prototype_is_asked_for_as_such():
    (row, *_) = rows_of([{**read("test")[0], "text": "MgO is Fluorite-derived structured and crystallizes in the cubic "
                          "Fm-3m space group."}])  # fmt: skip
    asked = asked_of(row)
    assert (asked.prototype, asked.text) == ("Fluorite-derived", row.text)


def test_that_crystals_are_built_where_no_template_comes_out_in_the_group_asked_for():
    rows = rows_of(read("test"))[:1]
    engines = Judged()
    engines.symmetrizer.script.enqueue([221, 221])  # the one template, judged twice
    (found,) = PivotEvaluation(engines, PivotSettings()).outcomes(rows, FakeContext())
    assert (found["first"], found["enforced"]) == (False, True)
    assert all("Wyckoff" in state.origin for state in engines.sampler.requests[-1].states)
