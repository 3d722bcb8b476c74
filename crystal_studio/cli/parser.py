"""Every command of `crystal-studio`, with its options."""

from __future__ import annotations

import argparse

from crystal_studio.cli import catalog, design, doctor, evaluate, files, project, train


def build_parser(version: str) -> argparse.ArgumentParser:
    """The parser; each command sets `run(arguments, program) -> exit status`."""
    parser = argparse.ArgumentParser(
        prog="crystal-studio",
        description="Design crystals by talking: a wish becomes a crystal, feedback a better one, offline.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    design.add_parser(subparsers)
    files.add_parsers(subparsers)
    project.add_parser(subparsers)
    catalog.add_parser(subparsers)
    train.add_parser(subparsers)
    evaluate.add_parser(subparsers)
    doctor.add_parser(subparsers)
    return parser
