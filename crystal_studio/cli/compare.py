"""`crystal-studio compare`: two nodes of a project side by side, or a node and what came before it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli.compare_json import comparison_json, edge_json
from crystal_studio.cli.compare_text import comparison_lines, edge_lines
from crystal_studio.cli.console import print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError, UserCorrectable
from crystal_studio.services.compare import changes_along, compare, parent_of


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("compare", help="show how two nodes differ, or a node and its parent")
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("first", metavar="A", help="a node; alone, it is compared with its parent")
    parser.add_argument("second", metavar="B", nargs="?", help="another node")
    parser.add_argument(
        "--path", action="store_true", help="instead, what changed in each step from the root to A, a line each"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Compare and print."""
    answer: dict[str, Any] = {"project": str(arguments.project.resolve()), "error": None}
    try:
        found, lines = _along(arguments, program) if arguments.path else _two(arguments, program)
    except StudioError as error:
        if not arguments.json:
            raise
        print_json({**answer, "error": str(error)}, program.out)
        return int(error.exit_status)
    if arguments.json:
        print_json({**answer, **found}, program.out)
    else:
        print("\n".join(lines), file=program.out)
    return int(ExitStatus.DONE)


def _two(arguments: argparse.Namespace, program: Program) -> tuple[dict[str, Any], list[str]]:
    with program.open_project(arguments.project, read_only=True) as store:
        last = store.node(arguments.second or arguments.first)
        first = store.node(arguments.first) if arguments.second else parent_of(last, store)
    comparison = compare(first, last, program.engines(None).crystal_comparer)
    return comparison_json(comparison), comparison_lines(comparison)


def _along(arguments: argparse.Namespace, program: Program) -> tuple[dict[str, Any], list[str]]:
    if arguments.second:
        raise UserCorrectable("With --path only one node can be given: the end of the path from the root.")
    with program.open_project(arguments.project, read_only=True) as store:
        node = store.node(arguments.first)
        steps = changes_along(node.id, store)
    return {"node": node.id, "steps": [edge_json(*step) for step in steps]}, edge_lines(steps)
