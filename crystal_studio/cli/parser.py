"""Every command of `crystal-studio`, with its options."""

from __future__ import annotations

import argparse
from typing import NoReturn

from crystal_studio.cli import catalog, design, doctor, evaluate, files, mend, project, references, train, window
from crystal_studio.domain.errors import UserCorrectable


class _Parser(argparse.ArgumentParser):
    """Bad arguments become our own error, so that `--json` can tell them as well."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UserCorrectable: always.
        """
        raise UserCorrectable(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` tells what can be given.")


def build_parser(version: str) -> argparse.ArgumentParser:
    """The parser; each command sets `run(arguments, program) -> exit status`."""
    parser = _Parser(
        prog="crystal-studio",
        description="Design crystals by talking: a wish becomes a crystal, feedback a better one, offline.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    window.add_parsers(subparsers)
    design.add_parser(subparsers)
    mend.add_parsers(subparsers)
    files.add_parsers(subparsers)
    project.add_parser(subparsers)
    catalog.add_parser(subparsers)
    references.add_parser(subparsers)
    train.add_parser(subparsers)
    evaluate.add_parser(subparsers)
    doctor.add_parser(subparsers)
    return parser
