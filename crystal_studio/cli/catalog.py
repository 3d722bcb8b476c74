"""`crystal-studio models`: what is installed, whether it is whole, what could be fetched; models coming and going."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli import catalog_changes
from crystal_studio.cli.console import print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.domain.model_import import ImportMode
from crystal_studio.services.models import verified_models


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("models", help="list, verify, import, pack or remove models")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run_list)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    _action(actions, "list", run_list, "every model that has a card here (this is what `models` alone does)")
    _action(actions, "verify", run_verify, "compare every file with its hash")
    _action(actions, "offers", run_offers, "models that can be fetched where there is a network, and imported")
    taking = _action(actions, "import", catalog_changes.run_import, "take a model in, known by reading its files")
    taking.add_argument("path", type=Path, metavar="PATH", help="folder, hub cache, wheel, GGUF file or checkpoint")
    taking.add_argument("--id", dest="model_id", help="what it is called here; made of its name if not given")
    mode = taking.add_mutually_exclusive_group()
    for value, says in (
        (ImportMode.COPY, "copy the files (this is the usual)"),
        (ImportMode.LINK, "leave large files where they are, and link to them"),
        (ImportMode.DRY_RUN, "check everything, say what would be taken and left, and write nothing"),
    ):
        mode.add_argument(f"--{value.value}", dest="mode", action="store_const", const=value, help=says)
    taking.set_defaults(mode=ImportMode.COPY)
    packing = _action(actions, "pack", catalog_changes.run_pack, "write models into one file with checksums")
    packing.add_argument("ids", nargs="+", metavar="ID")
    packing.add_argument("--out", type=Path, required=True, metavar="FILE.tar")
    unpacking = _action(actions, "unpack", catalog_changes.run_unpack, "take in every model of a packed file")
    unpacking.add_argument("file", type=Path, metavar="FILE.tar")
    removing = _action(actions, "remove", catalog_changes.run_remove, "delete one of your own models")
    removing.add_argument("id", metavar="ID")


def _action(actions: Any, name: str, run: Any, help_: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(name, help=help_, description=help_)
    # Given before the action or behind it: a default of the inner parser would undo the outer one.
    parser.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="one JSON object on stdout")
    parser.set_defaults(run=run)
    return parser


def run_list(arguments: argparse.Namespace, program: Program) -> int:
    """Print every card."""
    return _show([_row(card) for card in program.catalog().cards()], arguments, program)


def run_verify(arguments: argparse.Namespace, program: Program) -> int:
    """Print every card, and what is wrong with its files."""
    states = verified_models(program.catalog())
    return _show([{**_row(state.card), "problem": state.problem} for state in states], arguments, program)


def run_offers(arguments: argparse.Namespace, program: Program) -> int:
    """Print the catalogue."""
    offers = program.model_store().offers()
    if arguments.json:
        rows = [{**vars(offer), "kind": offer.kind.value, "memory_mb": dict(offer.memory_mb)} for offer in offers]
        print_json({"offers": rows, "error": None}, program.out)
        return int(ExitStatus.DONE)
    for offer in offers:
        memory = ", ".join(f"{size / 1000:.1f} GB at {bits}" for bits, size in offer.memory_mb.items())
        print(f"{offer.id}: {offer.name} ({offer.kind}; {', '.join(offer.jobs)})", file=program.out)
        print(f"    {offer.size_mb / 1000:.1f} GB to fetch; memory {memory}; {offer.licence}", file=program.out)
        print(f"    {offer.source}\n    {' '.join(filter(None, (offer.lacks, offer.how)))}", file=program.out)
    return int(ExitStatus.DONE)


def _show(rows: list[dict[str, Any]], arguments: argparse.Namespace, program: Program) -> int:
    broken = any(row.get("problem") for row in rows)
    if arguments.json:
        print_json({"models": rows, "error": "a model is damaged or missing" if broken else None}, program.out)
    else:
        for row in rows:
            print(_line(row), file=program.out)
    return int(ExitStatus.MODEL_MISSING if broken else ExitStatus.DONE)


def _line(row: dict[str, Any]) -> str:
    state = f"  {row['problem'] or 'ok'}" if "problem" in row else ""
    if row["how_to_install"]:
        state = f"  not installed: {row['how_to_install']}"
    return f"{'*' if row['default'] else ' '} {row['kind']:15} {row['id']:28} {row['version']:8}{state}"


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
