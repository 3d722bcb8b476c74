"""`crystal-studio evaluate crystext --stability`: written for an energy above the hull, relaxed, judged, looked up."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.evaluate_options import all_rows, loaded
from crystal_studio.cli.evaluate_page import write_page
from crystal_studio.cli.evaluate_pool import outcomes_of
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import ExitStatus
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.services.evaluate import EvaluationRow, first_after_shuffle
from crystal_studio.services.evaluate_crystext import with_space_group
from crystal_studio.services.evaluate_journal import Journal
from crystal_studio.services.evaluate_stability import (
    StabilityEvaluation,
    StabilitySettings,
    crystals_by_formula,
    hull_energies,
)
from crystal_studio.services.evaluate_stability_table import stability_page, stability_table, stability_text

LIMIT = 50
_PAGE = Path("docs") / "evaluation_stability.md"
_TRIAL_PAGE = "evaluation-stability-trial.md"


def add_options(parser: argparse.ArgumentParser) -> None:
    """Register what only this part has."""
    parser.add_argument("--stability", action="store_true", help="in place of the table: crystals written for 0, 0.05 "
                        f"and 0.2 eV/atom above the hull, of {LIMIT} pairs")  # fmt: skip
    parser.add_argument("--writer", metavar="ID", help="with --stability: the writer (the default one)")
    parser.add_argument("--draws", type=int, default=StabilitySettings.draws, metavar="N",
                        help="with --stability: crystals for each pair and energy (2)")  # fmt: skip
    parser.add_argument("--relax-steps", type=int, default=StabilitySettings.relax_steps, metavar="N",
                        help="with --stability: steps of each relaxation (100)")  # fmt: skip


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Stability and novelty."""
    is_full = arguments.limit in (None, LIMIT) and arguments.split == "test" and not arguments.data
    arguments.limit = LIMIT if arguments.limit is None else arguments.limit
    card = program.catalog().default(ModelKind.CRYSTAL_WRITER, arguments.writer)
    settings = StabilitySettings(
        card.id, arguments.seed, draws=arguments.draws, attempts=arguments.attempts, relax_steps=arguments.relax_steps
    )
    rows = first_after_shuffle(with_space_group(all_rows(arguments, program)), arguments.limit, arguments.seed)
    models = loaded(program.engines(None), ("relaxer", "e_above_hull"))
    models[card.kind.value] = f"{card.id}@{card.fingerprint}"
    header = {"kind": "stability", "data": arguments.data or arguments.split, "models": models, **settings.to_dict()}
    with Journal(arguments.out / f"stability-{card.id}.jsonl", header) as journal:
        _work(journal, rows, settings, arguments, program)
        outcomes = [journal.outcomes[row.identifier] for row in rows]
    table = stability_table(outcomes, settings, models, _command(arguments))
    write_page(
        arguments.page or (_PAGE if is_full else arguments.out / _TRIAL_PAGE), stability_page(table), table.to_dict()
    )
    if arguments.json:
        print_json({**table.to_dict(), "error": None}, program.out)
    else:
        print(stability_text(table), file=program.out, flush=True)
    return int(ExitStatus.DONE)


@dataclass(frozen=True)
class _Maker:
    """Builds the evaluation in any process."""

    settings: StabilitySettings
    hull: Mapping[str, float]
    known: Mapping[str, Sequence[Crystal]]

    def __call__(self, engines: InstalledEngines) -> StabilityEvaluation:
        return StabilityEvaluation(engines, self.settings, self.hull, self.known)


def _work(
    journal: Journal,
    rows: Sequence[EvaluationRow],
    settings: StabilitySettings,
    arguments: argparse.Namespace,
    program: Program,
) -> None:
    """Measure the rows that the journal does not hold."""
    waiting = [[row] for row in rows if row.identifier not in journal.outcomes]
    done = len(rows) - len(waiting)
    if not waiting:
        return
    formulas = {row.formula for row in rows}
    known = crystals_by_formula(program.read_records("train"))
    hull = hull_energies(program.read_records(arguments.data or arguments.split))
    maker = _Maker(settings, hull, {formula: known[formula] for formula in formulas & known.keys()})
    with console_context(program.stop) as context:
        for outcomes in outcomes_of(waiting, maker, program, arguments.workers):
            journal.append(outcomes)
            done += len(outcomes)
            context.progress("pairs", done / len(rows), f"{done} of {len(rows)}")
            context.check_cancelled()


def _command(arguments: argparse.Namespace) -> str:
    """The command that gives the table again."""
    given: dict[str, Any] = vars(arguments)
    source = f"--data {Path(given['data']).name}" if given["data"] else f"--split {given['split']}"
    words = ["crystal-studio evaluate crystext --stability", source, f"--limit {given['limit']}"]
    words += [f"--writer {given['writer']}"] if given["writer"] else []
    words += [f"--draws {given['draws']}"] if given["draws"] != StabilitySettings.draws else []
    words += [f"--seed {given['seed']}"] if given["seed"] else []
    return " ".join(words)
