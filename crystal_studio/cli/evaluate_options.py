"""What the kinds of `crystal-studio evaluate` share: options, rows, journal, answer."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from crystal_studio.cli.console import print_json
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, UserCorrectable
from crystal_studio.services.evaluate import EvaluationRow, first_after_shuffle, rows_of

_SPLITS = ("test", "val", "chemeleon")
_FOLDER = Path("runs") / "evaluate"
T = TypeVar("T")


def add_rows(parser: argparse.ArgumentParser, limit: int, split: str = "test") -> None:
    """Which rows, in which order, told how."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--split", choices=_SPLITS, default=split, help=f"rows of the data folder ({split})")
    source.add_argument("--data", metavar="FILE", help="rows of a file instead: JSON lines or an MP-20 CSV")
    parser.add_argument("--limit", type=int, default=limit, metavar="N", help=f"first N after a shuffle ({limit})")
    parser.add_argument("--seed", type=int, default=0, help="of the shuffle and of every draw (0)")
    parser.add_argument("--json", action="store_true", help="the last line of stdout is one JSON object")


def add_journal(parser: argparse.ArgumentParser) -> None:
    """Where finished rows are kept."""
    parser.add_argument("--out", "--resume-from", dest="out", type=Path, metavar="FILE",
                        help="journal of finished rows, which are not done again (runs/evaluate/...)")  # fmt: skip


def add_workers(parser: argparse.ArgumentParser) -> None:
    """In how many processes."""
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (one for each core)"
    )


def names(text: str, read: Callable[[str], T]) -> tuple[T, ...]:
    """The parts of a list with commas, each as `read` makes of it, and each once."""
    return tuple(dict.fromkeys(read(name.strip()) for name in text.split(",") if name.strip()))


def all_rows(arguments: argparse.Namespace, program: Program) -> list[EvaluationRow]:
    """Every row of the source.

    Raises:
        UserCorrectable: the limit leaves none of them.
    """
    if arguments.limit < 1:
        raise UserCorrectable(f"--limit {arguments.limit} leaves nothing to do. Give 1 or more.")
    return rows_of(program.read_records(arguments.data or arguments.split))


def chosen_rows(arguments: argparse.Namespace, program: Program) -> list[EvaluationRow]:
    """The first rows after the shuffle."""
    return first_after_shuffle(all_rows(arguments, program), arguments.limit, arguments.seed)


def loaded(engines: InstalledEngines, ports: Sequence[str]) -> dict[str, str]:
    """Models in use; a missing one is told before any work is done."""
    for port in ports:
        getattr(engines, port)
    return engines.identities()


def header(
    arguments: argparse.Namespace, kind: str, settings: Mapping[str, Any], identities: Mapping[str, str]
) -> dict[str, Any]:
    """What must be the same for two runs to share a journal; the limit need not be."""
    return {"kind": kind, "data": arguments.data or arguments.split, "models": dict(identities), **settings}


def journal_path(arguments: argparse.Namespace) -> Path:
    """The file asked for, else one named by kind and rows."""
    if arguments.out is not None:
        return Path(arguments.out)
    source = Path(arguments.data).name.split(".")[0] if arguments.data else arguments.split
    return _FOLDER / f"{arguments.kind}-{source}.jsonl"


def refuse_workers(arguments: argparse.Namespace) -> None:
    """Refuse a number of processes that cannot work.

    Raises:
        UserCorrectable: there is none.
    """
    if arguments.workers < 1:
        raise UserCorrectable(f"{arguments.workers} workers cannot work. Give 1 or more.")


def tell(arguments: argparse.Namespace, program: Program, answer: Mapping[str, Any], text: str) -> int:
    """The answer as one JSON object, or as text."""
    if arguments.json:
        print_json(answer, program.out)
    else:
        print(text, file=program.out, flush=True)
    return int(ExitStatus.DONE)
