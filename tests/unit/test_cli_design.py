"""`design` over fake engines and a real project file: the JSON, the files and the exit statuses."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from crystal_studio.app.projects import open_project
from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.validity import CheckResult
from crystal_studio.engines.fake.bundle import FakeEngines

WISH = "An oxide insulator with a wide band gap that contains strontium and titanium"
PEROVSKITE = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."
NODE_KEYS = {
    "id", "parent", "round", "message", "pivot", "pivot_source", "description", "formula", "space_group",
    "num_sites", "alignment", "valid", "checks", "band_gap", "strength", "start", "relaxed", "candidates", "limits",
    "cif", "seconds",
}  # fmt: skip


class Session:
    """Runs commands as the program would, with engines that can be scripted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engines = FakeEngines()
        self.stop = Stop()

    def run(self, *argv: str) -> tuple[int, str]:
        out = io.StringIO()
        program = Program(
            out=out,
            stop=self.stop,
            version="0",
            open_project=open_project,
            engines=lambda model: self.engines,
            catalog=lambda: pytest.fail("no catalogue is needed"),
            read_records=lambda name: pytest.fail("no data are needed"),
            models_folder=self.folder,
            data_folder=None,
        )
        arguments = build_parser("0").parse_args(list(argv))
        try:
            status = arguments.run(arguments, program)
        except StudioError as error:
            return int(error.exit_status), str(error)
        return status, out.getvalue()

    def design(self, *argv: str) -> tuple[int, dict[str, Any]]:
        project = str(self.folder / "p.cstudio")
        status, text = self.run("design", *argv, "--project", project, "--out", str(self.folder / "out"), "--json")
        assert text.count("\n") == 1
        return status, json.loads(text)


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


def test_that_json_holds_every_field_of_a_chain_of_nodes(session: Session) -> None:
    session.engines.language_model.enqueue([PEROVSKITE, PEROVSKITE])
    status, answer = session.design(WISH, "--feedback", "Make the gap wider but keep the composition.", "--seed", "7")
    assert status == 0
    assert answer["error"] is None
    assert answer["seed"] == 7
    first, second = answer["nodes"]
    assert first.keys() >= NODE_KEYS
    assert first["parent"] is None
    assert second["parent"] == first["id"]
    assert (first["round"], second["round"]) == (1, 2)
    assert first["space_group"].keys() == {"symbol", "number", "symprec"}
    assert first["band_gap"].keys() == {"value", "sigma", "unit", "functional", "in_distribution"}
    for owner in (first, second, *(candidate for candidate in first["candidates"] if candidate["valid"])):
        assert owner["e_above_hull"].keys() == {"value", "sigma", "low", "high", "unit", "in_distribution"}
        assert owner["e_above_hull"]["low"] <= owner["e_above_hull"]["value"] <= owner["e_above_hull"]["high"]
        assert owner["e_above_hull"]["unit"] == "eV/atom"
    assert Path(first["cif"]).is_absolute()
    assert Path(first["cif"]).is_file()
    assert second["formula"] == first["formula"] == "SrTiO3"


def test_that_rounds_add_nodes_driven_by_predictions(session: Session) -> None:
    status, answer = session.design(WISH, "--rounds", "2", "--seed", "1")
    assert status == 0
    assert [node["round"] for node in answer["nodes"]] == [1, 2, 3]


def test_that_from_continues_an_old_node_and_makes_a_branch(session: Session) -> None:
    _, answer = session.design(WISH, "--feedback", "Make it denser.", "--seed", "1")
    root = answer["nodes"][0]["id"]
    status, branch = session.design("Replace strontium by barium.", "--from", root[:8], "--seed", "2")
    assert status == 0
    assert branch["nodes"][0]["parent"] == root


@pytest.mark.parametrize(
    "wish",
    [
        "",
        "   ",
        "oxide " * 20_000,
        "blub wibble frotz",
        "an oxide with unobtainium",
        "no oxygen, an oxide",
        "make Xq2O3",
    ],
)
def test_that_a_wish_that_cannot_be_met_is_one_clear_sentence_and_no_project(session: Session, wish: str) -> None:
    status, answer = session.design(wish)
    assert status == 2
    assert answer["nodes"] == []
    assert 20 < len(answer["error"]) < 500
    assert not (session.folder / "p.cstudio").exists()


def test_that_nodes_committed_before_a_bad_feedback_are_reported_and_kept(session: Session) -> None:
    status, answer = session.design(WISH, "--feedback", "use unobtainium instead", "--seed", "1")
    assert status == 2
    assert len(answer["nodes"]) == 1
    assert answer["error"]
    status, text = session.run("history", str(session.folder / "p.cstudio"), "--json")
    assert status == 0
    assert [node["id"] for node in json.loads(text)["nodes"]] == [answer["nodes"][0]["id"]]


def test_that_a_stop_requested_during_a_round_gives_130_and_keeps_what_was_committed(session: Session) -> None:
    session.stop.requested = True
    status, answer = session.design(WISH, "--seed", "1")
    assert status == 130
    assert answer["nodes"] == []
    assert "Stopped" in answer["error"]


def test_that_a_damaged_project_is_refused_and_left_as_it_is(session: Session) -> None:
    project = session.folder / "p.cstudio"
    project.write_bytes(b"this is no database" * 100)
    status, answer = session.design(WISH)
    assert status == 2
    assert "p.cstudio" in answer["error"]
    assert project.read_bytes().startswith(b"this is no database")


def test_that_an_unknown_node_is_named(session: Session) -> None:
    session.design(WISH, "--seed", "1")
    status, answer = session.design("Make it denser.", "--from", "ffffffff")
    assert status == 2
    assert "ffffffff" in answer["error"]


@pytest.mark.parametrize("options", [["--strength", "0"], ["--candidates", "0"], ["--rounds", "-1"], ["--seed", "-5"]])
def test_that_numbers_out_of_range_name_the_range(session: Session, options: list[str]) -> None:
    status, answer = session.design(WISH, *options)
    assert status == 2
    assert any(character.isdigit() for character in answer["error"])


def test_that_a_bug_in_an_engine_is_reported_as_one_json_object(session: Session) -> None:
    session.engines.language_model.enqueue([ZeroDivisionError("in an engine")])
    status, answer = session.design(WISH, "--seed", "1")
    assert status == 1
    assert "ZeroDivisionError" in answer["error"]


def test_that_a_pivot_of_ones_own_is_used_as_written_in_the_first_round(session: Session) -> None:
    own = session.folder / "own.txt"
    own.write_text(PEROVSKITE.replace("Sr", "Ba") + "\n", encoding="utf-8")
    status, answer = session.design("", "--pivot", str(own), "--feedback", "Make it denser.", "--seed", "1")
    assert status == 0
    assert [node["pivot_source"] for node in answer["nodes"]] == ["person", "model"]
    assert answer["nodes"][0]["formula"] == "BaTiO3"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00nonsense", b"A nice crystal.", b""])
def test_that_a_pivot_file_that_cannot_be_used_is_told_before_anything_is_drawn(
    session: Session, content: bytes | None
) -> None:
    own = session.folder / "own.txt"
    if content is not None:
        own.write_bytes(content)
    status, answer = session.design("", "--pivot", str(own), "--seed", "1")
    assert status == 2
    assert answer["nodes"] == []
    assert not (session.folder / "p.cstudio").exists()


def test_that_a_candidate_is_promoted_and_a_crystal_mended_from_the_command_line(session: Session) -> None:
    project = str(session.folder / "p.cstudio")
    _, answer = session.design(WISH, "--seed", "1")
    root = answer["nodes"][0]["id"]
    status, text = session.run("promote", root[:8], "2", "--project", project, "--json")
    (sibling,) = json.loads(text)["nodes"]
    assert (status, sibling["parent"]) == (0, None)
    assert sibling["notes"][0] == f"promoted from candidate 2 of node {root[:8]}"
    for way in (["--relax"], ["--scale-volume"], ["--swap", "Sr", "Ba"]):
        status, text = session.run("repair", root[:8], *way, "--project", project, "--json")
        (child,) = json.loads(text)["nodes"]
        assert (status, child["parent"]) == (0, root)
    assert child["formula"] == "BaTiO3"
    status, text = session.run("history", project, "--json")
    assert len(json.loads(text)["nodes"]) == 5


def test_that_repair_alone_says_what_is_offered(session: Session) -> None:
    project = str(session.folder / "p.cstudio")
    _, answer = session.design(WISH, "--seed", "1", "--candidates", "2")
    root = answer["nodes"][0]["id"]
    status, text = session.run("repair", root, "--project", project)
    assert (status, text) == (0, "Nothing needs mending.\n")
    refusal = CheckResult("density", 1, False, "far too dense")
    session.engines.checker.script.enqueue([(refusal,)])
    _, text = session.run("promote", root, "2", "--project", project, "--json")
    dense = json.loads(text)["nodes"][0]["id"]
    _, text = session.run("repair", dense, "--project", project, "--json")
    assert {"kind": "scale the volume", "old": "", "new": ""} in json.loads(text)["repairs"]


@pytest.mark.parametrize("command", [["promote", "ffff", "2"], ["repair", "ffff", "--relax"], ["repair", "ffff"]])
def test_that_an_unknown_node_cannot_be_mended(session: Session, command: list[str]) -> None:
    session.design(WISH, "--seed", "1", "--candidates", "2")
    status, text = session.run(*command, "--project", str(session.folder / "p.cstudio"), "--json")
    assert status == 2
    assert "ffff" in json.loads(text)["error"]
