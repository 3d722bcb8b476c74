"""`crystal-studio evaluate` over fakes: the JSON line, the journal, Ctrl-C, several processes."""

from __future__ import annotations

import argparse
import io
import json
from functools import cached_property
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.cli import evaluate
from crystal_studio.cli.console import Stop
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake import bundle
from crystal_studio.engines.fake.fake_aligner import FakeAligner
from crystal_studio.engines.fake.fake_checker import FakeChecker
from crystal_studio.engines.fake.fake_comparer import FakeComparer
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.engines.fake.fake_relaxer import FakeRelaxer
from crystal_studio.engines.fake.fake_sampler import FakeSampler
from crystal_studio.engines.sampling.retrieval import NearestTemplates

_PAIRS = [("Na", "Cl"), ("K", "Br"), ("Li", "F"), ("Mg", "O"), ("Ca", "S"), ("Rb", "I"), ("Cs", "Cl"), ("Ag", "Br")]
_HALITE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


class _Sees:
    def impose(self, crystal, template, symprec_angstrom=0.1):
        return crystal

    def space_group(self, crystal, symprec_angstrom=0.1):
        return SpaceGroup(225, symprec_angstrom)


class FakeEngines:
    """Fakes for every port that an evaluation asks for."""

    def __init__(self) -> None:
        self.prototypes, self.aligner, self.relaxer = FakePrototypeLibrary(), FakeAligner(), FakeRelaxer()
        self.checker, self.comparer, self.symmetrizer = FakeChecker(), FakeComparer(), _Sees()

    @cached_property
    def sampler(self):
        return FakeSampler()

    def identities(self):
        return {"denoiser": "fake@1"}

    def nearest_templates(self, rows):
        return NearestTemplates.from_rows(rows)


class WithoutDenoiser(FakeEngines):
    @property
    def sampler(self):
        raise Unavailable("There is no denoiser. Train one.")


def load_fakes(model_id: str | None) -> FakeEngines:
    return FakeEngines()


def load_without_denoiser(model_id: str | None) -> FakeEngines:
    return WithoutDenoiser()


def read(name: str) -> list[dict]:
    pairs = _PAIRS[:3] if name == "train" else _PAIRS[3:]
    rows = []
    for number, (cation, anion) in enumerate(pairs):
        crystal = Crystal(_HALITE * 5.6, (cation, anion), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
        text = f"{crystal.formula} crystallizes in the cubic Fm-3m space group."
        rows.append({"id": f"{name}-{number}", "spacegroup": 225, "text": text, **crystal.to_dict()})
    return rows


def program(loader=load_fakes, stop: Stop | None = None) -> Program:
    return Program(io.StringIO(), stop or Stop(), "0", None, loader, None, read, Path(), None)


def evaluated(told: Program, *words: str, folder: Path) -> list[str]:
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["evaluate", *words, "--out", str(folder / "journal.jsonl")])
    assert arguments.run(arguments, told) == 0
    return told.out.getvalue().splitlines()


def test_that_json_ends_with_one_object_that_has_the_promised_figures(tmp_path):
    (line,) = evaluated(program(), "csp", "--limit", "4", "--json", folder=tmp_path)
    told = json.loads(line)
    assert {"n", "match_rate", "baseline_match_rate", "rmse", "column"} <= told.keys()
    assert (told["n"], told["column"], told["start"]) == (4, "C", "default")
    assert 0 <= told["baseline_match_rate"] <= 1
    assert "table" in told


def test_that_a_person_gets_a_table(tmp_path):
    lines = evaluated(program(), "csp", "--limit", "3", "--columns", "a,b", folder=tmp_path)
    assert lines[0].startswith("3 crystals")
    assert [line.split()[0] for line in lines[2:4]] == ["noise", "noise"]
    assert any(line.startswith("retrieval baseline") for line in lines)


def test_that_finished_rows_are_not_drawn_again(tmp_path):
    evaluated(program(), "csp", "--limit", "3", "--columns", "A", folder=tmp_path)
    engines = FakeEngines()
    (line,) = evaluated(
        program(lambda model: engines), "csp", "--limit", "3", "--columns", "A", "--json", folder=tmp_path
    )
    assert json.loads(line)["n"] == 3
    assert engines.sampler.requests == []


def test_that_a_larger_limit_keeps_the_rows_already_done(tmp_path):
    evaluated(program(), "csp", "--limit", "2", "--columns", "A", folder=tmp_path)
    before = (tmp_path / "journal.jsonl").read_text()
    (line,) = evaluated(program(), "csp", "--limit", "5", "--columns", "A", "--json", folder=tmp_path)
    after = (tmp_path / "journal.jsonl").read_text()
    assert json.loads(line)["n"] == 5
    assert after.startswith(before)
    assert len(after.splitlines()) == 6


def test_that_ctrl_c_keeps_what_is_done_and_a_second_run_goes_on(tmp_path):
    stop = Stop()

    def stopping(model: str | None) -> FakeEngines:
        engines = FakeEngines()
        compare = engines.comparer.rms_distance

        def stop_later(first: Crystal, second: Crystal) -> float | None:
            stop.requested = (tmp_path / "journal.jsonl").read_text().count("\n") >= 2
            return compare(first, second)

        engines.comparer.rms_distance = stop_later
        return engines

    settings = ("csp", "--limit", "5", "--columns", "A,B", "--draws", "64", "--workers", "1")
    with pytest.raises(JobCancelled):
        evaluated(program(stopping, stop), *settings, folder=tmp_path)
    done = (tmp_path / "journal.jsonl").read_text()
    assert 2 <= done.count("\n") < 6
    (line,) = evaluated(program(), *settings, "--json", folder=tmp_path)
    assert json.loads(line)["n"] == 5
    assert (tmp_path / "journal.jsonl").read_text().startswith(done)


def test_that_several_processes_find_what_one_finds(tmp_path):
    settings = ("csp", "--limit", "4", "--draws", "32", "--columns", "A,B", "--json")
    (alone,) = evaluated(program(), *settings, folder=tmp_path / "one")
    (together,) = evaluated(program(), *settings, "--workers", "2", folder=tmp_path / "two")
    first, second = json.loads(alone), json.loads(together)
    for told in (first, second):
        told.pop("seconds_per_row")
    assert first == second


def test_that_a_missing_model_is_told_before_a_journal_is_made(tmp_path):
    with pytest.raises(Unavailable, match="no denoiser"):
        evaluated(program(load_without_denoiser), "csp", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("csp", "--columns", "D"), ("csp", "--limit", "0"), ("csp", "--workers", "0"),
                                   ("csp", "--starts", ""), ("text", "--limit", "-3")])  # fmt: skip
def test_that_bad_options_are_refused(tmp_path, words):
    with pytest.raises(UserCorrectable):
        evaluated(program(), *words, folder=tmp_path)


def test_that_the_text_kind_tells_whether_the_text_is_used(tmp_path):
    (line,) = evaluated(program(), "text", "--limit", "5", "--draws", "1", "--json", folder=tmp_path)
    told = json.loads(line)
    assert told["n"] == 5
    assert told["text_is_used"] == {"free": False, "locked": False, "default": False}  # the fake sampler reads nothing
    lines = evaluated(program(), "text", "--limit", "5", "--draws", "1", folder=tmp_path)
    assert "locked: the text is not used" in lines


def load_all_fakes(model_id: str | None) -> bundle.FakeEngines:
    return bundle.FakeEngines()


def test_that_rankings_are_told_as_a_table_and_as_one_object(tmp_path):
    lines = evaluated(program(load_all_fakes), "ranking", "--limit", "3", "--workers", "1", folder=tmp_path)
    assert lines[0].startswith("3 crystals")
    assert any(line.startswith("random") for line in lines)
    (line,) = evaluated(
        program(load_all_fakes), "ranking", "--limit", "3", "--workers", "1", "--json", folder=tmp_path / "again"
    )
    told = json.loads(line)
    assert told["n"] == 3
    assert {"ranked_by", "n", "match", "over_random"} <= told["table"][0].keys()


def test_that_feedback_is_resumed_and_refuses_a_journal_of_other_strengths(tmp_path):
    words = ("feedback", "--limit", "1", "--draws", "2", "--workers", "1", "--strengths", "0.1")
    evaluated(program(load_all_fakes), *words, folder=tmp_path)
    engines = bundle.FakeEngines()
    (line,) = evaluated(program(lambda model: engines), *words, "--json", folder=tmp_path)
    assert engines.sampler.requests == []
    told = json.loads(line)
    assert {one["strength"] for one in told["table"]} == {0.1}
    with pytest.raises(UserCorrectable, match="strengths"):
        evaluated(program(load_all_fakes), *words[:-1], "0.2", folder=tmp_path)


def test_that_a_list_of_strengths_must_be_numbers(tmp_path):
    with pytest.raises(UserCorrectable, match="'a,b'"):
        evaluated(program(load_all_fakes), "feedback", "--strengths", "a,b", folder=tmp_path)
