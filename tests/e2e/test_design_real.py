"""The program itself, on the shipped models: a wish becomes a crystal, feedback a better one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from readme_dialogue import FEEDBACK, README, SEED, TOLD, WISH, machine, table, told

from crystal_studio.app.paths import user_models_folder
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL

pytestmark = pytest.mark.timeout(900)

_BASE = user_models_folder() / "language_model" / "smollm2-135m-instruct" / "model.toml"
needs_language_model = pytest.mark.skipif(
    not _BASE.is_file(), reason="the language model is not prepared; `bash installer/studio` does that"
)


def command(*argv: str) -> list[str]:
    return [sys.executable, "-m", "crystal_studio.app.main", *argv]


def design(folder: Path, *argv: str) -> tuple[int, dict[str, Any]]:
    options = ["--project", str(folder / "p.cstudio"), "--out", str(folder / "out"), "--json"]
    done = subprocess.run(command("design", *argv, *options), capture_output=True, text=True, check=False)
    assert done.stdout.count("\n") == 1, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.fixture(scope="module")
def dialogue(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("dialogue")
    feedback = [word for text in FEEDBACK for word in ("--feedback", text)]
    status, answer = design(folder, WISH, *feedback, "--seed", str(SEED))
    assert (status, answer["error"]) == (0, None)
    return answer["nodes"]


@needs_language_model
def test_that_the_dialogue_is_a_chain_of_four_valid_nodes_written_by_the_model(dialogue: list[dict[str, Any]]) -> None:
    assert [node["parent"] for node in dialogue] == [None, *(node["id"] for node in dialogue[:-1])]
    assert len(dialogue) == 4
    assert all(node["valid"] for node in dialogue)
    assert {node["pivot_source"] for node in dialogue} == {"model"}
    for hull in (node["e_above_hull"] for node in dialogue):
        assert 0 <= hull["low"] <= hull["value"] <= hull["high"]


@needs_language_model
def test_that_the_readme_tells_what_comes_of_its_dialogue(dialogue: list[dict[str, Any]]) -> None:
    in_readme = json.loads(TOLD.read_text(encoding="utf-8"))
    if in_readme["machine"] != machine(dialogue[0]):
        pytest.skip("the README's dialogue was run with other libraries or on another processor")
    assert told(dialogue) == in_readme, "run tests/readme_dialogue.py"


def test_that_the_readme_shows_the_dialogue_as_it_was_stored() -> None:
    assert table(json.loads(TOLD.read_text(encoding="utf-8"))["rounds"]) in README.read_text(encoding="utf-8")


@needs_language_model
def test_that_the_gap_widens_with_the_composition_kept(dialogue: list[dict[str, Any]]) -> None:
    first, second = dialogue[:2]
    assert set(Composition.parse(first["formula"]).elements) >= {"Sr", "Ti", "O"}
    assert second["formula"] == first["formula"]
    assert second["band_gap"]["value"] > first["band_gap"]["value"]


@needs_language_model
def test_that_strontium_is_replaced_by_something_more_abundant(dialogue: list[dict[str, Any]]) -> None:
    before, after = (set(Composition.parse(node["formula"]).elements) for node in dialogue[1:3])
    assert {"Ti", "O"} <= after
    assert "Sr" not in after
    strontium = BY_SYMBOL["Sr"].crustal_abundance_ppm or 0
    assert after - before
    assert all((BY_SYMBOL[symbol].crustal_abundance_ppm or 0) > strontium for symbol in after - before)


@needs_language_model
def test_that_the_units_move_apart_or_the_node_says_that_it_is_strained(dialogue: list[dict[str, Any]]) -> None:
    from crystal_studio.engines.chem import create_files, create_symmetrizer

    third, fourth = dialogue[2:]
    assert fourth["formula"] == third["formula"]
    crystals = [create_files().read(Path(node["cif"])) for node in (third, fourth)]
    before, after = (create_symmetrizer().unit_distance_angstrom(crystal) for crystal in crystals)
    assert before is not None
    assert after is not None
    assert after >= 1.02 * before
    assert fourth["relaxed"] or any("strained" in note for note in fourth["notes"])


@needs_language_model
def test_that_the_same_seed_gives_the_same_cif_bytes(dialogue: list[dict[str, Any]], tmp_path: Path) -> None:
    status, answer = design(tmp_path, WISH, "--seed", "7")
    assert (status, answer["error"]) == (0, None)
    assert Path(answer["nodes"][0]["cif"]).read_bytes() == Path(dialogue[0]["cif"]).read_bytes()


@needs_language_model
def test_that_ctrl_c_stops_with_130_one_json_object_and_a_project_that_opens(tmp_path: Path) -> None:
    options = ["--project", str(tmp_path / "p.cstudio"), "--out", str(tmp_path), "--json", "--seed", "1"]
    process = subprocess.Popen(
        command("design", WISH, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while not (tmp_path / "p.cstudio").exists():
        assert process.poll() is None
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGINT)
    out, _ = process.communicate(timeout=120)
    assert process.returncode == 130
    assert json.loads(out)["nodes"] == []
    history = subprocess.run(
        command("history", str(tmp_path / "p.cstudio"), "--json"), capture_output=True, text=True, check=False
    )
    assert json.loads(history.stdout) == {"project": str(tmp_path / "p.cstudio"), "error": None, "nodes": []}


def test_that_a_missing_language_model_gives_4_and_says_what_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "CRYSTAL_STUDIO_MODELS": str(tmp_path / "none")}
    options = ["--project", str(tmp_path / "p.cstudio"), "--json"]
    done = subprocess.run(
        command("design", WISH, *options), capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 4
    assert "installer/studio" in json.loads(done.stdout)["error"]


@pytest.fixture(scope="module")
def answered() -> dict[str, tuple[int, str, str]]:
    """Status, stdout and stderr of the commands that read a crystal; they run beside each other."""
    sample = Path(__file__).parents[2] / "resources" / "sample_structures" / "srtio3.cif"
    running = {
        name: subprocess.Popen(
            command(name, str(sample), "--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for name in ("check", "predict", "describe")
    }
    told = {name: process.communicate() for name, process in running.items()}
    return {name: (process.returncode, *told[name]) for name, process in running.items()}


@pytest.mark.parametrize("name", ["check", "predict", "describe"])
def test_that_a_crystal_file_gets_an_answer(name: str, answered: dict[str, tuple[int, str, str]]) -> None:
    status, out, complaint = answered[name]
    assert status == 0, complaint
    answer = json.loads(out)
    assert (answer["formula"], answer["space_group"]["number"]) == ("SrTiO3", 221)


def test_that_bad_arguments_are_one_json_object_too() -> None:
    done = subprocess.run(command("design", "--json"), capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "prompt" in json.loads(done.stdout)["error"]
