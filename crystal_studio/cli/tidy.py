"""`mark`, `hide`, `unhide`, `undo`, `redo` and `compact`: what is changed in a project beside its nodes."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import print_json
from crystal_studio.cli.design import DEFAULT_PROJECT
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.domain.mark import Mark
from crystal_studio.ports.history_store import HistoryStore

Answer = dict[str, Any]
"""What is told: "done" in words, "nodes" that changed, and more."""


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    marking = subparsers.add_parser("mark", help="name a node, star it, write a note to it")
    marking.add_argument("node", metavar="NODE")
    marking.add_argument("--name", help='shown instead of the formula; "" for none')
    marking.add_argument("--note", help='free text; "" for none')
    marking.add_argument("--star", action=argparse.BooleanOptionalAction, help="among the favourites, or not")
    marking.set_defaults(run=_run(_mark))
    for name, is_hidden in (("hide", True), ("unhide", False)):
        words = "leave a node and all below it out of the tree" if is_hidden else "take them into the tree again"
        parser = subparsers.add_parser(name, help=words)
        parser.add_argument("node", metavar="NODE")
        parser.set_defaults(run=_run(_hide), is_hidden=is_hidden)
    for name, action, words in (
        ("undo", _undo, "take back the last change of a project; a node that was added is hidden"),
        ("redo", _redo, "do again what was undone last"),
        ("compact", _compact, "give the unused room of a project file back to the disk"),
    ):
        subparsers.add_parser(name, help=words).set_defaults(run=_run(action))
    for name in ("mark", "hide", "unhide", "undo", "redo", "compact"):
        parser = subparsers.choices[name]
        parser.add_argument("--project", type=Path, default=Path(DEFAULT_PROJECT), help=f"project ({DEFAULT_PROJECT})")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")


def _run(action: Callable[[argparse.Namespace, HistoryStore], Answer]) -> Callable[[argparse.Namespace, Program], int]:
    """The command that does one thing to a project and tells it."""

    def run(arguments: argparse.Namespace, program: Program) -> int:
        try:
            with program.open_project(arguments.project) as store:
                answer = action(arguments, store)
        except StudioError as error:
            if not arguments.json:
                raise
            print_json({"error": str(error), "done": "", "nodes": []}, program.out)
            return int(error.exit_status)
        if arguments.json:
            print_json({"error": None, **answer}, program.out)
        else:
            print(f"{answer['done']}.", file=program.out)
        return int(ExitStatus.DONE)

    return run


def _mark(arguments: argparse.Namespace, store: HistoryStore) -> Answer:
    node_id = store.node(arguments.node).id
    before = store.marks([node_id]).get(node_id, Mark())
    asked = {"name": arguments.name, "note": arguments.note, "starred": arguments.star}
    now = replace(before, **{key: value for key, value in asked.items() if value is not None})
    if now != before:
        store.mark(node_id, now)
    plain = {"name": now.name, "starred": now.starred, "note": now.note}
    told = ", ".join(f"{key} {value!r}" for key, value in plain.items())
    return {"done": f"{node_id[:8]}: {told}", "nodes": [node_id], **plain}


def _hide(arguments: argparse.Namespace, store: HistoryStore) -> Answer:
    nodes = store.subtree(store.node(arguments.node).id)
    store.hide(nodes, arguments.is_hidden)
    word = "Hidden" if arguments.is_hidden else "Shown again"
    return {"done": f"{word}: {len(nodes):,} {'node' if len(nodes) == 1 else 'nodes'}", "nodes": nodes}


def _undo(_arguments: argparse.Namespace, store: HistoryStore) -> Answer:
    operation = store.undo()
    if operation is None:
        return {"done": "There is nothing to undo", "nodes": []}
    return {"done": f"Undone: {operation.title}", "nodes": list(operation.nodes)}


def _redo(_arguments: argparse.Namespace, store: HistoryStore) -> Answer:
    operation = store.redo()
    if operation is None:
        return {"done": "There is nothing to do again", "nodes": []}
    return {"done": f"Done again: {operation.title}", "nodes": list(operation.nodes)}


def _compact(_arguments: argparse.Namespace, store: HistoryStore) -> Answer:
    won = store.compact()
    return {"done": f"{won / 1e6:,.1f} MB given back to the disk", "nodes": [], "bytes": won}
