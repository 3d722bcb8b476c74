"""`replay`, `provenance` and `sheet` over fake engines and a real project file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_cli_design import PEROVSKITE, WISH, Session

from crystal_studio.app.projects import open_project
from crystal_studio.domain.errors import ExitStatus
from crystal_studio.ports.prototype_library import DecoratedPrototype


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(tmp_path)


@pytest.fixture
def nodes(session: Session) -> list[str]:
    """A root and its child."""
    session.engines.language_model.enqueue([PEROVSKITE, PEROVSKITE])
    status, answer = session.design(WISH, "--feedback", "Make it denser.", "--seed", "7", "--candidates", "4")
    assert status == 0
    session.engines.language_model.enqueue([PEROVSKITE])
    return [node["id"] for node in answer["nodes"]]


def told(session: Session, *argv: str) -> tuple[int, dict[str, Any]]:
    command, *rest = argv
    status, text = session.run(command, str(session.folder / "p.cstudio"), *rest, "--json")
    assert text.count("\n") == 1
    return status, json.loads(text)


def test_that_a_replay_is_one_json_object_with_its_verdict(session: Session, nodes: list[str]) -> None:
    status, answer = told(session, "replay", nodes[1][:8])
    assert status == 0
    assert answer["project"] == str(session.folder / "p.cstudio")
    assert (answer["error"], answer["node"], answer["verdict"]) == (None, nodes[1], "identical")
    assert (answer["tolerance"], answer["reasons"]) == ("", [])
    assert answer["numbers"]["lattice_angstrom"] == 0
    assert answer["seconds"] > 0
    assert [one["node"] for one in answer["provenance"]["rounds"]] == nodes
    assert len(told(session, "history")[1]["nodes"]) == 2


def test_that_a_different_replay_ends_with_its_own_status_and_reasons(session: Session, nodes: list[str]) -> None:
    decorate = session.engines.prototypes.decorate

    def bigger(*arguments: Any, **options: Any) -> list[DecoratedPrototype]:
        found = decorate(*arguments, **options)
        return [replace(one, crystal=one.crystal.scaled_to(one.crystal.volume_angstrom3 * 1.3)) for one in found]

    session.engines.prototypes.decorate = bigger
    status, answer = told(session, "replay", nodes[0])
    assert (status, answer["verdict"]) == (ExitStatus.DIFFERENT, "different")
    assert answer["reasons"]
    status, text = session.run("replay", str(session.folder / "p.cstudio"), nodes[0])
    assert status == ExitStatus.DIFFERENT
    assert "different" in text
    assert "reason" in text


@pytest.mark.parametrize("command", [("replay",), ("provenance",), ("sheet", "--message", "Make it denser.")])
def test_that_an_unknown_node_is_told_in_json_and_on_stderr(
    session: Session, nodes: list[str], command: tuple[str, ...]
) -> None:
    name, *options = command
    status, answer = told(session, name, "0000", *options)
    assert status == ExitStatus.BAD_INPUT
    assert "0000" in answer["error"]
    status, text = session.run(name, str(session.folder / "p.cstudio"), "0000", *options)
    assert status == ExitStatus.BAD_INPUT
    assert "0000" in text


def test_that_provenance_tells_every_round_with_its_models_and_libraries(session: Session, nodes: list[str]) -> None:
    status, answer = told(session, "provenance", nodes[1])
    assert (status, answer["error"], answer["node"]) == (0, None, nodes[1])
    first, second = answer["rounds"]
    assert (first["message"], second["message"]) == (WISH, "Make it denser.")
    assert (first["parent"], second["parent"]) == (None, nodes[0])
    assert second["pivot"] == PEROVSKITE
    assert second["models"]["denoiser"] == "fake@fake"
    assert second["environment"] == session.engines.surroundings
    assert second["parameters"]["run_seed"] == 7
    assert answer["line"].startswith("Crystal Studio 0, node ")
    status, text = session.run("provenance", str(session.folder / "p.cstudio"), nodes[1])
    assert status == 0
    assert answer["line"] in text
    assert f"Round 2  {second['formula']}" in text


def test_that_a_sheet_tells_its_cells_and_goes_on_where_it_was_interrupted(session: Session, nodes: list[str]) -> None:
    options = ("--message", "Make it denser.", "--candidates", "4")
    status, answer = told(session, "sheet", nodes[0], *options, "--strengths", "0.1,0.3", "--seeds", "1,2")
    assert (status, answer["error"]) == (0, None)
    assert [cell["cell"] for cell in answer["cells"]] == [[0, 0, 0], [0, 1, 0], [1, 0, 0], [1, 1, 0]]
    assert {cell["pivot"] for cell in answer["cells"]} == {PEROVSKITE}
    calls = len(session.engines.sampler.requests)
    more = ("--strengths", "0.1,0.3", "--seeds", "1,2,5", "--sheet", answer["sheet"])
    status, whole = told(session, "sheet", nodes[0], *options, *more)
    assert status == 0
    assert {cell["node"] for cell in answer["cells"]} < {cell["node"] for cell in whole["cells"]}
    assert len(whole["cells"]) == 6
    assert len(session.engines.sampler.requests) - calls <= 2 * 3, "only the missing cells are drawn"
    with open_project(session.folder / "p.cstudio") as store:
        drawn = {cell["node"] for cell in whole["cells"]}
        assert not drawn & {one.id for one in store.page(nodes[0])}, "cells are hidden"
        assert drawn <= {one.id for one in store.page(nodes[0], hidden=True)}
        store.hide([whole["cells"][0]["node"]], False)
        assert whole["cells"][0]["node"] in {one.id for one in store.page(nodes[0])}, "promoting is to unhide"
    status, text = session.run("sheet", str(session.folder / "p.cstudio"), nodes[0], *options, *more)
    assert status == 0
    assert text.count("strength 0.3") == 3


@pytest.mark.parametrize("option", ["--strengths", "--seeds", "--guidances"])
def test_that_numbers_that_are_none_are_refused(session: Session, nodes: list[str], option: str) -> None:
    status, answer = told(session, "sheet", nodes[0], "--message", "denser", option, "1,two")
    assert status == ExitStatus.BAD_INPUT
    assert option in answer["error"]
    assert answer["cells"] == []


def test_that_a_stopped_sheet_ends_with_130_and_names_itself_to_go_on(session: Session, nodes: list[str]) -> None:
    session.stop.requested = True
    status, answer = told(session, "sheet", nodes[0], "--message", "Make it denser.")
    assert (status, answer["cells"]) == (ExitStatus.STOPPED, [])
    session.stop.requested = False
    status, whole = told(session, "sheet", nodes[0], "--message", "Make it denser.", "--sheet", answer["sheet"])
    assert (status, len(whole["cells"])) == (0, 3)
