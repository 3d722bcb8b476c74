"""Every command of `crystal-studio`, with its options."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import NoReturn

from crystal_studio.domain.errors import UserCorrectable

# Module -> its commands: a command need not wait for the imports of the others.
COMMANDS = {
    "window": ("open", "screenshots"),
    "design": ("design",),
    "generate": ("generate",),
    "mend": ("promote", "repair"),
    "files": ("describe", "check", "predict", "relax", "known"),
    "project": ("history",),
    "tidy": ("mark", "hide", "unhide", "undo", "redo", "compact"),
    "exchange": ("export", "import"),
    "compare": ("compare",),
    "replay": ("replay", "provenance"),
    "sheet": ("sheet",),
    "report": ("report",),
    "bundle": ("bundle", "unbundle"),
    "catalog": ("models",),
    "references": ("references",),
    "train": ("train",),
    "evaluate": ("evaluate",),
    "doctor": ("doctor",),
}


class _Parser(argparse.ArgumentParser):
    """Bad arguments become our own error, so that `--json` can tell them as well."""

    def error(self, message: str) -> NoReturn:
        """Refuse the arguments.

        Raises:
            UserCorrectable: always.
        """
        raise UserCorrectable(f"{message[:1].upper()}{message[1:]}. `{self.prog} --help` tells what can be given.")


def build_parser(version: str, command: str | None = None) -> argparse.ArgumentParser:
    """The parser of one command, or of all where it is none of them; each sets `run(arguments, program) -> status`."""
    parser = _Parser(
        prog="crystal-studio",
        description="Design crystals by talking: a wish becomes a crystal, feedback a better one, offline.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {version}")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in [name for name, commands in COMMANDS.items() if command in commands] or COMMANDS:
        import_module(f"crystal_studio.cli.{module}").add_parser(subparsers)
    return parser
