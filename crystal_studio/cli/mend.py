"""`crystal-studio promote` and `crystal-studio repair`: another candidate, or a mended crystal, becomes a node."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.design import DEFAULT_PROJECT, node_text
from crystal_studio.cli.node_json import node_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.domain.history import Node
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.engines import Engines
from crystal_studio.services.jobs import Repair, RepairKind
from crystal_studio.services.promote import promote
from crystal_studio.services.repair import repair, repairs

Step = Callable[[Node, Engines, HistoryStore, JobContext, dict[str, str]], Node]


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    promoting = subparsers.add_parser("promote", help="make another candidate of a node a node beside it")
    promoting.add_argument("node", metavar="NODE")
    promoting.add_argument("candidate", type=int, metavar="RANK", help="its place among the candidates, from 1")
    promoting.set_defaults(run=run_promote)
    mending = subparsers.add_parser("repair", help="mend a node's crystal; without a choice, say what is offered")
    mending.add_argument("node", metavar="NODE")
    ways = mending.add_mutually_exclusive_group()
    ways.add_argument("--scale-volume", action="store_true", help="to the volume expected of its elements")
    ways.add_argument("--relax", action="store_true", help="with the interatomic potential")
    ways.add_argument("--swap", nargs=2, metavar=("OLD", "NEW"), help="put one element on the sites of another")
    mending.set_defaults(run=run_repair)
    for parser in (promoting, mending):
        parser.add_argument("--project", type=Path, default=Path(DEFAULT_PROJECT), help=f"project ({DEFAULT_PROJECT})")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")


def run_promote(arguments: argparse.Namespace, program: Program) -> int:
    """Commit another candidate."""

    def step(
        node: Node, engines: Engines, store: HistoryStore, context: JobContext, parameters: dict[str, str]
    ) -> Node:
        return promote(node, arguments.candidate - 1, engines, store, context, parameters)

    return _told(arguments, program, step)


def run_repair(arguments: argparse.Namespace, program: Program) -> int:
    """Mend the crystal, or say how it might be."""
    mend = _chosen(arguments)
    if mend is None:
        return _offer(arguments, program)

    def step(
        node: Node, engines: Engines, store: HistoryStore, context: JobContext, parameters: dict[str, str]
    ) -> Node:
        return repair(node, mend, engines, store, context, parameters)

    return _told(arguments, program, step)


def _chosen(arguments: argparse.Namespace) -> Repair | None:
    if arguments.swap:
        return Repair(RepairKind.SWAP_ELEMENT, *arguments.swap)
    if arguments.relax:
        return Repair(RepairKind.RELAX)
    return Repair(RepairKind.SCALE_VOLUME) if arguments.scale_volume else None


def _offer(arguments: argparse.Namespace, program: Program) -> int:
    try:
        with program.open_project(arguments.project, read_only=True) as store:
            offered = repairs(store.node(arguments.node))
    except StudioError as error:
        return _refused(arguments, program, error)
    if arguments.json:
        rows = [{"kind": one.kind.value, "old": one.old, "new": one.new} for one in offered]
        print_json({"error": None, "repairs": rows}, program.out)
    else:
        print("\n".join(map(_line, offered)) or "Nothing needs mending.", file=program.out)
    return int(ExitStatus.DONE)


def _line(one: Repair) -> str:
    return f"{one.kind.value} {one.old} -> {one.new}" if one.old else one.kind.value


def _told(arguments: argparse.Namespace, program: Program, step: Step) -> int:
    try:
        with program.open_project(arguments.project) as store, console_context(program.stop) as context:
            node = store.node(arguments.node)
            made = step(node, program.engines(None), store, context, {"version": program.version})
    except StudioError as error:
        return _refused(arguments, program, error)
    if arguments.json:
        print_json({"error": None, "nodes": [node_json(made, None)]}, program.out)
    else:
        print(node_text(made, None), file=program.out)
    return int(ExitStatus.DONE)


def _refused(arguments: argparse.Namespace, program: Program, error: StudioError) -> int:
    """Told on stdout with `--json`, else by whoever called.

    Raises:
        StudioError: the very error, where no JSON is asked for.
    """
    if not arguments.json:
        raise error
    print_json({"error": str(error), "nodes": []}, program.out)
    return int(error.exit_status)
