"""`crystal-studio doctor`: what it prints, and its exit status."""

from __future__ import annotations

import argparse
import io
import json
from pathlib import Path
from typing import Any

import pytest

from crystal_studio.cli import doctor as command
from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus
from crystal_studio.domain.finding import Finding, State

GOOD = Finding("python", "3.11.7")
ADVICE = Finding("display", "none", State.ADVICE, "Log in with `ssh -X`.")
PROBLEM = Finding("model denoiser", "missing", State.PROBLEM, "Fetch it.")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    """Runs the command on made-up findings; gives the exit status, what it printed, and whether a test was run."""

    def go(words: str, *findings: Finding) -> tuple[int, str, bool]:
        asked: list[Any] = []

        def examine(surroundings: object, context: object, *, self_test: bool) -> list[Finding]:
            asked.append((surroundings, self_test))
            return list(findings)

        monkeypatch.setattr(command, "examine", examine)
        out = io.StringIO()
        program = Program.__new__(Program)
        for name, value in {"out": out, "stop": Stop(), "surroundings": lambda folder: folder}.items():
            object.__setattr__(program, name, value)
        arguments: argparse.Namespace = build_parser("0", "doctor").parse_args(["doctor", *words.split()])
        status = arguments.run(arguments, program)
        ((folder, tested),) = asked
        assert folder == Path.cwd()
        return status, out.getvalue(), tested

    return go


def test_that_every_finding_is_a_line_with_its_remedy(run) -> None:
    status, out, tested = run("", GOOD, ADVICE)
    assert status == ExitStatus.DONE
    assert out.splitlines() == ["good     python: 3.11.7", "advice   display: none  -> Log in with `ssh -X`."]
    assert tested


def test_that_what_stops_a_round_is_told_by_the_exit_status(run) -> None:
    status, out, _ = run("--no-self-test", GOOD, PROBLEM)
    assert status == ExitStatus.MODEL_MISSING
    assert "problem  model denoiser: missing  -> Fetch it." in out


def test_that_the_self_test_can_be_left_out(run) -> None:
    assert not run("--no-self-test", GOOD)[2]


def test_that_json_is_one_object(run) -> None:
    status, out, _ = run("--json --no-self-test", GOOD, PROBLEM)
    said = json.loads(out)
    assert status == ExitStatus.MODEL_MISSING
    assert said["error"] == "something a design round needs is missing"
    assert said["findings"][0] == {"name": "python", "value": "3.11.7", "state": "good", "remedy": ""}
    assert json.loads(run("--json", GOOD, ADVICE)[1])["error"] is None
