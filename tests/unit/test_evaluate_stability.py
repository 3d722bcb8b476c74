"""`crystal-studio evaluate crystext --stability` over fakes: both judges, what is unique, what is new, the page."""

from __future__ import annotations

import argparse
import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from crystal_studio.app.evaluation_data import evaluation_records
from crystal_studio.cli import evaluate
from crystal_studio.cli.console import Stop
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.context import FakeContext
from crystal_studio.ports.crystal_writer import WrittenCrystal
from crystal_studio.ports.relaxer import Relaxation
from crystal_studio.services.evaluate import rows_of
from crystal_studio.services.evaluate_stability import (
    StabilityEvaluation,
    StabilitySettings,
    crystals_by_formula,
    hull_energies,
)
from crystal_studio.services.evaluate_stability_table import stability_table

_HALITE = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
_TRUE_EDGE, _TRAINED_EDGE = 5.6, 6.6


def halite(edge_angstrom: float, cation: str = "K", anion: str = "Br") -> Crystal:
    return Crystal(_HALITE * edge_angstrom, (cation, anion), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


def edge_of(crystal: Crystal) -> float:
    return float((4 * crystal.volume_angstrom3) ** (1 / 3))


class SameEdge:
    """Two crystals are one where their edges agree to a tenth of an angstrom."""

    def rms_distance(self, first, second):
        same = first.formula == second.formula and abs(edge_of(first) - edge_of(second)) < 0.1
        return 0.0 if same else None


class Spring:
    """0.1 eV/atom for each angstrom from the true edge; relaxing moves nothing. A potential without bromine."""

    knows_bromine = True

    def relax(self, crystal, max_steps, context):
        if not self.knows_bromine:
            raise UserCorrectable("The potential does not know Br.")
        energy = -3.0 + 0.1 * abs(edge_of(crystal) - _TRUE_EDGE)
        return Relaxation(crystal, energy, energy, 0.0, 1, True)


class Edges:
    """The predictor: a hundredth of the edge."""

    quantity = "e_above_hull"

    def predict(self, crystals):
        return [Measured(edge_of(crystal) / 100, "eV/atom", 0.01, "edge") for crystal in crystals]


@dataclass
class Writer:
    """Writes the true edge plus ten times the energy asked for; every second crystal of 0.2 eV/atom is refused."""

    tasks: list = field(default_factory=list)

    def write(self, tasks, seed, context, attempts=5):
        self.tasks += tasks
        return [self._answer(index, task) for index, task in enumerate(tasks)]

    def _answer(self, index, task):
        if task.e_above_hull_ev == 0.2 and index % 2:
            return WrittenCrystal(None, "", 5, 100, ("It is refused.",) * 5)
        return WrittenCrystal(halite(_TRUE_EDGE + 10 * task.e_above_hull_ev, *task.composition.elements), "text", 1, 20)


@dataclass
class Judged(FakeEngines):
    """Fakes for everything that this evaluation asks for."""

    relaxer: Spring = field(default_factory=Spring)
    e_above_hull: Edges = field(default_factory=Edges)
    default_comparer: SameEdge = field(default_factory=SameEdge)
    writer: Writer = field(default_factory=Writer)

    def crystal_writer_of(self, model_id, *, constrained):
        assert constrained
        return self.writer

    def identities(self):
        return {"relaxer": "r@4", "predictor": "g@5"}


def read(name: str) -> list[dict]:
    edges = {"train": _TRAINED_EDGE, "test": _TRUE_EDGE}
    pairs = [("K", "Br"), ("Na", "Cl")]
    crystals = [halite(edges[name], *pair) for pair in pairs]
    return [
        {
            "id": f"{name}-{index}",
            "spacegroup": 225,
            "e_above_hull": 0.02,
            "formula": crystal.formula,
            **crystal.to_dict(),
        }
        for index, crystal in enumerate(crystals)
    ]


def outcome_of(engines: Judged, **changes) -> dict:
    settings = StabilitySettings("m", **changes)
    known = crystals_by_formula(read("train"))
    evaluation = StabilityEvaluation(engines, settings, hull_energies(read("test")), known)
    (outcome,) = evaluation.outcomes(rows_of(read("test"))[:1], FakeContext())
    return outcome


def test_that_the_potential_adds_the_difference_of_energies_to_what_the_data_say_of_the_true_crystal() -> None:
    samples = outcome_of(Judged(), draws=1)["asked"]
    assert [samples[energy][0]["potential"] for energy in ("0", "0.05", "0.2")] == pytest.approx([0.02, 0.07, 0.22])
    assert samples["0.05"][0]["predictor"] == pytest.approx(0.061)


def test_that_the_energy_asked_for_is_told_to_the_writer() -> None:
    engines = Judged()
    outcome_of(engines, asked=(0.0, 0.2), draws=2)
    assert [task.e_above_hull_ev for task in engines.writer.tasks] == [0.0, 0.0, 0.2, 0.2]
    assert {(task.composition.formula, task.space_group) for task in engines.writer.tasks} == {("KBr", 225)}


def test_that_unique_new_and_true_crystals_are_told_apart() -> None:
    samples = outcome_of(Judged(), asked=(0.0, 0.1), draws=2)["asked"]
    assert [(one["unique"], one["novel"], one["true"]) for one in samples["0"]] == [
        (True, True, True),
        (False, True, True),
    ]
    assert [(one["unique"], one["novel"], one["true"]) for one in samples["0.1"]] == [
        (True, False, False),  # the edge of the training crystal
        (False, False, False),
    ]


def test_that_a_crystal_that_was_not_written_is_not_stable() -> None:
    outcome = outcome_of(Judged(), asked=(0.2,), draws=2)
    assert [one["written"] for one in outcome["asked"]["0.2"]] == [True, False]
    table = stability_table([outcome], StabilitySettings("m", asked=(0.2,)), {}, "command")
    figures = table.lines[0].figures
    assert figures["written"].value == 0.5
    assert figures["stable_predictor"].value == 0.5  # 0.076 eV/atom by the predictor, 0.22 by the potential
    assert figures["stable_potential"].value == 0.0
    assert figures["sun_predictor"].value == 0.5


def test_that_a_judge_that_judged_nothing_has_no_share_and_one_that_missed_a_crystal_leaves_its_row_out() -> None:
    gone: dict = {"attempts": 5, "written": False}
    kept = {"attempts": 1, "written": True, "unique": True, "novel": True, "true": False}
    first = {"id": "a", "asked": {"0": [{**kept, "predictor": 0.01, "potential": None}, gone]}}
    settings = StabilitySettings("m", asked=(0.0,))
    figures = stability_table([first], settings, {}, "command").lines[0].figures
    assert figures["stable_predictor"].value == 0.5
    assert (figures["stable_potential"].value, figures["sun_potential"].value) == (None, None)
    second = {"id": "b", "asked": {"0": [{**kept, "predictor": 0.3, "potential": 0.02}, gone]}}
    figures = stability_table([first, second], settings, {}, "command").lines[0].figures
    assert figures["stable_predictor"].value == 0.25
    assert (figures["written"].value, figures["relaxed"].value) == (0.5, 0.5)
    assert figures["stable_potential"].value == 0.5


def test_that_the_data_tell_the_energy_above_the_hull_of_a_test_crystal(tmp_path) -> None:
    crystal = halite(_TRUE_EDGE, "K", "Br")
    line = {"id": "a", **crystal.to_dict(), "e_above_hull": 0.02, "spacegroup": 225}
    (tmp_path / "rows.jsonl").write_text(json.dumps(line) + "\n")
    assert hull_energies(evaluation_records(str(tmp_path / "rows.jsonl"))) == {"a": 0.02}


def test_that_a_crystal_the_potential_does_not_know_is_left_to_the_predictor() -> None:
    engines = Judged()
    engines.relaxer.knows_bromine = False
    outcome = outcome_of(engines, asked=(0.0,), draws=1)
    (sample,) = outcome["asked"]["0"]
    assert sample["potential"] is None
    assert sample["predictor"] == pytest.approx(0.056)
    figures = stability_table([outcome], StabilitySettings("m", asked=(0.0,)), {}, "command").lines[0].figures
    assert (figures["stable_predictor"].value, figures["stable_potential"].value) == (1.0, None)


def test_that_a_crystal_far_below_the_hull_has_fooled_its_judge() -> None:
    sample = {"written": True, "predictor": -0.05, "potential": -4.0, "unique": True, "novel": True, "true": False}
    outcome = {"id": "a", "asked": {"0": [sample]}}
    figures = stability_table([outcome], StabilitySettings("m", asked=(0.0,)), {}, "command").lines[0].figures
    assert (figures["stable_predictor"].value, figures["stable_potential"].value) == (1.0, 0.0)


def card() -> ModelCard:
    return ModelCard("crystext-small", ModelKind.CRYSTAL_WRITER, "1", "m:f", (ModelFile("w", "abc"),), default=True)


def nobody(kind: ModelKind, model_id: str | None = None) -> ModelCard:
    raise Unavailable("No model for the job 'crystal_writer' is installed.")


def told(folder: Path, *words: str, catalog=None) -> str:
    out = io.StringIO()
    shelf = catalog or SimpleNamespace(default=lambda kind, model_id=None: card())
    program = Program(out, Stop(), "0", None, lambda model: Judged(), lambda: shelf, read, Path(), None)
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    words = ("crystext", "--stability", *words, "--out", str(folder), "--page", str(folder / "page.md"))
    arguments = parser.parse_args(["evaluate", *words])
    assert arguments.run(arguments, program) == 0
    return out.getvalue()


def test_that_the_command_writes_table_page_and_json(tmp_path) -> None:
    answer = json.loads(told(tmp_path, "--limit", "2", "--json"))
    assert (answer["n"], answer["error"]) == (2, None)
    assert [line["asked_ev_per_atom"] for line in answer["lines"]] == [0.0, 0.05, 0.2]
    assert answer["lines"][0]["samples"] == 4
    assert answer["lines"][0]["energy_potential"] == pytest.approx(0.02)
    page = (tmp_path / "page.md").read_text()
    assert "Written by `crystal-studio evaluate crystext --stability --split test --limit 2`; do not edit." in page
    assert json.loads((tmp_path / "page.json").read_text())["lines"] == answer["lines"]
    again = told(tmp_path, "--limit", "2")
    assert "stable, unique, novel (predictor) %" in again
    assert len((tmp_path / "stability-crystext-small.jsonl").read_text().splitlines()) == 3


def test_that_a_missing_writer_is_told_before_anything_is_done(tmp_path) -> None:
    with pytest.raises(Unavailable, match="crystal_writer"):
        told(tmp_path, catalog=SimpleNamespace(default=nobody))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [("--draws", "0"), ("--relax-steps", "0"), ("--limit", "0")])
def test_that_bad_numbers_are_refused(tmp_path, words) -> None:
    with pytest.raises(UserCorrectable):
        told(tmp_path, *words)
