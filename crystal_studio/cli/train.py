"""`crystal-studio train STAGE ...`: runs a training stage as a process of its own."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Any

from crystal_studio.cli.program import Program

STAGES = ("data", "clip", "diffusion", "prototypes", "properties", "dialogues", "sft")


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("train", help="run a training stage; `train STAGE --help` tells its options")
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("options", nargs=argparse.REMAINDER, help="handed to the stage as they are")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Start `python -m crystal_studio.training.STAGE`, in the foreground, and give its exit status."""
    command = [sys.executable, "-m", f"crystal_studio.training.{arguments.stage}", *arguments.options]
    return subprocess.run(command, check=False, stdout=program.out).returncode
