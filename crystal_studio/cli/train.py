"""`crystal-studio train STAGE ...`: runs a training stage as a process of its own."""

from __future__ import annotations

import argparse
import subprocess
import sys
from typing import Any

from crystal_studio.cli.program import Program

STAGES = ("data", "clip", "diffusion", "prototypes", "properties", "dialogues", "crystext", "sft", "grpo")
_MODULES = {"crystext": "crystext_data"}  # where a stage's module has another name


def module_of(stage: str) -> str:
    """The module that runs a stage, as `python -m` takes it."""
    return f"crystal_studio.training.{_MODULES.get(stage, stage)}"


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("train", help="run a training stage; `train STAGE --help` tells its options")
    parser.add_argument("stage", choices=STAGES)
    parser.add_argument("options", nargs=argparse.REMAINDER, help="handed to the stage as they are")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Start the stage's module as a process, in the foreground, and give its exit status."""
    command = [sys.executable, "-m", module_of(arguments.stage), *arguments.options]
    return subprocess.run(command, check=False, stdout=program.out).returncode
