"""`crystal-studio sheet`: one message answered with every strength, seed and guidance scale, each a hidden node."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar
from uuid import uuid4

from crystal_studio.cli.console import ConsoleContext, console_context, print_json
from crystal_studio.cli.node_json import interval_json, measured_json, space_group_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError, UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.services.contact_sheet import REFUSED, Cell, RefusedCell, cells, fill_sheet, is_stored
from crystal_studio.services.jobs import DesignJob, SheetJob
from crystal_studio.services.provenance import VERSION

Number = TypeVar("Number", int, float)


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("sheet", help="answer a node with every strength and seed, as a contact sheet")
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("node", metavar="NODE", help="the node that is answered")
    parser.add_argument("--message", required=True, metavar="TEXT", help="the feedback; its pivot is written once")
    parser.add_argument("--strengths", default="0.1", metavar="LIST", help="such as 0.05,0.1,0.2 (0.1)")
    parser.add_argument("--seeds", default="1,2,3", metavar="LIST", help="such as 1,2,3 (1,2,3)")
    parser.add_argument("--guidances", default="", metavar="LIST", help="such as 1,2,4 (the model's own)")
    parser.add_argument("--candidates", type=int, default=10, metavar="N", help="crystals drawn a cell (10)")
    again = "id of an interrupted sheet, to draw the cells that it lacks with the same numbers"
    parser.add_argument("--sheet", metavar="ID", help=again)
    parser.add_argument("--model", metavar="ID", help="language model to use, by its id in `models list`")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Draw the sheet; whatever happens, say which cells are in the project."""
    started = perf_counter()
    sheet = arguments.sheet or uuid4().hex
    rows: list[dict[str, Any]] = []
    failure: StudioError | None = None
    try:
        _fill(arguments, sheet, program, rows)
    except StudioError as error:
        failure = error
    answer = {
        "project": str(arguments.project.resolve()),
        "error": str(failure) if failure else None,
        "node": arguments.node,
        "sheet": sheet,
        "cells": rows,
        "seconds": round(perf_counter() - started, 3),
    }
    if arguments.json:
        print_json(answer, program.out)
    elif rows:
        print("\n".join(_lines(answer)), file=program.out)
    if failure and not arguments.json:
        raise failure
    return int(failure.exit_status if failure else ExitStatus.DONE)


def _fill(arguments: argparse.Namespace, sheet: str, program: Program, rows: list[dict[str, Any]]) -> None:
    """Draw what is missing; `rows` gets every cell that is in the project, and those that were refused."""
    strengths = _numbers("--strengths", arguments.strengths, float)
    seeds = _numbers("--seeds", arguments.seeds, int)
    guidances = _numbers("--guidances", arguments.guidances, float)
    with program.open_project(arguments.project) as store, console_context(program.stop) as context:
        parent = store.node(arguments.node).id
        base = DesignJob(arguments.project, arguments.message, parent, 0, arguments.candidates)
        job = SheetJob(base, sheet, strengths, seeds, guidances)
        planned = cells(job)
        following = _Following(context)
        try:
            fill_sheet(job, program.engines(arguments.model), store, following, {VERSION: program.version})
        finally:
            rows += [_row(cell, store.node(cell.node)) for cell in planned if is_stored(cell, store)]
            rows += [{**_place(one.cell), "node": None, "error": one.reason} for one in following.refused]


class _Following:
    """A context that hands everything on and keeps what was refused."""

    def __init__(self, context: ConsoleContext) -> None:
        self._context = context
        self.progress = context.progress
        self.check_cancelled = context.check_cancelled
        self.refused: list[RefusedCell] = []

    def partial(self, kind: str, payload: object) -> None:
        """Handed on."""
        if kind == REFUSED and isinstance(payload, RefusedCell):
            self.refused.append(payload)
        self._context.partial(kind, payload)


def _numbers(option: str, text: str, kind: Callable[[str], Number]) -> tuple[Number, ...]:
    """Numbers with commas between them.

    Raises:
        UserCorrectable: one of them is none.
    """
    try:
        return tuple(kind(word) for word in text.split(",") if word.strip())
    except ValueError as error:
        raise UserCorrectable(f"{option} {text[:40]} cannot be read. Give numbers with commas between them.") from error


def _place(cell: Cell) -> dict[str, Any]:
    return {
        "cell": list(cell.place),
        "strength": cell.strength,
        "seed": cell.seed,
        "guidance": cell.guidance,
    }


def _row(cell: Cell, node: Node) -> dict[str, Any]:
    return {
        **_place(cell),
        "node": node.id,
        "error": None,
        "formula": node.crystal.formula,
        "space_group": space_group_json(node.space_group),
        "valid": node.valid,
        "alignment": node.alignment,
        "band_gap": measured_json(node.band_gap),
        "e_above_hull": interval_json(node.e_above_hull),
        "start": node.start,
        "pivot": node.pivot,
    }


def _lines(answer: dict[str, Any]) -> list[str]:
    lines = [f"Contact sheet {answer['sheet']} ({answer['seconds']:.1f} s)"]
    for row in answer["cells"]:
        guidance = "" if row["guidance"] is None else f"  guidance {row['guidance']:g}"
        place = f"  strength {row['strength']:g}  seed {row['seed']}{guidance}"
        if row["error"]:
            lines.append(f"{place}  refused: {row['error']}")
        else:
            gap = f"{row['band_gap']['value']:.2f} eV" if row["band_gap"] else "gap unknown"
            lines.append(f"{place}  {row['node'][:8]}  {row['formula']}  {row['space_group']['symbol']}  {gap}")
    return lines
