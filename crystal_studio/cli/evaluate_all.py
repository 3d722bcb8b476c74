"""`crystal-studio evaluate all`: every figure that the project aims at, in one table and on one page."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.evaluate_page import write_page
from crystal_studio.cli.evaluate_pool import outcomes_of
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, JobCancelled, Unavailable, UserCorrectable
from crystal_studio.services.evaluate import EvaluationRow, groups_of_one_size
from crystal_studio.services.evaluate_all import SPLIT, Evaluation, Part, chosen, evaluation_of, parts
from crystal_studio.services.evaluate_all_reuse import outcomes_for, read_journal
from crystal_studio.services.evaluate_all_table import AllTable, Measured, all_table, table_page, table_text
from crystal_studio.services.evaluate_journal import Journal

_FOLDER = Path("runs") / "evaluate"
_PAGE = Path("docs") / "evaluation.md"
_TRIAL_PAGE = "evaluation-trial.md"


def add_parser(kinds: Any) -> None:
    """Register the kind."""
    names = ", ".join(part.name for part in parts())
    parser = kinds.add_parser("all", help="every figure in one table, and as a page")
    parser.add_argument("--split", choices=("test", "val"), default=SPLIT, help=f"rows of most parts ({SPLIT})")
    parser.add_argument("--only", metavar="NAME[:N],...", help=f"run these parts, of N rows if given: {names}")
    parser.add_argument("--scale", type=float, default=1.0, help="factor on the rows of every part, for a trial (1)")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N rows of any part")
    parser.add_argument("--seed", type=int, default=0, help="of the shuffle and of every draw (0)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N",
                        help="processes (one for each core)")  # fmt: skip
    parser.add_argument("--out", type=Path, default=_FOLDER, metavar="DIR",
                        help=f"folder of the journals, whose rows are not done again ({_FOLDER})")  # fmt: skip
    parser.add_argument("--reuse", type=Path, action="append", metavar="FILE",
                        help="journal of `evaluate csp` to take rows from (DIR/csp-SPLIT.jsonl)")  # fmt: skip
    parser.add_argument("--page", type=Path, metavar="FILE", help=f"page to write, and beside it its figures as JSON "
                        f"({_PAGE}; of a trial, DIR/{_TRIAL_PAGE})")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the last line of stdout is one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Run the parts asked for one after the other; tell what they and earlier runs found."""
    if arguments.workers < 1:
        raise UserCorrectable(f"{arguments.workers} workers cannot work. Give 1 or more.")
    runner = _Runner(arguments, program)
    table = runner.table()
    try:
        for part in runner.asked:
            runner.run(part)
            table = runner.written()
    except JobCancelled:
        table = runner.written()
        raise
    finally:
        if not arguments.json:
            print(table_text(table), file=program.out, flush=True)
    runner.refuse_if_nothing_was_run()
    if arguments.json:
        print_json(table.to_dict(), program.out)
    return int(ExitStatus.DONE)


@dataclass(frozen=True)
class _PartMaker:
    """Builds the evaluation of a part in any process."""

    part: Part
    known: Sequence[Mapping[str, Any]]

    def __call__(self, engines: InstalledEngines) -> Evaluation:
        return evaluation_of(self.part, engines, self.known)


@dataclass(frozen=True)
class _Prepared:
    """A part with its rows, and the journals that hold what is known of them."""

    part: Part
    rows: Sequence[EvaluationRow]
    header: Mapping[str, Any]
    journal: Path
    reused: Mapping[str, Mapping[str, Any]]

    def measured(self) -> Measured:
        """What the journals hold of the rows."""
        _, own = read_journal(self.journal)
        known = {**self.reused, **own}
        found = [known[row.identifier] for row in self.rows if row.identifier in known]
        reused = sum(row.identifier in self.reused and row.identifier not in own for row in self.rows)
        return Measured(found, self.header["models"], reused, "", len(self.rows))


class _Runner:
    """The parts of one run: those asked for are run, the others told from their journals."""

    def __init__(self, arguments: argparse.Namespace, program: Program) -> None:
        self._arguments = arguments
        self._program = program
        self._engines = program.engines(None)
        everything = parts(arguments.split, arguments.seed)
        self.asked = chosen(everything, arguments.only, arguments.scale, arguments.limit)
        named = {part.name: part for part in self.asked}
        rest = chosen(everything, None, arguments.scale, arguments.limit)
        self._parts = [named.get(part.name, part) for part in rest]
        self._measured: dict[str, Measured] = {}
        self._seen: dict[str, _Prepared] = {}
        self._records: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._errors: list[Unavailable | UserCorrectable] = []

    def run(self, part: Part) -> None:
        """Measure the rows of a part that no journal holds; a part that lacks a model or its data says so."""
        try:
            prepared = self._prepared(part)
            self._work(prepared)
        except (Unavailable, UserCorrectable) as error:
            self._measured[part.name] = replace(self._earlier(part), reason=str(error))
            self._errors.append(error)
        else:
            self._measured[part.name] = prepared.measured()

    def refuse_if_nothing_was_run(self) -> None:
        """A table without a single figure is no answer.

        Raises:
            UserCorrectable: no part that was asked for could be run; the first reason.
            Unavailable: likewise.
        """
        if len(self._errors) == len(self.asked):
            raise self._errors[0]

    def table(self) -> AllTable:
        """What is known so far; parts of earlier runs with the same models and settings included."""
        known = {part.name: self._measured.get(part.name) or self._earlier(part) for part in self._parts}
        return all_table(known, self._command())

    def written(self) -> AllTable:
        """The table, after its page and its figures as JSON were written."""
        table = self.table()
        write_page(self._page(), table_page(table), table.to_dict())
        return table

    def _earlier(self, part: Part) -> Measured:
        try:
            return self._prepared(part).measured()
        except (Unavailable, UserCorrectable):
            return Measured()  # told as not run; `run` says why where it was asked for

    def _read(self, name: str) -> Sequence[Mapping[str, Any]]:
        if name not in self._records:
            self._records[name] = self._program.read_records(name)
        return self._records[name]

    def _prepared(self, part: Part) -> _Prepared:
        if part.name not in self._seen:
            self._seen[part.name] = self._newly_prepared(part)
        return self._seen[part.name]

    def _newly_prepared(self, part: Part) -> _Prepared:
        for name in part.engines:
            getattr(self._engines, name)
        rows = part.rows(self._read(part.data), self._arguments.seed)
        header = part.header(self._engines.identities())
        digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()[:10]
        journal = self._arguments.out / "all" / f"{part.name}-{digest}.jsonl"
        reused: dict[str, dict[str, Any]] = {}
        for path in self._arguments.reuse or [self._arguments.out / f"csp-{part.data}.jsonl"]:
            reused |= outcomes_for(part, header, path)
        return _Prepared(part, rows, header, journal, reused)

    def _work(self, prepared: _Prepared) -> None:
        part, rows = prepared.part, prepared.rows
        workers = 1 if part.alone else self._arguments.workers
        with Journal(prepared.journal, prepared.header) as journal, console_context(self._program.stop) as context:
            known = journal.outcomes.keys() | prepared.reused.keys()
            groups = groups_of_one_size(rows, part.rows_in_batch)
            waiting = [group for group in groups if any(row.identifier not in known for row in group)]
            done = len(rows) - sum(len(group) for group in waiting)
            context.check_cancelled()
            records = self._read(part.known) if waiting and part.known else ()
            for outcomes in outcomes_of(waiting, _PartMaker(part, records), self._program, workers):
                journal.append(outcomes)
                done += len(outcomes)
                context.progress(part.name, done / len(rows), f"{done} of {len(rows)}")
                context.check_cancelled()

    def _page(self) -> Path:
        """The project's page is only written at full size."""
        arguments = self._arguments
        if arguments.page:
            return Path(arguments.page)
        named = bool(arguments.only and ":" in arguments.only)
        is_trial = arguments.scale < 1 or arguments.limit is not None or named or arguments.split != SPLIT
        return arguments.out / _TRIAL_PAGE if is_trial else _PAGE

    def _command(self) -> str:
        """The command that gives the table again; parts that were run alone before are in its journals."""
        given = vars(self._arguments)
        words = ["crystal-studio evaluate all", f"--split {given['split']}"]
        words += [f"--{name} {given[name]}" for name in ("only", "limit") if given[name] is not None]
        words += [f"--scale {given['scale']:g}"] if given["scale"] != 1 else []
        words += [f"--seed {given['seed']}"] if given["seed"] else []
        return " ".join(words)
