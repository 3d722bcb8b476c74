"""A node of the shipped models, run again by another process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from crystal_studio.app.wiring import open_catalog
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.services.models import missing_models

pytestmark = pytest.mark.timeout(900)

PIVOT = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."


def told(*argv: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "crystal_studio.app.main", *argv, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_that_another_process_draws_the_same_crystal_bit_for_bit(tmp_path: Path) -> None:
    missing = missing_models(open_catalog())
    if set(missing) - {ModelKind.LANGUAGE_MODEL}:
        pytest.skip(f"a model is not installed: {next(iter(missing.values()))}")
    project, pivot = str(tmp_path / "p.cstudio"), tmp_path / "pivot.txt"
    pivot.write_text(PIVOT, encoding="utf-8")
    options = ["--pivot", str(pivot), "--candidates", "3", "--seed", "5", "--project", project]
    status, designed = told("design", "", *options)
    assert (status, designed["error"]) == (0, None)
    node = designed["nodes"][0]
    assert node["parameters"]["environment"]["device"]
    status, answer = told("replay", project, node["id"])
    assert (status, answer["error"], answer["verdict"]) == (0, None, "identical"), answer["reasons"]
    assert max(answer["numbers"].values()) == 0
    assert answer["provenance"]["rounds"][0]["models"]["denoiser"] == node["models"]["denoiser"]
