"""`open` and `screenshots` hand their arguments to the program."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crystal_studio.cli.console import Stop
from crystal_studio.cli.parser import COMMANDS, build_parser
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, Unavailable

_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")


def run(*argv: str, **wiring: object) -> tuple[int, str]:
    out = io.StringIO()
    program = Program(out, Stop(), "0", None, None, None, None, Path(), None, **wiring)
    arguments = build_parser("0").parse_args(list(argv))
    return arguments.run(arguments, program), out.getvalue()


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["open"], (None, False)),
        (["open", "--demo"], (None, True)),
        (["open", "a.cstudio"], (Path("a.cstudio"), False)),
    ],
)
def test_that_open_opens_the_project_named_or_the_last_one(argv: list[str], expected: tuple[object, bool]) -> None:
    opened: list[tuple[object, bool]] = []

    def open_window(project: Path | None, demo: bool) -> int:
        opened.append((project, demo))
        return 5

    assert run(*argv, open_window=open_window) == (5, "")
    assert opened == [expected]


def test_that_screenshots_names_what_it_saved() -> None:
    asked: list[tuple[Path, Path | None]] = []

    def take(folder: Path, project: Path | None) -> list[Path]:
        asked.append((folder, project))
        return [folder / "light.png", folder / "dark.png"]

    status, text = run("screenshots", "--out", "shots", "--project", "a.cstudio", take_screenshots=take)
    assert status == 0
    assert text.splitlines() == [str(Path("shots/light.png")), str(Path("shots/dark.png"))]
    assert asked == [(Path("shots"), Path("a.cstudio"))]


def test_that_a_program_without_a_window_says_so() -> None:
    with pytest.raises(Unavailable, match="without a window"):
        run("open")


def test_that_without_a_display_the_program_says_what_to_do_before_qt_is_loaded() -> None:
    environment = {name: value for name, value in os.environ.items() if name not in _DISPLAYS}
    command = [sys.executable, "-P", "-m", "crystal_studio.app.main"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == ExitStatus.MODEL_MISSING
    assert "no display" in done.stderr
    assert "qt.qpa" not in done.stderr


@pytest.mark.parametrize("command", [one for commands in COMMANDS.values() for one in commands])
def test_that_every_command_is_found_without_the_imports_of_the_others(command) -> None:
    with pytest.raises(SystemExit) as left:
        build_parser("0", command).parse_args([command, "--help"])
    assert left.value.code == 0


def test_that_the_table_of_commands_names_all_of_them() -> None:
    listed = build_parser("0").format_help()
    assert all(f"\n    {one}" in listed for commands in COMMANDS.values() for one in commands)
