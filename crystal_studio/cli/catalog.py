"""`crystal-studio models` and `doctor`: what is installed, and whether it is whole."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli.console import print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.services.models import verified_models


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("models", help="list or verify the installed models")
    parser.add_argument("action", choices=("list", "verify"), nargs="?", default="list")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Print every card; with `verify`, check every file's hash."""
    catalog = program.catalog()
    if arguments.action == "verify":
        rows = [{**_row(state.card), "problem": state.problem} for state in verified_models(catalog)]
    else:
        rows = [_row(card) for card in catalog.cards()]
    broken = any(row.get("problem") for row in rows)
    if arguments.json:
        print_json({"models": rows, "error": "a model is damaged or missing" if broken else None}, program.out)
    else:
        for row in rows:
            state = f"  {row['problem'] or 'ok'}" if "problem" in row else ""
            default = "*" if row["default"] else " "
            print(f"{default} {row['kind']:15} {row['id']:28} {row['version']:8}{state}", file=program.out)
    return int(ExitStatus.MODEL_MISSING if broken else ExitStatus.DONE)


def _row(card: ModelCard) -> dict[str, Any]:
    return {
        "id": card.id,
        "kind": card.kind.value,
        "version": card.version,
        "default": card.default,
        "fingerprint": card.fingerprint,
        "memory_mb": card.memory_mb,
        "folder": str(card.folder),
        "provenance": dict(card.provenance),
    }
