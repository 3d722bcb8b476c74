"""`crystal-studio replay` and `crystal-studio provenance`: run a node again, and tell what made it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.domain.replayed import Replayed, Verdict
from crystal_studio.services.provenance import branch_to, provenance
from crystal_studio.services.replay import replay


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    again = subparsers.add_parser("replay", help="run a node again from what is stored with it, and compare")
    again.set_defaults(run=run_replay)
    telling = subparsers.add_parser("provenance", help="tell what made a node: every round from the root")
    telling.set_defaults(run=run_provenance)
    for parser in (again, telling):
        parser.add_argument("project", type=Path, metavar="PROJECT")
        parser.add_argument("node", metavar="NODE")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")


def run_replay(arguments: argparse.Namespace, program: Program) -> int:
    """Run the node again; nothing is committed."""
    answer: dict[str, Any] = {"project": str(arguments.project.resolve()), "error": None, "node": arguments.node}
    try:
        with (
            program.open_project(arguments.project, read_only=True) as store,
            console_context(program.stop) as context,
        ):
            node = store.node(arguments.node)
            found = replay(node.id, program.engines(None), store, context, program.version)
            told = provenance(branch_to(node, store), program.version)
    except StudioError as error:
        return _refused(error, answer, arguments, program)
    if arguments.json:
        print_json({**answer, **_replayed_json(found), "provenance": told}, program.out)
    else:
        print("\n".join(_lines(found)), file=program.out)
    return int(ExitStatus.DIFFERENT if found.verdict is Verdict.DIFFERENT else ExitStatus.DONE)


def run_provenance(arguments: argparse.Namespace, program: Program) -> int:
    """Print what made a node."""
    answer: dict[str, Any] = {"project": str(arguments.project.resolve()), "error": None, "node": arguments.node}
    try:
        with program.open_project(arguments.project, read_only=True) as store:
            told = provenance(branch_to(store.node(arguments.node), store), program.version)
    except StudioError as error:
        return _refused(error, answer, arguments, program)
    if arguments.json:
        print_json({**answer, **told}, program.out)
    else:
        print("\n".join(_provenance_lines(told)), file=program.out)
    return int(ExitStatus.DONE)


def _refused(error: StudioError, answer: dict[str, Any], arguments: argparse.Namespace, program: Program) -> int:
    if not arguments.json:
        raise error
    print_json({**answer, "error": str(error)}, program.out)
    return int(error.exit_status)


def _replayed_json(found: Replayed) -> dict[str, Any]:
    return {
        "node": found.node,
        "verdict": found.verdict.value,
        "tolerance": found.tolerance,
        "numbers": found.numbers,
        "reasons": list(found.reasons),
        "seconds": round(found.seconds, 3),
    }


def _lines(found: Replayed) -> list[str]:
    lines = [f"Node {found.node[:8]}: {found.verdict.value} ({found.seconds:.1f} s)"]
    if found.tolerance:
        lines.append(f"  tolerance  {found.tolerance}")
    lines += [f"  {name.replace('_', ' ')}  {value:.3g}" for name, value in found.numbers.items() if value]
    return [*lines, *(f"  reason     {reason}" for reason in found.reasons)]


def _provenance_lines(told: dict[str, Any]) -> list[str]:
    lines = [told["line"]]
    for one in told["rounds"]:
        lines.append(f"Round {one['round']}  {one['formula']}  node {one['node'][:8]}  {one['created']}")
        lines.append(f"  you      {one['message']}")
        lines.append(f"  pivot    {one['pivot']}  [{one['pivot_source']}]")
        lines.append(f"  start    {one['start']}: {one['origin']}, seed {one['seed']}, strength {one['strength']:g}")
        lines += [f"  model    {kind.replace('_', ' ')}: {name}" for kind, name in one["models"].items()]
        lines += [f"  library  {name}: {value}" for name, value in one["environment"].items()]
    return lines
