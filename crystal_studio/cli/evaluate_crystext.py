"""`crystal-studio evaluate crystext`: the language model that writes crystals beside the other engines."""

from __future__ import annotations

import argparse
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio.cli import evaluate_stability
from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.evaluate_options import add_rows, all_rows, names, refuse_workers
from crystal_studio.cli.evaluate_page import write_page
from crystal_studio.cli.evaluate_pool import outcomes_of
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.ports.model_catalog import ModelCatalog
from crystal_studio.services.evaluate import EvaluationRow, first_after_shuffle
from crystal_studio.services.evaluate_all import Evaluation
from crystal_studio.services.evaluate_all_reuse import read_journal
from crystal_studio.services.evaluate_crystext import BEST_OF, CrystextSettings, in_batches, with_space_group
from crystal_studio.services.evaluate_crystext_page import crystext_page, crystext_text
from crystal_studio.services.evaluate_crystext_rivals import NOISE, PROTOTYPE, RETRIEVAL, crystext_evaluation
from crystal_studio.services.evaluate_crystext_table import (
    RL,
    RL_FREE,
    SUPERVISED,
    SUPERVISED_FREE,
    TITLES,
    CrystextTable,
    Known,
    crystext_table,
)
from crystal_studio.services.evaluate_journal import Journal

LIMIT, BEST_ROWS = 300, 50
_FOLDER = Path("runs") / "evaluate" / "crystext"
_PAGE = Path("docs") / "evaluation_crystext.md"
_TRIAL_PAGE = "evaluation-crystext-trial.md"
_WRITERS = {SUPERVISED: True, SUPERVISED_FREE: False, RL: True, RL_FREE: False}  # line -> whether constrained
_RIVALS = {NOISE: (ModelKind.DENOISER,), PROTOTYPE: (ModelKind.DENOISER, ModelKind.PROTOTYPES), RETRIEVAL: ()}
_ROWS_WRITTEN = {1: 75, BEST_OF: 4}  # tries -> rows that are written together: a batch of the writer
_ROWS_IN_BATCH = 10
_NOT_INSTALLED = (
    "Not installed: there is no supervised writer of crystals. Train one: `python -m crystal_studio.training.sft`.",
    "Not installed: there is no reinforced writer of crystals. Train one: `python -m crystal_studio.training.grpo`.",
)
_REINFORCED = re.compile(r"(^|-)(rl|grpo)(-|$)")


def add_parser(kinds: Any) -> None:
    """Register the kind."""
    parser = kinds.add_parser("crystext", help="crystals written by the language model, beside the other engines")
    add_rows(parser, LIMIT)
    parser.set_defaults(limit=None)
    parser.add_argument("--lines", metavar="NAME,...", help=f"only these lines: {', '.join(TITLES)}")
    parser.add_argument("--best20", type=int, default=BEST_ROWS, metavar="N",
                        help=f"rows for the best of {BEST_OF} tries, 0 for none ({BEST_ROWS})")  # fmt: skip
    parser.add_argument("--attempts", type=int, default=5, metavar="N", help="texts at most for what is shown (5)")
    parser.add_argument("--supervised", metavar="ID", help="the supervised writer (the one installed)")
    parser.add_argument("--rl", metavar="ID", help="the reinforced writer (the one installed)")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes, each with its models (1)")
    parser.add_argument("--out", type=Path, default=_FOLDER, metavar="DIR",
                        help=f"folder of the journals, whose rows are not done again ({_FOLDER})")  # fmt: skip
    parser.add_argument("--page", type=Path, metavar="FILE", help=f"page to write, and beside it its figures as JSON "
                        f"({_PAGE}; of a trial, DIR/{_TRIAL_PAGE})")  # fmt: skip
    evaluate_stability.add_options(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Run the lines asked for one after the other; tell what they and earlier runs found."""
    refuse_workers(arguments)
    if arguments.stability:
        return evaluate_stability.run(arguments, program)
    runner = _Runner(arguments, program)
    table = runner.table()
    try:
        for line in runner.asked:
            runner.run(line)
            table = runner.written()
    except JobCancelled:
        table = runner.written()
        raise
    finally:
        if not arguments.json:
            print(crystext_text(table), file=program.out, flush=True)
    runner.refuse_if_nothing_was_run()
    if arguments.json:
        print_json({**table.to_dict(), "error": None}, program.out)
    return int(ExitStatus.DONE)


@dataclass(frozen=True)
class _Maker:
    """Builds the evaluation of a line in any process."""

    settings: CrystextSettings
    known: Sequence[Mapping[str, Any]]

    def __call__(self, engines: InstalledEngines) -> Evaluation:
        return crystext_evaluation(engines, self.settings, self.known)


class _Runner:
    """The lines of one run: those asked for are run, the others told from their journals."""

    def __init__(self, arguments: argparse.Namespace, program: Program) -> None:
        self._arguments = arguments
        self._program = program
        self._is_full = arguments.limit in (None, LIMIT)
        arguments.limit = LIMIT if arguments.limit is None else arguments.limit
        if arguments.best20 < 0 or arguments.attempts < 1:
            raise UserCorrectable("Give --best20 a number of rows, 0 or more, and --attempts 1 or more.")
        self.asked = _lines(arguments.lines)
        rows = with_space_group(all_rows(arguments, program))
        self._rows = first_after_shuffle(rows, arguments.limit, arguments.seed)
        self._catalog = program.catalog()
        self._cards = _writers(self._catalog, arguments)
        self._known: dict[str, Known] = {}
        self._errors: list[Unavailable | UserCorrectable] = []

    def run(self, line: str) -> None:
        """First tries, then twenty of each on fewer rows; a line that lacks a model says so."""
        try:
            self._work(self._settings(line, draws=1), self._rows)
            self._work(self._settings(line, draws=BEST_OF), self._best_rows)
        except (Unavailable, UserCorrectable) as error:
            earlier = self._earlier(line)
            self._known[line] = Known(earlier.firsts, earlier.bests, earlier.models, str(error))
            self._errors.append(error)
        else:
            self._known[line] = self._earlier(line)

    def refuse_if_nothing_was_run(self) -> None:
        """A table without a single figure is no answer.

        Raises:
            UserCorrectable: no line that was asked for could be run; the first reason.
            Unavailable: likewise.
        """
        if len(self._errors) == len(self.asked):
            raise self._errors[0]

    def table(self) -> CrystextTable:
        """What is known so far; lines of earlier runs with the same models and settings included."""
        return crystext_table({line: self._known.get(line) or self._earlier(line) for line in TITLES}, self._command())

    def written(self) -> CrystextTable:
        """The table, after its page and its figures as JSON were written."""
        table = self.table()
        write_page(self._page(), crystext_page(table), table.to_dict())
        return table

    @property
    def _best_rows(self) -> list[EvaluationRow]:
        return self._rows[: self._arguments.best20]

    def _settings(self, line: str, draws: int) -> CrystextSettings:
        arguments = self._arguments
        constrained = _WRITERS.get(line, False)
        retries = constrained and draws == 1
        model = self._card(line).id if line in _WRITERS else ""
        attempts = arguments.attempts if retries else 1
        return CrystextSettings(line, arguments.seed, draws, attempts, model, constrained)

    def _card(self, line: str) -> ModelCard:
        card = self._cards[SUPERVISED if line in (SUPERVISED, SUPERVISED_FREE) else RL]
        if card is None:
            raise Unavailable(_NOT_INSTALLED[line in (RL, RL_FREE)])
        return card

    def _work(self, settings: CrystextSettings, rows: Sequence[EvaluationRow]) -> None:
        """Measure the rows that no journal holds."""
        size = _ROWS_WRITTEN[settings.draws] if settings.model else _ROWS_IN_BATCH
        path, header = self._journal(settings)
        with Journal(path, header) as journal, console_context(self._program.stop) as context:
            waiting = [
                batch
                for batch in in_batches(rows, size)
                if any(row.identifier not in journal.outcomes for row in batch)
            ]
            done = len(rows) - sum(len(batch) for batch in waiting)
            known = self._program.read_records("train") if waiting and settings.line == RETRIEVAL else ()
            for outcomes in outcomes_of(waiting, _Maker(settings, known), self._program, self._arguments.workers):
                journal.append(outcomes)
                done += len(outcomes)
                part = f"{settings.line}, {settings.draws} a row" if settings.draws > 1 else settings.line
                context.progress(part, done / len(rows), f"{done} of {len(rows)}")
                context.check_cancelled()

    def _journal(self, settings: CrystextSettings) -> tuple[Path, dict[str, Any]]:
        arguments = self._arguments
        header = {
            "kind": "crystext",
            "data": arguments.data or arguments.split,
            "models": self._identities(settings.line),
            **settings.to_dict(),
        }
        digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()[:10]
        tries = "first" if settings.draws == 1 else f"best{settings.draws}"
        return arguments.out / f"{settings.line}-{tries}-{digest}.jsonl", header

    def _identities(self, line: str) -> dict[str, str]:
        """The models of a line, from their cards; a missing one is told before any work is done."""
        cards = [self._card(line)] if line in _WRITERS else [self._catalog.default(kind) for kind in _RIVALS[line]]
        return {card.kind.value: f"{card.id}@{card.fingerprint}" for card in cards}

    def _earlier(self, line: str) -> Known:
        """What the journals hold of the rows."""
        try:
            firsts = self._found(self._settings(line, draws=1), self._rows)
            bests = self._found(self._settings(line, draws=BEST_OF), self._best_rows)
            return Known(firsts, bests, self._identities(line))
        except (Unavailable, UserCorrectable) as error:
            return Known(reason=str(error))

    def _found(self, settings: CrystextSettings, rows: Sequence[EvaluationRow]) -> list[dict[str, Any]]:
        _, outcomes = read_journal(self._journal(settings)[0])
        return [outcomes[row.identifier] for row in rows if row.identifier in outcomes]

    def _page(self) -> Path:
        """The project's page is only written at full size."""
        arguments = self._arguments
        is_full = self._is_full and arguments.best20 == BEST_ROWS and arguments.split == "test" and not arguments.data
        return Path(arguments.page or (_PAGE if is_full else arguments.out / _TRIAL_PAGE))

    def _command(self) -> str:
        """The command that gives the table again."""
        given = vars(self._arguments)
        source = f"--data {Path(given['data']).name}" if given["data"] else f"--split {given['split']}"
        words = ["crystal-studio evaluate crystext", source, f"--limit {given['limit']}"]
        words += [f"--best20 {given['best20']}"] if given["best20"] != BEST_ROWS else []
        words += [f"--{name} {given[name]}" for name in ("lines", "supervised", "rl") if given[name]]
        words += [f"--seed {given['seed']}"] if given["seed"] else []
        return " ".join(words)


def _lines(named: str | None) -> list[str]:
    """Lines to run, in the order of the table.

    Raises:
        UserCorrectable: there is no such line.
    """
    if named is None:
        return list(TITLES)
    wanted = names(named, str.lower)
    if not wanted or not set(wanted) <= set(TITLES):
        raise UserCorrectable(f"'{named}' names no lines of the table. Choose from {', '.join(TITLES)}.")
    return [line for line in TITLES if line in wanted]


def _writers(catalog: ModelCatalog, arguments: argparse.Namespace) -> dict[str, ModelCard | None]:
    """The card of the supervised and of the reinforced writer: those named, else the default or the last by id."""
    cards = [card for card in catalog.cards() if card.kind is ModelKind.CRYSTAL_WRITER and card.is_installed]
    found: dict[str, ModelCard | None] = {}
    for line, named in ((SUPERVISED, arguments.supervised), (RL, arguments.rl)):
        fitting = [card for card in cards if bool(_REINFORCED.search(card.id)) == (line == RL)]
        chosen = sorted(fitting, key=lambda card: card.default)[-1] if fitting else None
        found[line] = catalog.default(ModelKind.CRYSTAL_WRITER, named) if named else chosen
    return found
