"""`crystal-studio doctor`: what this machine has, and what to do about what it lacks."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli.console import print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("doctor", help="check this machine and the installed models")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    parser.set_defaults(run=run)
