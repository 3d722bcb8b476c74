"""`generate` over a scripted writer: the JSON, the CIF and the exit statuses."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymatgen.core import Structure
from scripted_writer import ScriptedWriter, refused

from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import StudioError, Unavailable, UserCorrectable
from crystal_studio.engines.chem import create_symmetrizer
from crystal_studio.engines.chem.crystal_writers import write_crystals
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.engines.fake.fake_crystal_files import FakeCrystalFiles
from crystal_studio.ports.crystal_writer import CrystalTask, WrittenCrystal

KEYS = {"formula", "space_group", "cif", "engine", "attempts", "tokens", "seconds", "error"}
PEROVSKITE = Crystal(
    np.eye(3) * 3.905,
    ("Sr", "Ti", "O", "O", "O"),
    np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
)


class TrueFiles(FakeCrystalFiles):
    """Writes as the program does."""

    def write(self, path: Path, crystals: Any, style: Any) -> Any:
        """As the limited process would write it, in this one."""
        return write_crystals(path, crystals, style)


class Session:
    """Runs the command with a writer that can be scripted; the symmetry is true."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.writer = ScriptedWriter(lambda task, index: WrittenCrystal(PEROVSKITE, "221\n...", 1, 24))
        self.engines: Any = FakeEngines(symmetrizer=create_symmetrizer(), files=TrueFiles())
        self.engines.crystal_writer = self.writer

    def run(self, *argv: str, json_only: bool = True) -> tuple[int, Any]:
        out = io.StringIO()
        program = Program(
            out=out,
            stop=Stop(),
            version="0",
            open_project=lambda *a, **k: pytest.fail("no project is needed"),
            engines=lambda model: self.engines,
            catalog=lambda: pytest.fail("no catalogue is needed"),
            read_records=lambda name: pytest.fail("no data are needed"),
            models_folder=self.folder,
            data_folder=None,
        )
        words = ["generate", "--out", str(self.folder / "out"), *argv, *(["--json"] if json_only else [])]
        try:
            arguments = build_parser("0").parse_args(words)
            status = arguments.run(arguments, program)
        except StudioError as error:
            return int(error.exit_status), str(error)
        text = out.getvalue()
        if not json_only:
            return status, text
        assert text.count("\n") == 1
        return status, json.loads(text)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_that_the_cif_has_the_composition_and_the_space_group_that_were_asked_for(session: Session) -> None:
    status, answer = session.run("--formula", "SrTiO3", "--space-group", "221", "--seed", "1")
    assert (status, answer["error"]) == (0, None)
    assert answer.keys() >= KEYS
    assert (answer["formula"], answer["space_group"], answer["engine"]) == ("SrTiO3", 221, "crystext")
    assert (answer["attempts"], answer["tokens"], answer["model"]) == (1, 24, "scripted@1")
    path = Path(answer["cif"])
    assert path.is_absolute()
    assert path.name == "SrTiO3-221-seed1.cif"
    text = path.read_text(encoding="utf-8")
    assert "crystal writer scripted@1, seed 1, attempt 1" in text
    read = Structure.from_file(path)
    assert read.composition.reduced_formula == "SrTiO3"
    assert read.get_space_group_info(0.1) == ("Pm-3m", 221)


def test_that_a_group_may_be_given_by_its_symbol_and_the_text_says_what_was_done(session: Session) -> None:
    words = ("--formula", "Sr2Ti2O6", "--space-group", "Pm-3m", "--e-above-hull", "0.02", "--seed", "4")
    status, text = session.run(*words, json_only=False)
    assert status == 0
    assert text.splitlines()[0] == "SrTiO3  Pm-3m (221)  seed 4"
    assert "1 text, 24 tokens" in text
    (task,), seed, _ = session.writer.calls[0]
    assert (task.composition.formula, task.space_group, task.e_above_hull_ev, seed) == ("SrTiO3", 221, 0.02, 4)


def test_that_a_seed_that_is_not_given_is_drawn_and_told(session: Session) -> None:
    _, answer = session.run("--formula", "SrTiO3", "--space-group", "221")
    assert session.writer.calls[0][1] == answer["seed"]
    assert f"seed{answer['seed']}" in answer["cif"]


def test_that_attempts_are_reported_and_nothing_else_is_tried_where_no_text_is_valid(session: Session) -> None:
    session.writer.answer = lambda task, index: refused("the model ran out of tokens.", attempts=4)
    words = ("--formula", "SrTiO3", "--space-group", "221", "--seed", "1", "--attempts", "4")
    status, answer = session.run(*words)
    assert status == 3
    assert (answer["attempts"], answer["tokens"], answer["cif"]) == (4, 40, None)
    assert "4 of 4 texts of the language model were refused: the model ran out of tokens (4x)" in answer["error"]
    assert not session.engines.sampler.requests
    assert not list(session.folder.rglob("*.cif"))


def test_that_a_crystal_of_another_group_is_refused_here_too_and_written_anew(session: Session) -> None:
    tetragonal = replace(PEROVSKITE, lattice=np.diag([3.9, 3.9, 4.6]))
    found = iter([tetragonal, PEROVSKITE])
    session.writer.answer = lambda task, index: WrittenCrystal(next(found), "...", 2, 30, ("it ends early.",))
    status, answer = session.run("--formula", "SrTiO3", "--space-group", "221", "--seed", "9")
    assert status == 0
    assert (answer["attempts"], answer["tokens"]) == (4, 60)
    assert answer["refusals"] == ["it ends early.", "the space group is P4/mmm, not Pm-3m", "it ends early."]
    assert [(seed, left) for _, seed, left in session.writer.calls] == [(9, 10), (10, 8)]


def test_that_atoms_on_top_of_each_other_are_refused_by_the_checks_of_the_panel(session: Session) -> None:
    tiny = PEROVSKITE.scaled_to(0.5)
    session.writer.answer = lambda task, index: WrittenCrystal(tiny, "...", 5, 30)
    status, answer = session.run("--formula", "SrTiO3", "--space-group", "221", "--attempts", "10")
    assert status == 3
    assert answer["attempts"] == 10
    assert "Å" in answer["error"]


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--formula", "Xx2", "--space-group", "221"), "Xx"),
        (("--formula", "", "--space-group", "221"), "formula"),
        (("--formula", "SrTiO3", "--space-group", "231"), "from 1 to 230"),
        (("--formula", "SrTiO3", "--space-group", "0"), "from 1 to 230"),
        (("--formula", "SrTiO3", "--space-group", "Pm9m"), "no space group 'Pm9m'"),
        (("--formula", "SrTiO3", "--space-group", "221", "--e-above-hull", "-0.1"), "from 0 to 1"),
        (("--formula", "SrTiO3", "--space-group", "221", "--e-above-hull", "nan"), "from 0 to 1"),
        (("--formula", "SrTiO3", "--space-group", "221", "--attempts", "0"), "Give 1 to"),
        (("--formula", "SrTiO3", "--space-group", "221", "--seed", "-1"), "whole number"),
        (("--formula", "Y3Fe5O12C9", "--space-group", "221"), "at most 20"),
    ],
)
def test_that_bad_input_is_named_and_nothing_is_loaded(session: Session, words: tuple[str, ...], reason: str) -> None:
    session.engines = None
    status, answer = session.run(*words)
    assert status == 2
    assert reason in answer["error"]
    assert answer["cif"] is None
    assert answer["attempts"] == 0


def test_that_a_formula_that_fits_no_multiplicity_of_the_group_is_bad_input(session: Session) -> None:
    session.writer.answer = lambda task, index: UserCorrectable(
        "SrTiO3 fits no Wyckoff positions of Ia-3d (230) in a cell of at most 20 atoms. Name another group."
    )
    status, answer = session.run("--formula", "SrTiO3", "--space-group", "230")
    assert status == 2
    assert "Wyckoff" in answer["error"]


def test_that_a_missing_model_is_told_and_no_other_engine_draws(session: Session) -> None:
    class Bare(FakeEngines):
        def __getattribute__(self, name: str) -> Any:
            if name == "crystal_writer":
                raise Unavailable("No model for the job 'crystal_writer' is installed. Train one.")
            return super().__getattribute__(name)

    session.engines = Bare()
    status, answer = session.run("--formula", "SrTiO3", "--space-group", "221")
    assert status == 4
    assert "Train one" in answer["error"]
    assert not session.engines.sampler.requests


def test_that_a_cif_that_is_there_is_replaced_only_where_that_is_allowed(session: Session) -> None:
    words = ("--formula", "SrTiO3", "--space-group", "221", "--seed", "1")
    _, first = session.run(*words)
    Path(first["cif"]).write_text("mine", encoding="utf-8")
    status, answer = session.run(*words)
    assert status == 2
    assert "is there already" in answer["error"]
    assert len(session.writer.calls) == 1, "it was refused before anything was written"
    assert Path(first["cif"]).read_text(encoding="utf-8") == "mine"
    assert session.run(*words, "--overwrite")[0] == 0
    assert "data_" in Path(first["cif"]).read_text(encoding="utf-8")


def test_that_the_task_is_one_formula_unit(session: Session) -> None:
    session.run("--formula", "Sr3Ti3O9", "--space-group", "221")
    (task,), _, _ = session.writer.calls[0]
    assert isinstance(task, CrystalTask)
    assert task.composition == Composition.parse("SrTiO3")
