"""`crystal-studio references`: import, list and remove sets of known crystals."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.domain.known import MatchKind, ReferenceSet
from crystal_studio.ports.reference_library import ReferenceLibrary

Answer = tuple[dict[str, Any], str]


def add_parser(subparsers: Any) -> None:
    """Register the command and its three actions."""
    parser = subparsers.add_parser("references", help="sets of known crystals that designs are compared with")
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the sets")
    importing = actions.add_parser("import", help="import a set; one that is there unchanged is left as it is")
    importing.add_argument(
        "source",
        metavar="SOURCE",
        help="a folder of CIF, POSCAR or JSON files, one such file, a dump (JSON lines or a JSON list; lattice, "
        "species, frac, or pymatgen's layout), or amcsd for the minerals of AMCSD, fetched as the wheel larixite",
    )
    importing.add_argument("--name", metavar="NAME", help="what to call the set (the name of the folder or file)")
    removing = actions.add_parser("remove", help="forget an imported set")
    removing.add_argument("name", metavar="NAME")
    for action, do in ((listing, _list), (importing, _import), (removing, _remove)):
        action.add_argument("--json", action="store_true", help="one JSON object on stdout")
        action.set_defaults(run=run, do=do)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Do what was asked and print the sets, or what became of one."""
    try:
        answer, text = arguments.do(arguments, program, program.engines(None).references)
    except StudioError as error:
        if not arguments.json:
            raise
        print_json({"error": str(error), "sets": []}, program.out)
        return int(error.exit_status)
    if arguments.json:
        print_json({"error": None, **answer}, program.out)
    else:
        print(text, file=program.out)
    return int(ExitStatus.DONE)


def _list(arguments: argparse.Namespace, program: Program, library: ReferenceLibrary) -> Answer:
    sets = library.sets()
    lines = [f"{one.name:24} {one.entries:9,} {_what(one):10} {one.source}" for one in sets]
    if not any(one.kind is MatchKind.COMPOUND for one in sets):
        lines.append(
            "No set of known crystals is imported. `crystal-studio references import amcsd` adds the minerals."
        )
    return {"sets": [asdict(one) for one in sets]}, "\n".join(lines)


def _import(arguments: argparse.Namespace, program: Program, library: ReferenceLibrary) -> Answer:
    with console_context(program.stop) as context:
        imported = library.import_set(arguments.source, arguments.name, context)
    return {"sets": [asdict(imported)]}, _report(imported)


def _remove(arguments: argparse.Namespace, program: Program, library: ReferenceLibrary) -> Answer:
    library.remove(arguments.name)
    return {"sets": []}, f"'{arguments.name}' is forgotten."


def _report(imported: ReferenceSet) -> str:
    lines = [
        f"{imported.name}: {imported.entries:,} {_what(imported)} from {imported.source} "
        f"({imported.size_bytes / 1e6:.1f} MB)"
    ]
    lines += [f"  left out {count:6,}: {why}" for why, count in imported.left_out.items()]
    if imported.citation:
        lines.append(f"  cite {imported.citation}")
    return "\n".join(lines)


def _what(one: ReferenceSet) -> str:
    return "prototypes" if one.kind is MatchKind.PROTOTYPE else "crystals"
