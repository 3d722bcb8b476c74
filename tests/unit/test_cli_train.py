"""`crystal-studio train STAGE`: every stage has a module that can be run."""

from __future__ import annotations

import argparse
import io
from importlib.util import find_spec
from pathlib import Path

import pytest

from crystal_studio.cli import train
from crystal_studio.cli.console import Stop
from crystal_studio.cli.program import Program


@pytest.mark.parametrize("stage", train.STAGES)
def test_that_a_stage_is_a_module_with_a_command_line(stage: str) -> None:
    found = find_spec(train.module_of(stage))
    assert found is not None
    assert found.origin is not None
    assert 'if __name__ == "__main__":' in Path(found.origin).read_text(encoding="utf-8")


def test_that_options_reach_the_stage_and_its_status_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    class Done:
        returncode = 3

    def run(command: list[str], **_options: object) -> Done:
        started.append(command)
        return Done()

    monkeypatch.setattr("subprocess.run", run)
    parser = argparse.ArgumentParser()
    train.add_parser(parser.add_subparsers())
    arguments = parser.parse_args(["train", "crystext", "--splits", "val"])
    program = Program(io.StringIO(), Stop(), "0", None, None, None, None, Path(), None)
    assert arguments.run(arguments, program) == 3
    assert started[0][1:] == ["-m", "crystal_studio.training.crystext_data", "--splits", "val"]
