"""`mark`, `hide`, `undo`, `compact` and the searches of `history`, over a real project file."""

from __future__ import annotations

import io
import json
import random
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from contract_crystals import perovskite, rock_salt
from random_nodes import random_node

from crystal_studio.app.projects import open_project
from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ExitStatus, UserCorrectable
from crystal_studio.domain.history import Node

Run = Callable[..., tuple[int, str]]


def node(name: str, crystal: Crystal, parent: Node | None = None) -> Node:
    made = random_node(random.Random(name), parent)
    return replace(made, id=name + made.id[len(name) :], crystal=crystal)


ROOT = node("aaaa", perovskite())
CHILD = node("bbbb", perovskite(), ROOT)
LEAF = node("cccc", rock_salt(), CHILD)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    project = tmp_path / "p.cstudio"
    with open_project(project) as store:
        for one in (ROOT, CHILD, LEAF):
            store.commit(one)

    def run(command: str, *argv: str) -> tuple[int, str]:
        out = io.StringIO()
        program = Program(out, Stop(), "0", open_project, None, None, None, tmp_path, None)
        place = [str(project)] if command == "history" else ["--project", str(project)]
        arguments = build_parser("0", command).parse_args([command, *argv, *place])
        return arguments.run(arguments, program), out.getvalue()

    return run


def answer(run: Run, *argv: str) -> dict[str, Any]:
    status, text = run(*argv, "--json")
    assert status == ExitStatus.DONE
    return json.loads(text)


def listed(run: Run, *argv: str) -> set[str]:
    status, text = run("history", *argv)
    assert status == ExitStatus.DONE
    begun = {line.split()[0] for line in text.splitlines()}
    return {one.id for one in (ROOT, CHILD, LEAF) if one.id[:8] in begun}


def test_that_hiding_takes_what_is_below_along_and_undoing_brings_it_back(run: Run) -> None:
    assert set(answer(run, "hide", "bbbb")["nodes"]) == {CHILD.id, LEAF.id}
    assert listed(run) == {ROOT.id}
    assert listed(run, "--hidden") == {ROOT.id, CHILD.id, LEAF.id}
    assert "hide 2 nodes" in answer(run, "undo")["done"]
    assert listed(run) == {ROOT.id, CHILD.id, LEAF.id}
    answer(run, "redo")
    assert listed(run) == {ROOT.id}
    answer(run, "unhide", "cccc")
    assert listed(run) == {ROOT.id, LEAF.id}


def test_that_a_mark_keeps_what_it_does_not_change(run: Run) -> None:
    answer(run, "mark", "cccc", "--name", "salt", "--note", "first of all")
    found = answer(run, "mark", "cccc", "--star")
    assert (found["name"], found["note"], found["starred"]) == ("salt", "first of all", True)
    assert listed(run, "--search", "*") == {LEAF.id}
    assert answer(run, "mark", "cccc", "--no-star")["starred"] is False
    assert listed(run, "--search", "*") == set()


def test_that_a_search_lists_what_meets_it(run: Run) -> None:
    assert listed(run, "--search", "f:SrTiO3") == {ROOT.id, CHILD.id}
    answer(run, "hide", "bbbb")
    assert listed(run, "--search", "el:Sr") == {ROOT.id}
    assert listed(run, "--search", "el:Sr", "--hidden") == {ROOT.id, CHILD.id}
    status, text = run("history", "--search", "f:MgO")
    assert (status, text) == (ExitStatus.DONE, "No node meets this search.\n")


def test_that_an_odd_search_or_node_is_refused_in_words(run: Run) -> None:
    with pytest.raises(UserCorrectable, match="el:"):
        run("history", "--search", "el:")
    status, text = run("hide", "ffff", "--json")
    assert status == ExitStatus.BAD_INPUT
    assert "no node" in json.loads(text)["error"]


def test_that_there_is_an_end_to_undoing(run: Run) -> None:
    for _ in range(3):
        assert answer(run, "undo")["nodes"]
    assert answer(run, "undo") == {"error": None, "done": "There is nothing to undo", "nodes": []}
    assert listed(run) == set()
    assert len(listed(run, "--hidden")) == 3


def test_that_compacting_says_what_it_won(run: Run) -> None:
    assert answer(run, "compact")["bytes"] >= 0
    assert listed(run) == {ROOT.id, CHILD.id, LEAF.id}
