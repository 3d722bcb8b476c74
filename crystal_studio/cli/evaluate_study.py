"""`crystal-studio evaluate ranking|feedback`: what candidates are ranked by, and how strong the noise has to be."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crystal_studio.cli.console import console_context
from crystal_studio.cli.evaluate_options import (
    add_journal,
    add_rows,
    add_workers,
    chosen_rows,
    header,
    journal_path,
    loaded,
    names,
    refuse_workers,
    tell,
)
from crystal_studio.cli.evaluate_pool import Maker, outcomes_of
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.evaluate import EvaluationRow
from crystal_studio.services.evaluate_feedback import FeedbackEvaluation, FeedbackSettings
from crystal_studio.services.evaluate_feedback_table import feedback_table, feedback_text
from crystal_studio.services.evaluate_journal import Journal
from crystal_studio.services.evaluate_ranking import RankingEvaluation, RankingSettings
from crystal_studio.services.evaluate_ranking_table import ranking_table, ranking_text


def add_parsers(kinds: Any) -> None:
    """Register both kinds; `val` is their default, since what they find is chosen by."""
    ranking = kinds.add_parser("ranking", help="what the candidates are ranked by, beside a blind choice")
    _add_common(ranking, limit=400)
    ranking.add_argument("--templates", type=int, default=RankingSettings.templates, metavar="N",
                         help=f"candidates a row ({RankingSettings.templates})")  # fmt: skip
    ranking.set_defaults(run=run_ranking)
    feedback = kinds.add_parser("feedback", help="which strength of the noise each kind of feedback needs")
    _add_common(feedback, limit=40)
    strengths = ",".join(f"{one:g}" for one in FeedbackSettings.strengths)
    feedback.add_argument("--strengths", default=strengths, metavar="A,B", help=f"alpha of each round ({strengths})")
    feedback.add_argument("--draws", type=int, default=FeedbackSettings.draws, metavar="N",
                          help=f"parent starts of a round ({FeedbackSettings.draws})")  # fmt: skip
    feedback.set_defaults(run=run_feedback)


def run_ranking(arguments: argparse.Namespace, program: Program) -> int:
    """What the candidates are ranked by."""
    settings = RankingSettings(arguments.seed, arguments.templates)
    ports = ("prototypes", "aligner", "e_above_hull")
    table = ranking_table(_outcomes(arguments, program, settings.to_dict(), ports, _RankingMaker(settings)))
    return tell(arguments, program, table.to_dict(), ranking_text(table))


def run_feedback(arguments: argparse.Namespace, program: Program) -> int:
    """Which strength each kind of feedback needs."""
    settings = FeedbackSettings(arguments.seed, _strengths(arguments.strengths), arguments.draws)
    ports = ("sampler", "prototypes", "band_gap", "relaxer")
    table = feedback_table(_outcomes(arguments, program, settings.to_dict(), ports, _FeedbackMaker(settings)))
    return tell(arguments, program, table.to_dict(), feedback_text(table))


@dataclass(frozen=True)
class _RankingMaker:
    settings: RankingSettings

    def __call__(self, engines: InstalledEngines) -> RankingEvaluation:
        return RankingEvaluation(engines, self.settings)


@dataclass(frozen=True)
class _FeedbackMaker:
    settings: FeedbackSettings

    def __call__(self, engines: InstalledEngines) -> FeedbackEvaluation:
        return FeedbackEvaluation(engines, self.settings)


def _add_common(parser: argparse.ArgumentParser, limit: int) -> None:
    add_rows(parser, limit, split="val")
    add_journal(parser)
    add_workers(parser)


def _outcomes(
    arguments: argparse.Namespace, program: Program, settings: Mapping[str, Any], ports: Sequence[str], maker: Maker
) -> list[dict[str, Any]]:
    """Outcomes of the chosen rows, in their order; those in the journal are not measured again."""
    refuse_workers(arguments)
    rows = chosen_rows(arguments, program)
    identities = loaded(program.engines(None), ports)
    with (
        Journal(journal_path(arguments), header(arguments, arguments.kind, settings, identities)) as journal,
        console_context(program.stop) as context,
    ):
        waiting: list[list[EvaluationRow]] = [[row] for row in rows if row.identifier not in journal.outcomes]
        done = len(rows) - len(waiting)
        for outcomes in outcomes_of(waiting, maker, program, arguments.workers):
            journal.append(outcomes)
            done += len(outcomes)
            context.progress("rows", done / len(rows), f"{done} of {len(rows)}")
            context.check_cancelled()
        return [journal.outcomes[row.identifier] for row in rows]


def _strengths(text: str) -> tuple[float, ...]:
    try:
        return names(text, float)
    except ValueError as error:
        raise UserCorrectable(f"'{text}' is no list of strengths. Give numbers such as 0.05,0.1.") from error
