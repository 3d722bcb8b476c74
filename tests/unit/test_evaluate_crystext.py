"""`crystal-studio evaluate crystext` over scripted writers: the table, its page, journals, what is missing."""

from __future__ import annotations

import argparse
import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.cli import evaluate
from crystal_studio.cli.console import Stop
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.engines.fake.fake_comparer import FakeComparer
from crystal_studio.engines.sampling.retrieval import NearestTemplates
from crystal_studio.ports.crystal_writer import CrystalTask, WrittenCrystal
from crystal_studio.services.evaluate import EvaluationRow, rows_of
from crystal_studio.services.evaluate_crystext import (
    CrystextEvaluation,
    CrystextSettings,
    WritingAuthor,
    written_in_batch,
)
from crystal_studio.services.evaluate_crystext_rivals import crystext_evaluation
from crystal_studio.services.evaluate_crystext_table import Known, crystext_table

_PAIRS = [("Na", "Cl"), ("K", "Br"), ("Li", "F"), ("Mg", "O"), ("Ca", "S"), ("Rb", "I"), ("Cs", "Cl"), ("Ag", "Br")]
_HALITE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])


def halite(cation: str, anion: str, edge_angstrom: float = 5.6) -> Crystal:
    return Crystal(_HALITE * edge_angstrom, (cation, anion), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


class CubicSymmetrizer:
    """Everything with an even edge is rock salt, the rest has no symmetry."""

    def space_group(self, crystal, symprec_angstrom=0.1):
        return SpaceGroup(225 if crystal.volume_angstrom3 < 100 else 1, symprec_angstrom)

    def symmetrized(self, crystal, symprec_angstrom=0.1):
        return crystal

    def impose(self, crystal, template, symprec_angstrom=0.1):
        return crystal


@dataclass
class ScriptedWriter:
    """Answers by the number of the task in its batch: right, of another formula, of another group, nonsense.

    What is wrong at first is right when it is asked for again.
    """

    constrained: bool
    calls: list[tuple[int, int, int]] = field(default_factory=list)

    identity = "scripted"

    def write(self, tasks, seed, context, attempts=5):
        context.check_cancelled()
        self.calls.append((len(tasks), seed, attempts))
        if self.constrained and any("Ag" in task.composition.elements for task in tasks):
            raise UserCorrectable("AgBr fits no Wyckoff positions.")
        return [self._answer(index, task, attempts) for index, task in enumerate(tasks)]

    def _answer(self, index: int, task: CrystalTask, attempts: int) -> WrittenCrystal:
        right = " ".join(task.composition.elements)
        if self.constrained or attempts > 1 or index % 4 == 0:
            return WrittenCrystal(read_text(right), right, 1, 20)
        text = {1: "Na Cl", 2: right + " large", 3: "nonsense"}[index % 4]
        return WrittenCrystal(None, text, 1, 10, ("It is refused.",))


def read_text(text: str) -> Crystal:
    words = text.split()
    if len(words) < 2:
        raise UserCorrectable("It says no crystal.")
    return halite(words[0], words[1], 9.0 if "large" in words else 5.6)


@dataclass
class Judged(FakeEngines):
    """Fakes for everything that this evaluation asks for."""

    default_comparer: FakeComparer = field(default_factory=FakeComparer)
    symmetrizer: CubicSymmetrizer = field(default_factory=CubicSymmetrizer)
    writers: dict[tuple[str, bool], ScriptedWriter] = field(default_factory=dict)

    def nearest_templates(self, rows):
        return NearestTemplates.from_rows(rows)

    def identities(self):
        return {"denoiser": "d@1", "prototypes": "p@2", "relaxer": "r@4", "predictor": "g@5"}

    def crystal_writer_of(self, model_id, *, constrained):
        return self.writers.setdefault((model_id, constrained), ScriptedWriter(constrained))

    def read_crystal(self, text):
        return read_text(text)

    def crystal_reward(self, crystal, truth):
        return -2.0 if crystal is None else 1.0 + (crystal.formula == truth.formula)


def load_fakes(model_id: str | None) -> Judged:
    return Judged()


@dataclass
class Catalog:
    ids: tuple[str, ...] = ("crystext-small", "crystext-small-rl")

    def cards(self):
        return [
            ModelCard(one, ModelKind.CRYSTAL_WRITER, "1", "m:f", (ModelFile("w", f"{one:>012}"),)) for one in self.ids
        ]

    def default(self, kind, model_id=None):
        others = [ModelCard(one.value, one, "1", "m:f") for one in (ModelKind.DENOISER, ModelKind.PROTOTYPES)]
        for card in (*self.cards(), *others):
            if card.kind is kind and model_id in (None, card.id):
                return card
        raise Unavailable(f"No model for the job '{kind}' is installed.")


def read(name: str) -> list[dict]:
    pairs = _PAIRS[:3] if name == "train" else _PAIRS[3:]
    rows = []
    for number, pair in enumerate(pairs):
        crystal = halite(*pair)
        row = {"id": f"{name}-{number}", "spacegroup": 225, "e_above_hull": 0.01 * number, **crystal.to_dict()}
        rows.append(row | {"formula": crystal.formula})
    return rows


def program(loader=load_fakes, catalog=Catalog, stop: Stop | None = None) -> Program:
    return Program(io.StringIO(), stop or Stop(), "0", None, loader, catalog, read, Path(), None)


def evaluated(told: Program, *words: str, folder: Path) -> list[str]:
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    words = ("crystext", *words, "--out", str(folder), "--page", str(folder / "page.md"))
    arguments = parser.parse_args(["evaluate", *words])
    assert arguments.run(arguments, told) == 0
    return told.out.getvalue().splitlines()


def lines_of(told: str) -> dict[str, dict]:
    return {line["key"]: line for line in json.loads(told)["lines"]}


def value(line: dict, figure: str) -> float:
    return line["figures"][figure]["value"]


def asked_rows(count: int = 4) -> list[EvaluationRow]:
    return rows_of(read("test"))[:count]


def first_outcomes(constrained: bool, attempts: int = 1, count: int = 4) -> list[dict]:
    engines = Judged()
    settings = CrystextSettings("supervised", attempts=attempts, model="m", constrained=constrained)
    author = WritingAuthor(engines.crystal_writer_of("m", constrained=constrained), engines, settings)
    return CrystextEvaluation(engines, author, settings).outcomes(asked_rows(count), FakeContext())


def test_that_a_refused_text_is_still_judged_by_what_it_says() -> None:
    right, formula, group, nonsense = (outcome["first"] for outcome in first_outcomes(constrained=False))
    assert (right["both"], right["readable"], right["valid_structure"]) == (True, True, True)
    assert right["rms"] == pytest.approx(0.0)
    assert right["reward"] == 2.0
    assert (formula["readable"], formula["composition"], formula["space_group"]) == (True, False, True)
    assert formula["rms"] is None
    assert (group["composition"], group["space_group"], group["both"]) == (True, False, False)
    assert (nonsense["readable"], nonsense["both"], nonsense["reward"]) == (False, False, -2.0)


def test_that_what_is_shown_takes_the_first_text_or_those_written_after_it() -> None:
    outcomes = first_outcomes(constrained=False, attempts=5)
    assert [outcome["shown"]["attempts"] for outcome in outcomes] == [1, 2, 2, 2]
    assert all(outcome["shown"]["both"] for outcome in outcomes)
    assert [outcome["first"]["both"] for outcome in outcomes] == [True, False, False, False]


def test_that_nothing_is_shown_where_retries_are_not_asked_for() -> None:
    assert all("shown" not in outcome for outcome in first_outcomes(constrained=False))


def test_that_one_task_that_cannot_be_written_does_not_spoil_its_batch() -> None:
    outcomes = first_outcomes(constrained=True, count=5)
    assert [outcome["first"]["both"] for outcome in outcomes] == [True] * 4 + [False]
    assert outcomes[-1]["first"]["readable"] is False


def test_that_a_refusal_names_its_reason() -> None:
    (row,) = asked_rows(5)[4:]
    task = CrystalTask(row.crystal.composition.reduced, 225)
    (written,) = written_in_batch(ScriptedWriter(constrained=True), [task], 0, FakeContext(), 1)
    assert written.refusals == ("AgBr fits no Wyckoff positions.",)


def test_that_best_of_twenty_asks_twenty_times_and_needs_one_match() -> None:
    engines = Judged()
    settings = CrystextSettings("supervised", draws=20, model="m")
    evaluation = crystext_evaluation(engines, settings, ())
    outcomes = evaluation.outcomes(asked_rows(2), FakeContext())
    assert [outcome["any"] for outcome in outcomes] == [True, True]
    assert [calls for calls, _, _ in engines.writers["m", False].calls] == [40]


def test_that_retrieval_keeps_to_the_space_group_asked_for() -> None:
    rows = read("train")
    ranking = NearestTemplates.from_rows([*rows[:2], {**rows[2], "spacegroup": 1}])
    species = ("K", "Cl")
    assert len(ranking.nearest(species, 9, frozenset(), space_group=225)) == 2
    assert len(ranking.nearest(species, 9, frozenset(), space_group=1)) == 1
    assert ranking.nearest(species, 9, frozenset(), space_group=2) == []
    assert len(ranking.nearest(species, 9, frozenset())) == 3


@pytest.mark.parametrize("line", ["noise", "prototype", "retrieval"])
def test_that_the_rivals_are_judged_on_the_same_rows(line) -> None:
    evaluation = crystext_evaluation(Judged(), CrystextSettings(line), read("train"))
    outcomes = evaluation.outcomes(asked_rows(), FakeContext())
    assert [outcome["id"] for outcome in outcomes] == [row.identifier for row in asked_rows()]
    assert all(outcome["first"]["composition"] for outcome in outcomes)
    assert all("shown" not in outcome for outcome in outcomes)


def test_that_every_line_is_in_the_table_the_page_and_the_json(tmp_path) -> None:
    (told,) = evaluated(program(), "--limit", "4", "--best20", "2", "--json", folder=tmp_path)
    assert json.loads(told)["error"] is None
    lines = lines_of(told)
    assert {key: (line["n"], line["n_best"]) for key, line in lines.items()} == dict.fromkeys(lines, (4, 2))
    assert len(lines) == 7
    page = (tmp_path / "page.md").read_text()
    assert "Written by `crystal-studio evaluate crystext --split test --limit 4 --best20 2`; do not edit." in page
    assert all(line["line"] in page for line in lines.values())
    assert "both 72 %" in page
    assert "both 76 %" in page
    figures = json.loads((tmp_path / "page.json").read_text())
    assert figures["lines"] == json.loads(told)["lines"]


def test_that_figures_are_those_of_the_rows(tmp_path) -> None:
    (told,) = evaluated(program(), "--limit", "5", "--json", folder=tmp_path)
    lines = lines_of(told)
    assert value(lines["supervised"], "both") == pytest.approx(4 / 5)  # AgBr cannot be written
    assert value(lines["supervised-free"], "both") == pytest.approx(2 / 5)
    assert value(lines["supervised-free"], "readable") == pytest.approx(4 / 5)
    assert value(lines["supervised-free"], "tokens") == pytest.approx((20 + 10 + 10 + 10 + 20) / 5)
    assert "shown_both" not in lines["supervised-free"]["figures"]
    assert value(lines["supervised"], "shown_both") == pytest.approx(4 / 5)
    gains = {one["difference"]: one["value"] for one in json.loads(told)["differences"]}
    assert gains["what the constraint gains, supervised: both, points"] == pytest.approx(2 / 5)


def test_that_a_person_gets_the_table_and_the_verdicts(tmp_path) -> None:
    lines = evaluated(program(), "--limit", "4", "--lines", "supervised,noise", folder=tmp_path)
    assert any(
        line.startswith("CrysText, supervised, constrained") and "75.0 (25.0 to 100.0)" in line for line in lines
    )
    assert any(line.startswith("retrieval baseline") and line.endswith("not run") for line in lines)
    assert any("goal 95%: not reached, the goal lies within the interval" in line for line in lines)


def test_that_a_writer_that_is_missing_is_told_so_and_the_others_are_measured(tmp_path) -> None:
    told = program(catalog=lambda: Catalog(("crystext-small",)))
    (line,) = evaluated(told, "--limit", "2", "--best20", "0", "--json", folder=tmp_path)
    lines = lines_of(line)
    assert lines["rl"]["reason"].startswith("Not installed")
    assert (lines["rl"]["n"], lines["supervised"]["n"]) == (0, 2)
    assert "Not installed" in (tmp_path / "page.md").read_text()


def test_that_a_run_without_any_writer_asked_for_ends_with_the_reason(tmp_path) -> None:
    told = program(catalog=lambda: Catalog(()))
    with pytest.raises(Unavailable, match="no reinforced writer"):
        evaluated(told, "--limit", "2", "--lines", "rl,rl-free", "--json", folder=tmp_path)


def test_that_finished_rows_are_not_written_again(tmp_path) -> None:
    words = ("--limit", "3", "--best20", "1", "--lines", "supervised-free")
    evaluated(program(), *words, folder=tmp_path)
    before = {path.name: path.read_text() for path in tmp_path.glob("*.jsonl")}
    loaded: list[Judged] = []

    def remember(model: str | None) -> Judged:
        loaded.append(Judged())
        return loaded[-1]

    evaluated(program(remember), *words, folder=tmp_path)
    assert [calls for engines in loaded for writer in engines.writers.values() for calls in writer.calls] == []
    assert {path.name: path.read_text() for path in tmp_path.glob("*.jsonl")} == before


def test_that_a_larger_limit_changes_no_crystal_of_the_rows_before(tmp_path) -> None:
    small, large = (
        lines_of(evaluated(program(), "--limit", limit, "--best20", "0", "--lines", "supervised-free", "--json",
                           folder=tmp_path / limit)[0])
        for limit in ("3", "5")
    )  # fmt: skip
    assert small["supervised-free"]["n"] == 3
    assert large["supervised-free"]["n"] == 5
    first, second = ([json.loads(line) for line in path.read_text().splitlines()[1:]] for path in
                     (next((tmp_path / limit).glob("*first*.jsonl")) for limit in ("3", "5")))  # fmt: skip
    assert [row["first"] for row in first] == [row["first"] for row in second][:3]


def test_that_ctrl_c_keeps_what_is_done(tmp_path) -> None:
    stop = Stop()

    class Stopping(Judged):
        def crystal_reward(self, crystal, truth):
            stop.requested = len(list(tmp_path.glob("*best20*.jsonl"))) == 1
            return 0.0

        def crystal_writer_of(self, model_id, *, constrained):
            stop.requested = len(list(tmp_path.glob("*.jsonl"))) == 3
            return super().crystal_writer_of(model_id, constrained=constrained)

    with pytest.raises(JobCancelled):
        evaluated(program(lambda model: Stopping(), stop=stop), "--limit", "3", "--best20", "1", folder=tmp_path)
    assert "CrysText, supervised, constrained | 3 |" in (tmp_path / "page.md").read_text()


@pytest.mark.parametrize("words", [("--limit", "0"), ("--lines", "nobody"), ("--lines", ""), ("--best20", "-1"),
                                   ("--attempts", "0"), ("--workers", "0")])  # fmt: skip
def test_that_bad_options_are_refused(tmp_path, words) -> None:
    with pytest.raises(UserCorrectable):
        evaluated(program(), *words, folder=tmp_path)


def test_that_differences_are_paired_by_row() -> None:
    def outcome(identifier: str, both: bool) -> dict:
        judged = {"both": both, "composition": both, "space_group": both, "readable": True, "valid_structure": True,
                  "valid_composition": True, "rms": None, "reward": float(both)}  # fmt: skip
        return {"id": identifier, "tries": 1, "first": judged, "tokens": 5, "seconds": {"write": 1.0}}

    known = {
        "supervised": Known([outcome("a", True), outcome("b", True), outcome("only here", True)]),
        "supervised-free": Known([outcome("b", False), outcome("a", True)]),
    }
    differences = {one.title: one for one in crystext_table(known, "command").differences}
    gained = differences["what the constraint gains, supervised: both, points"]
    assert (gained.n, gained.figure.value) == (2, 0.5)
    assert not [title for title in differences if title.startswith("RL")]
