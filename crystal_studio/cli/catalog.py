"""`crystal-studio models`: what is installed, whether it is whole, and importing what is not shipped."""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.services.models import verified_models

_OURS = "crystal_studio.engines."


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("models", help="list, verify or import models")
    parser.add_argument("action", choices=("list", "verify", "import"), nargs="?", default="list")
    parser.add_argument("id", nargs="?", help="with import: which model")
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER", help="with import: its published files")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Print every card; with `verify`, check every file's hash; with `import`, convert the files of one model first."""
    catalog = program.catalog()
    if arguments.action == "import":
        return _import(arguments, program)
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
            if row["how_to_install"]:
                state = f"  not installed: {row['how_to_install']}"
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
        "installed": card.is_installed,
        "how_to_install": None if card.is_installed else card.how_to_install,
        "provenance": dict(card.provenance),
    }


def _import(arguments: argparse.Namespace, program: Program) -> int:
    """Convert published files in a process of their own, into the person's models folder.

    Raises:
        UserCorrectable: no model or no folder is named, or the files are not the published ones.
        Unavailable: the model is not one that is imported.
    """
    if arguments.id is None or arguments.source is None:
        raise UserCorrectable("Name the model and the folder: `crystal-studio models import ID --from FOLDER`.")
    card = next((card for card in program.catalog().cards() if card.id == arguments.id), None)
    if card is None or card.how_to_install is None or not card.backend.startswith(_OURS):
        raise Unavailable(f"'{arguments.id}' is no model to import. `crystal-studio models list` names those that are.")
    target = program.models_folder / card.kind.value / card.id
    module = f"{card.backend.partition(':')[0]}_import"
    command = [sys.executable, "-m", module, str(arguments.source), str(card.folder), str(target)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["the importer said nothing"]
        raise UserCorrectable(f"{card.id} was not imported: {said[-1]}")
    if arguments.json:
        print_json({"model": card.id, "folder": str(target), "error": None}, program.out)
    else:
        print(f"{card.id} is installed in {target}", file=program.out)
    return int(ExitStatus.DONE)
