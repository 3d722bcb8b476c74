"""The house rules that a tool can check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "crystal_studio"
MODULES = sorted(PACKAGE.rglob("*.py"))
TABLES = {"element_table.py", "space_group_table.py"}
MAX_FUNCTION_LINES = 50
MAX_MODULE_LINES = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}
HEAVY = ("torch", "transformers", "pymatgen", "robocrys", "smact", "spglib", "chgnet", "peft", "sqlalchemy", "alembic")


def run(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command], cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=280
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def test_that_each_room_imports_only_what_it_may() -> None:
    run("-c", "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())", "--no-cache")


def test_that_ruff_finds_nothing() -> None:
    run("-m", "ruff", "check", "--quiet", ".")


def test_that_mypy_finds_nothing() -> None:
    run("-m", "mypy")


def functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in MODULES:
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef):
                yield path, item


def test_that_no_function_is_longer_than_fifty_lines() -> None:
    too_long = [
        f"{path.relative_to(REPOSITORY)}:{item.lineno} {item.name} ({item.end_lineno - item.lineno + 1})"
        for path, item in functions()
        if item.end_lineno is not None and item.end_lineno - item.lineno >= MAX_FUNCTION_LINES
    ]
    assert too_long == []


def test_that_no_module_is_longer_than_four_hundred_lines() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES if path.name not in TABLES}
    assert [f"{path.relative_to(REPOSITORY)} ({n})" for path, n in lengths.items() if n > MAX_MODULE_LINES] == []


def test_that_modules_are_named_for_what_they_hold() -> None:
    assert [str(path) for path in MODULES if VAGUE_NAMES & set(path.stem.split("_"))] == []


def test_that_every_room_says_what_it_is_for() -> None:
    rooms = [path for path in MODULES if path.name == "__init__.py"]
    assert [str(path) for path in rooms if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))] == []


def test_that_no_exception_is_swallowed() -> None:
    """An `except` whose body is only `pass` hides a failure."""
    silent = [
        f"{path.relative_to(REPOSITORY)}:{item.lineno}"
        for path in MODULES
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(item, ast.ExceptHandler) and all(isinstance(line, ast.Pass) for line in item.body)
    ]
    assert silent == []


def test_that_tests_are_named_as_sentences() -> None:
    names = [
        f"{path.name}:{item.name}"
        for path in (REPOSITORY / "tests").rglob("test_*.py")
        for item in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(item, ast.FunctionDef) and item.name.startswith("test_")
    ]
    vague = re.compile(r"_(works?|correctly|as_expected)(_|$)")
    assert [name for name in names if ":test_that_" not in name or vague.search(name)] == []


def test_that_no_committed_text_names_a_place_on_someones_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    place = re.compile(rb"(?<![\w.])/(work|root|home/\w+|Users/\w+)/")
    names = [name for name in listed.stdout.decode().split("\0") if name and not name.endswith((".safetensors", ".gz"))]
    found = [name for name in names if (REPOSITORY / name).is_file() and place.search((REPOSITORY / name).read_bytes())]
    assert [name for name in found if name != Path(__file__).relative_to(REPOSITORY).as_posix()] == []


def test_that_the_command_line_starts_without_the_heavy_libraries() -> None:
    script = (
        "import sys; from crystal_studio.cli.parser import build_parser; import crystal_studio.app.main; "
        f"build_parser('0'); sys.exit(', '.join(set({HEAVY!r}) & sys.modules.keys()) or 0)"
    )
    run("-c", script)
