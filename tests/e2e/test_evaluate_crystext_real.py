"""`crystal-studio evaluate crystext` with true chemistry and a random language model."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crystal_studio.app.wiring import InstalledEngines
from crystal_studio.cli import evaluate
from crystal_studio.cli.console import Stop
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.registry.catalog import FolderCatalog
from crystal_studio.training.sft_tiny import make_tiny

pytestmark = pytest.mark.timeout(900)

_ROCK_SALT = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
_PAIRS = (("Na", "Cl", 5.64), ("Mg", "O", 4.21), ("K", "Br", 6.60), ("Ca", "S", 5.69))


def rock_salt(cation: str, anion: str, edge_angstrom: float) -> Crystal:
    return Crystal(_ROCK_SALT * edge_angstrom, (cation, anion), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    path = tmp_path / "rows.jsonl"
    crystals = [rock_salt(*pair) for pair in _PAIRS]
    lines = [{"id": f"r{index}", "spacegroup": 225, "formula": one.formula, **one.to_dict()}
             for index, one in enumerate(crystals)]  # fmt: skip
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder of models with one writer of crystals that has learned nothing."""
    folder = tmp_path / "models" / "crystal_writer" / "crystext-random"
    make_tiny(folder, tmp_path / "dialogues")
    digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
    (folder / "model.toml").write_text(
        'id = "crystext-random"\nkind = "crystal_writer"\nversion = "1"\n'
        'backend = "crystal_studio.engines.llm.crystext.engine:create"\n'
        f'[[files]]\npath = "model.safetensors"\nsha256 = "{digest}"\n'
        '[options]\nprecision = "float32"\nmax_tokens = 60\n',
        encoding="utf-8",
    )
    return tmp_path / "models"


def told(rows: Path, models: Path, *words: str) -> dict[str, Any]:
    """The command with the engines of a folder of models, in this process."""
    catalog = FolderCatalog((models,))
    records = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    out = io.StringIO()
    program = Program(
        out,
        Stop(),
        "0",
        None,
        lambda model: InstalledEngines(catalog),
        lambda: catalog,
        lambda name: records,
        models,
        None,
    )
    parser = argparse.ArgumentParser()
    evaluate.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["evaluate", "crystext", "--data", str(rows), *words, "--json"])
    assert arguments.run(arguments, program) == 0
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def test_that_a_random_model_writes_what_was_asked_for_only_under_the_constraint(tmp_path, rows, models) -> None:
    out, page = tmp_path / "journals", tmp_path / "page.md"
    options = ("--limit", "4", "--best20", "0", "--out", str(out), "--page", str(page))
    answer = told(rows, models, *options, "--lines", "supervised,supervised-free")
    lines = {line["key"]: line for line in answer["lines"]}
    figures = {key: {name: one["value"] for name, one in line["figures"].items()} for key, line in lines.items()}
    assert answer["error"] is None
    assert {key: lines[key]["n"] for key in lines} == {
        "supervised": 4, "supervised-free": 4, "rl": 0, "rl-free": 0, "noise": 0, "prototype": 0, "retrieval": 0,
    }  # fmt: skip
    assert figures["supervised"]["composition"] == figures["supervised"]["readable"] == 1.0
    assert figures["supervised"]["both"] <= figures["supervised"]["shown_both"]
    assert 1.0 <= figures["supervised"]["attempts"] <= 5.0
    assert figures["supervised-free"]["both"] == 0.0
    assert figures["supervised-free"]["reward"] == -2.0
    assert "crystext-random@" in page.read_text(encoding="utf-8")


def test_that_texts_are_read_and_paid_for_as_in_training() -> None:
    engines, truth = InstalledEngines(FolderCatalog(())), rock_salt("Na", "Cl", 5.64)
    assert engines.crystal_reward(engines.read_crystal("225\n5.60\nNa 4a\nCl 4b"), truth) == pytest.approx(3.0)
    assert engines.crystal_reward(engines.read_crystal("225\n5.60\nK 4a\nCl 4b"), truth) == pytest.approx(1.0)
    assert engines.crystal_reward(None, truth) == -2.0
    for nonsense in ("225\n5.60\nNa 4x", "", "A crystal of salt."):
        with pytest.raises(UserCorrectable):
            engines.read_crystal(nonsense)
