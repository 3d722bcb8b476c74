"""`crystal-studio export` and `crystal-studio import`: crystals out of a project, and into it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.node_json import node_json
from crystal_studio.cli.program import Program, complain
from crystal_studio.domain.errors import ExitStatus, StudioError, UserCorrectable
from crystal_studio.domain.exported import FileFormat
from crystal_studio.domain.history import Node
from crystal_studio.domain.imported import Imported, ReadFile, RefusedFile
from crystal_studio.services.jobs import ExportJob
from crystal_studio.services.library import export_nodes, import_read, read_files
from crystal_studio.services.provenance import VERSION


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    exporting = subparsers.add_parser("export", help="write crystals of a project to files")
    exporting.add_argument("project", type=Path, metavar="PROJECT")
    exporting.add_argument("nodes", nargs="+", metavar="NODE")
    formats = [one.value for one in FileFormat]
    exporting.add_argument("--format", choices=formats, required=True, help="how they are written")
    exporting.add_argument("--out", type=Path, required=True, metavar="PATH", help="a file, or a folder for several")
    exporting.add_argument(
        "--pattern",
        default=ExportJob.pattern,
        help="names of the files in a folder: {id}, {formula}, {name}, {group}, {round}, {number} (%(default)s)",
    )
    exporting.add_argument("--symprec", type=float, default=0.1, metavar="Å", help="tolerance of the symmetry (0.1)")
    exporting.add_argument("--conventional", action="store_true", help="the conventional cell")
    exporting.add_argument("--trajectory", action="store_true", help="extxyz: the denoising before each crystal")
    exporting.add_argument("--overwrite", action="store_true", help="replace files that are there")
    exporting.set_defaults(run=run_export)
    importing = subparsers.add_parser("import", help="read crystals; each becomes a root of a project")
    importing.add_argument("project", type=Path, metavar="PROJECT", help="made where there is none")
    importing.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a file or a folder")
    importing.set_defaults(run=run_import)
    for parser in (exporting, importing):
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")


def run_export(arguments: argparse.Namespace, program: Program) -> int:
    """Write the files."""
    job = ExportJob(
        project=arguments.project,
        nodes=tuple(arguments.nodes),
        file_format=FileFormat(arguments.format),
        out=arguments.out,
        pattern=arguments.pattern,
        symprec_angstrom=arguments.symprec,
        conventional=arguments.conventional,
        with_trajectory=arguments.trajectory,
        overwrite=arguments.overwrite,
    )
    try:
        with (
            program.open_project(arguments.project, read_only=True) as store,
            console_context(program.stop) as context,
        ):
            written = export_nodes(job, store, program.engines(None).files, context, program.version)
    except StudioError as error:
        if not arguments.json:
            raise
        print_json({**_project(arguments), "error": str(error), "files": []}, program.out)
        return int(error.exit_status)
    paths = [str(one.path.resolve()) for one in written]
    if arguments.json:
        print_json({**_project(arguments), "error": None, "files": paths}, program.out)
    else:
        print("\n".join(paths), file=program.out)
    return int(ExitStatus.DONE)


def run_import(arguments: argparse.Namespace, program: Program) -> int:
    """Read the files, and make roots of what was read; a project is made only where there is something for it."""
    found: Sequence[ReadFile | RefusedFile] = ()
    try:
        engines = program.engines(None)
        with console_context(program.stop) as context:
            found = read_files(arguments.files, "", engines.files, context)
            _refuse_nothing(found)
            with program.open_project(arguments.project) as store:
                imported = import_read(found, engines, store, context, {VERSION: program.version})
                nodes = [store.node(node) for node in imported.nodes]
    except StudioError as error:
        if not arguments.json:
            raise
        refused = tuple(item for item in found if isinstance(item, RefusedFile))
        print_json(_answer(arguments, Imported((), (), refused), (), str(error)), program.out)
        return int(error.exit_status)
    if arguments.json:
        print_json(_answer(arguments, imported, nodes, None), program.out)
    else:
        _tell(imported, nodes, program)
    return int(ExitStatus.DONE)


def _refuse_nothing(found: Sequence[ReadFile | RefusedFile]) -> None:
    """Say why, where nothing was read.

    Raises:
        UserCorrectable: with the reason of the first file.
    """
    refused = [item for item in found if isinstance(item, RefusedFile)]
    if refused and len(refused) == len(found):
        more = f" {len(refused) - 1} more were refused as well." if len(refused) > 1 else ""
        raise UserCorrectable(f"'{refused[0].name}' was not read. {refused[0].reason}{more}")


def _project(arguments: argparse.Namespace) -> dict[str, Any]:
    return {"project": str(arguments.project.resolve())}


def _answer(
    arguments: argparse.Namespace, imported: Imported, nodes: Sequence[Node], error: str | None
) -> dict[str, Any]:
    made = iter(imported.nodes)
    return {
        **_project(arguments),
        "error": error,
        "nodes": [node_json(node, None) for node in nodes],
        "read": [_read_json(item, next(made) if item.is_ordered else None) for item in imported.read],
        "refused": [{"name": item.name, "reason": item.reason} for item in imported.refused],
    }


def _read_json(item: ReadFile, node: str | None) -> dict[str, Any]:
    """One crystal that was read; a disordered one has no node, and the formula of its likeliest species."""
    return {
        "name": item.name,
        "node": node,
        "formula": item.crystal.formula,
        "num_sites": item.crystal.num_sites,
        "ordered": item.is_ordered,
        "shared": [{"index": site.index, "occupancies": site.occupancies} for site in item.shared],
        "reader": item.reader,
        "steps": list(item.steps),
        "warnings": list(item.warnings),
        "sha256": item.sha256,
    }


def _tell(imported: Imported, nodes: Sequence[Node], program: Program) -> None:
    """Roots on stdout; warnings and refusals on stderr."""
    made = iter(nodes)
    for item in imported.read:
        if item.is_ordered:
            node = next(made)
            print(f"{node.id[:8]}  {node.crystal.formula}  {node.space_group.symbol}  {item.name}", file=program.out)
        for warning in item.warnings:
            complain(f"{item.name}: {warning}")
    for refused in imported.refused:
        complain(f"{refused.name} was not read. {refused.reason}")
