"""`crystal-studio doctor`: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus
from crystal_studio.domain.finding import Finding
from crystal_studio.services.doctor import examine, has_problem


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("doctor", help="check this machine and the installed models")
    parser.add_argument("--no-self-test", action="store_true", help="do not run a tiny design round at the end")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Print every finding with its remedy; the exit status says whether a design round can run."""
    with console_context(program.stop) as context:
        findings = examine(program.surroundings(Path.cwd()), context, self_test=not arguments.no_self_test)
    broken = has_problem(findings)
    if arguments.json:
        error = "something a design round needs is missing" if broken else None
        print_json({"findings": [asdict(finding) for finding in findings], "error": error}, program.out)
    else:
        print("\n".join(_line(finding) for finding in findings), file=program.out)
    return int(ExitStatus.MODEL_MISSING if broken else ExitStatus.DONE)


def _line(finding: Finding) -> str:
    remedy = f"  -> {finding.remedy}" if finding.remedy else ""
    return f"{finding.state.value:8} {finding.name}: {finding.value}{remedy}"
