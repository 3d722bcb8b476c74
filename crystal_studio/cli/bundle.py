"""`crystal-studio bundle` and `crystal-studio unbundle`: a whole project as one file, and back."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.program import Program, complain
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.services.bundle import unbundle


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    packing = subparsers.add_parser("bundle", help="pack a project into one zip file, to keep or to send")
    packing.add_argument("project", type=Path, metavar="PROJECT")
    packing.add_argument("--out", type=Path, required=True, metavar="FILE.zip", help="the bundle")
    packing.set_defaults(run=run_bundle)
    merging = subparsers.add_parser("unbundle", help="add to a project what a bundle has and it has not")
    merging.add_argument("project", type=Path, metavar="PROJECT", help="made if it is missing")
    merging.add_argument("bundle", type=Path, metavar="FILE.zip")
    merging.set_defaults(run=run_unbundle)
    for parser in (packing, merging):
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")


def run_bundle(arguments: argparse.Namespace, program: Program) -> int:
    """Pack the project."""
    answer: dict[str, Any] = {"project": str(arguments.project.resolve()), "error": None}
    try:
        with console_context(program.stop) as context:
            packed = program.bundles().pack(arguments.project.resolve(), arguments.out, context)
    except StudioError as error:
        return _refused(error, {**answer, "file": None, "nodes": 0, "cifs": 0, "bytes": 0}, arguments, program)
    if arguments.json:
        told = {"file": str(packed.file.resolve()), "nodes": packed.num_nodes, "cifs": packed.num_cifs}
        print_json({**answer, **told, "bytes": packed.size_bytes}, program.out)
    else:
        size = f"{packed.size_bytes / 1e6:.1f} MB"
        print(f"{packed.num_nodes:,} nodes, {packed.num_cifs:,} CIFs, {size}: {packed.file}", file=program.out)
    return int(ExitStatus.DONE)


def run_unbundle(arguments: argparse.Namespace, program: Program) -> int:
    """Merge the bundle into the project."""
    answer: dict[str, Any] = {"project": str(arguments.project.resolve()), "error": None}
    try:
        with console_context(program.stop) as context:
            merged = unbundle(
                arguments.project.resolve(), arguments.bundle, program.bundles(), program.open_project, context
            )
    except StudioError as error:
        return _refused(error, {**answer, "new": [], "known": 0, "conflicts": []}, arguments, program)
    if arguments.json:
        told = {"new": list(merged.new), "known": merged.num_known, "conflicts": list(merged.conflicts)}
        print_json({**answer, **told}, program.out)
        return int(ExitStatus.DONE)
    for sentence in merged.conflicts:
        complain(sentence)
    print(f"{len(merged.new):,} nodes added, {merged.num_known:,} were there already", file=program.out)
    return int(ExitStatus.DONE)


def _refused(error: StudioError, answer: dict[str, Any], arguments: argparse.Namespace, program: Program) -> int:
    """Told on stdout with `--json`, else by whoever called.

    Raises:
        StudioError: the very error, where no JSON is asked for.
    """
    if not arguments.json:
        raise error
    print_json({**answer, "error": str(error)}, program.out)
    return int(error.exit_status)
