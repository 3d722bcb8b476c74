"""`crystal-studio predict`: all three properties, as text and as JSON, from fakes and from the shipped model."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.app.wiring import installed_engines
from crystal_studio.cli.console import Stop
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.fake.bundle import FakeEngines

SALT = Crystal(
    np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]]) * 5.64,
    ("Na", "Cl"),
    np.array([[0.0, 0.0, 0.0], [0.5, 0.5, 0.5]]),
)
INTERVAL_KEYS = {"value", "sigma", "low", "high", "unit", "in_distribution"}


def predict(folder: Path, engines: InstalledEngines, *options: str, crystal: Crystal = SALT) -> str:
    file = folder / "crystal.cif"
    file.write_text(FakeEngines().files.to_cif(crystal), encoding="utf-8")
    program = Program(
        out=io.StringIO(),
        stop=Stop(),
        version="0",
        open_project=lambda path, read_only=False: pytest.fail("no project is needed"),
        engines=lambda model: engines,
        catalog=lambda: pytest.fail("no catalogue is needed"),
        read_records=lambda name: pytest.fail("no data are needed"),
        models_folder=folder,
        data_folder=None,
    )
    arguments = build_parser("0").parse_args(["predict", str(file), *options])
    assert arguments.run(arguments, program) == 0
    return program.out.getvalue()  # type: ignore[attr-defined]


def test_that_the_json_holds_three_properties_with_their_intervals(tmp_path: Path) -> None:
    answer = json.loads(predict(tmp_path, FakeEngines(), "--json"))
    assert answer["band_gap"].keys() == {"value", "sigma", "unit", "functional", "in_distribution"}
    for quantity in ("formation_energy", "e_above_hull"):
        assert answer[quantity].keys() == INTERVAL_KEYS
        assert answer[quantity]["unit"] == "eV/atom"
        assert answer[quantity]["low"] <= answer[quantity]["value"] <= answer[quantity]["high"]


def test_that_the_text_says_what_a_pbe_gap_is_worth(tmp_path: Path) -> None:
    text = predict(tmp_path, FakeEngines())
    assert "energy above hull" in text
    assert "reads well below experiment" in text
    assert "unlike the training data" not in text


def test_that_a_crystal_unlike_the_training_data_is_said_to_be(tmp_path: Path) -> None:
    large = Crystal(np.eye(3) * 20.0, ("Na",) * 30, np.linspace(0, 1, 90, endpoint=False).reshape(30, 3))
    assert "do not rely" in predict(tmp_path, FakeEngines(), crystal=large)


def test_that_the_shipped_model_answers_for_every_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "models"))
    engines = installed_engines()
    gap, hull = (predictor.predict([SALT])[0] for predictor in (engines.band_gap, engines.e_above_hull))
    assert 4 < gap.value < 6.5
    assert hull.value < 0.05
    assert gap.in_distribution
    assert engines.identities().keys() == {"predictor"}
    with pytest.raises(Unavailable, match="models import"):
        engines.property_model("megnet-mp-2019")


def test_that_the_shipped_model_marks_a_crystal_out_of_shape(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYSTAL_STUDIO_MODELS", str(tmp_path / "models"))
    hull = installed_engines().e_above_hull
    known, blown_up = hull.predict([SALT, SALT.scaled_to(SALT.volume_angstrom3 * 1.6)])
    assert known.in_distribution
    assert not blown_up.in_distribution
    assert blown_up.value > known.value
