"""The commands that the worked example shows are commands of the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from crystal_studio.cli.parser import build_parser

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "worked_example.md"


def test_that_each_command_of_the_worked_example_can_be_given() -> None:
    commands = re.findall(r"^\$ crystal-studio (.+)$", PAGE.read_text(), re.MULTILINE)
    named = {shlex.split(command)[0] for command in commands}
    assert {"import", "design", "compare", "report"} <= named
    for command in commands:
        assert build_parser("0").parse_args(shlex.split(command)).run


def test_that_the_worked_example_begins_with_a_file_that_is_here() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", PAGE.read_text())
    assert links
    assert [link for link in links if not (PAGE.parent / link).exists()] == []
