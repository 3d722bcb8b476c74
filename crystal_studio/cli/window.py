"""`crystal-studio open` and `crystal-studio screenshots`: the window, and pictures of it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crystal_studio.cli.program import Program


def add_parser(subparsers: Any) -> None:
    """Register the commands."""
    window = subparsers.add_parser("open", help="open the window; `crystal-studio` alone does the same")
    window.add_argument("project", nargs="?", type=Path, help="project file (the one that was open last)")
    window.add_argument("--demo", action="store_true", help="without models: well-known crystals answer")
    window.set_defaults(run=run_open)
    pictures = subparsers.add_parser("screenshots", help="save pictures of the window, light and dark")
    pictures.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pictures")
    pictures.add_argument("--project", type=Path, help="project to show (one is made with --demo engines)")
    pictures.set_defaults(run=run_screenshots)


def run_open(arguments: argparse.Namespace, program: Program) -> int:
    """Open the window and stay until it is closed."""
    return program.open_window(arguments.project, arguments.demo)


def run_screenshots(arguments: argparse.Namespace, program: Program) -> int:
    """Save the pictures and name them."""
    for path in program.take_screenshots(arguments.out, arguments.project):
        print(path, file=program.out, flush=True)
    return 0
