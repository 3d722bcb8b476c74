"""`crystal-studio report`: the path from the root to a node, as a page or on paper."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError
from crystal_studio.services.compare import compare
from crystal_studio.services.report import Branch, ReportTools
from crystal_studio.services.report_file import check_report_file, write_report


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("report", help="write the path from the root to a node as HTML or PDF")
    parser.add_argument("project", type=Path, metavar="PROJECT")
    parser.add_argument("node", metavar="NODE")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="FILE.html or FILE.pdf")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Write the report."""
    answer: dict[str, Any] = {"project": str(arguments.project.resolve()), "error": None, "node": arguments.node}
    try:
        rounds = _write(arguments, program)
    except StudioError as error:
        if not arguments.json:
            raise
        print_json({**answer, "error": str(error), "file": None, "rounds": 0}, program.out)
        return int(error.exit_status)
    if arguments.json:
        print_json({**answer, "file": str(arguments.out.resolve()), "rounds": rounds}, program.out)
    else:
        print(f"{rounds} round{'s' if rounds > 1 else ''} written to {arguments.out}", file=program.out)
    return int(ExitStatus.DONE)


def _write(arguments: argparse.Namespace, program: Program) -> int:
    """Write the report; returns the number of its rounds."""
    check_report_file(arguments.out)
    comparer = program.engines(None).crystal_comparer
    tools = ReportTools(program.version, program.draftsman(), lambda parent, node: compare(parent, node, comparer))
    with program.open_project(arguments.project, read_only=True) as store:
        branch = Branch.to(arguments.node, store, arguments.project.name)
    with console_context(program.stop) as context:
        write_report(branch, arguments.out, tools, program.printer(), context)
    return len(branch.nodes)
