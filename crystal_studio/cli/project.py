"""`crystal-studio history`: the design tree of a project."""

from __future__ import annotations

import argparse
from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import print_json
from crystal_studio.cli.design import node_text
from crystal_studio.cli.node_json import node_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.domain.history import Node
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.query_text import parse_query


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("history", help="show the design tree of a project")
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("--node", metavar="NODE", help="show one node in full")
    parser.add_argument("--search", metavar="QUERY", help="list what meets a search such as 'el:Sr,Ti gap:2-4'")
    parser.add_argument("--hidden", action="store_true", help="hidden nodes as well")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Print the tree, what a search finds, or one node."""
    nodes: list[Node] = []
    outlines: list[NodeOutline] = []
    try:
        with program.open_project(arguments.project, read_only=True) as store:
            if arguments.node:
                nodes = [store.node(arguments.node)]
            else:
                outlines = _found(arguments, store)
            if arguments.json:
                nodes += [store.node(one.id) for one in outlines]
    except StudioError as error:
        if not arguments.json:
            raise
        print_json({"project": str(arguments.project.resolve()), "error": str(error), "nodes": []}, program.out)
        return int(error.exit_status)
    if arguments.json:
        rows = [node_json(node, None) for node in nodes]
        print_json({"project": str(arguments.project.resolve()), "error": None, "nodes": rows}, program.out)
    elif arguments.node:
        print(node_text(nodes[0], None), file=program.out)
    elif arguments.search is not None:
        print("\n".join(map(_line, outlines)) or "No node meets this search.", file=program.out)
    else:
        print("\n".join(tree_lines(outlines)) or "This project has no nodes yet.", file=program.out)
    return int(ExitStatus.DONE)


def _found(arguments: argparse.Namespace, store: HistoryStore) -> list[NodeOutline]:
    """What a search finds, everything without one; hidden nodes only where they are asked for."""
    query = parse_query(arguments.search or "")
    return store.search(replace(query, hidden=query.hidden or arguments.hidden), limit=store.num_nodes())


def tree_lines(nodes: list[NodeOutline]) -> list[str]:
    """The tree as text, children below their parents in order of creation."""
    children: dict[str | None, list[NodeOutline]] = defaultdict(list)
    known = {node.id for node in nodes}
    for node in nodes:
        children[node.parent if node.parent in known else None].append(node)
    lines: list[str] = []
    waiting = [(node, 0) for node in reversed(children[None])]
    while waiting:
        node, depth = waiting.pop()
        lines.append("  " * depth + _line(node))
        waiting += [(child, depth + 1) for child in reversed(children[node.id])]
    return lines


def _line(node: NodeOutline) -> str:
    gap = f"{node.band_gap_ev:.2f} eV" if node.band_gap_ev is not None else "gap unknown"
    symbol = SpaceGroup(node.space_group).symbol
    return f"{node.id[:8]}  {node.formula}  {symbol}  {gap}  {node.message[:70]}".rstrip()
