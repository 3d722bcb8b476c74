"""`crystal-studio evaluate csp|text|alignment|ranking|feedback|dialogue|all|crystext`: figures of the pipeline."""

from __future__ import annotations

import argparse
from typing import Any

from crystal_studio.cli import evaluate_all, evaluate_crystext, evaluate_dialogue, evaluate_study
from crystal_studio.cli.console import ConsoleContext, console_context
from crystal_studio.cli.evaluate_options import (
    add_journal,
    add_rows,
    add_workers,
    all_rows,
    chosen_rows,
    header,
    journal_path,
    loaded,
    names,
    refuse_workers,
    tell,
)
from crystal_studio.cli.evaluate_pool import csp_outcomes
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.services.evaluate import first_after_shuffle, groups_of_one_size
from crystal_studio.services.evaluate_alignment import alignment_table, alignment_text
from crystal_studio.services.evaluate_csp import COLUMNS, STARTS, CspSettings
from crystal_studio.services.evaluate_csp_table import csp_table, csp_text
from crystal_studio.services.evaluate_journal import Journal
from crystal_studio.services.evaluate_text import TextEvaluation, TextSettings, with_shuffled_texts
from crystal_studio.services.evaluate_text_table import text_table, text_text


def add_parser(subparsers: Any) -> None:
    """Register the command and its kinds."""
    parser = subparsers.add_parser("evaluate", help="measure the models on crystals they were not trained on")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    _add_csp(kinds)
    _add_text(kinds)
    _add_alignment(kinds)
    evaluate_study.add_parsers(kinds)
    evaluate_dialogue.add_parser(kinds)
    evaluate_all.add_parser(kinds)
    evaluate_crystext.add_parser(kinds)


def run_csp(arguments: argparse.Namespace, program: Program) -> int:
    """Crystal structure prediction."""
    settings = CspSettings(
        seed=arguments.seed,
        columns=names(arguments.columns, str.upper),
        starts=names(arguments.starts, str.lower),
        draws=arguments.draws,
        strength=arguments.strength,
        relax_best=arguments.relax_best,
        relax_steps=arguments.relax_steps,
        steps=arguments.steps,
    )
    refuse_workers(arguments)
    rows = chosen_rows(arguments, program)
    identities = _identities(program.engines(None), settings)
    groups = groups_of_one_size(rows, settings.rows_in_batch)
    with Journal(journal_path(arguments), header(arguments, "csp", settings.to_dict(), identities)) as journal:
        waiting = [group for group in groups if any(row.identifier not in journal.outcomes for row in group)]
        with console_context(program.stop) as context:
            done = len(journal.outcomes.keys() & {row.identifier for row in rows})
            for outcomes in csp_outcomes(waiting, settings, program, arguments.workers):
                journal.append(outcomes)
                done += len(outcomes)
                context.progress("rows", min(done / len(rows), 1.0), f"{min(done, len(rows))} of {len(rows)}")
                context.check_cancelled()
        table = csp_table([journal.outcomes[row.identifier] for row in rows], settings)
    return tell(arguments, program, table.to_dict(), csp_text(table))


def run_text(arguments: argparse.Namespace, program: Program) -> int:
    """Faithfulness to the text."""
    settings = TextSettings(
        seed=arguments.seed, draws=arguments.draws, strength=arguments.strength, guidance=arguments.guidance
    )
    described = [row for row in all_rows(arguments, program) if row.text]
    paired = with_shuffled_texts(described, settings.seed)
    by_id = {row.row.identifier: row for row in paired}
    chosen = first_after_shuffle([row.row for row in paired], arguments.limit, settings.seed)
    engines = program.engines(None)
    identities = loaded(engines, ("sampler", "prototypes", "aligner"))
    evaluation = TextEvaluation(engines, settings)
    told = header(arguments, "text", settings.to_dict(), identities)
    with Journal(journal_path(arguments), told) as journal, console_context(program.stop) as context:
        for number, row in enumerate(chosen):
            context.progress("rows", number / len(chosen), f"{number} of {len(chosen)}")
            if row.identifier not in journal.outcomes:
                journal.append([evaluation.outcome(by_id[row.identifier], ConsoleContext(program.stop))])
        table = text_table([journal.outcomes[row.identifier] for row in chosen], engines.comparer)
    return tell(arguments, program, table.to_dict(), text_text(table))


def run_alignment(arguments: argparse.Namespace, program: Program) -> int:
    """Whether the alignment score knows a text's crystal."""
    described = [row for row in all_rows(arguments, program) if row.text]
    rows = first_after_shuffle(described, arguments.limit, arguments.seed)
    aligner = program.engines(None).aligner
    with console_context(program.stop) as context:
        table = alignment_table(rows, aligner, arguments.seed, context)
    return tell(arguments, program, table.to_dict(), alignment_text(table))


def _add_csp(kinds: Any) -> None:
    parser = kinds.add_parser("csp", help="structure prediction: the cell's contents are given")
    _add_common(parser, limit=500)
    parser.add_argument("--columns", default=",".join(COLUMNS), metavar="A,B,C", help="A: one draw; B: ranked by our "
                        "own models; C: with CHGNet (A,B,C)")  # fmt: skip
    parser.add_argument("--starts", default=",".join(STARTS), help=f"of {','.join(STARTS)} (all)")
    parser.add_argument("--draws", type=int, default=10, help="draws of columns B and C (10)")
    parser.add_argument(
        "--relax-best", type=int, default=CspSettings.relax_best, help="of each ten, relaxed in column C"
    )
    parser.add_argument("--relax-steps", type=int, default=CspSettings.relax_steps, help="steps of each relaxation")
    parser.add_argument("--steps", type=int, metavar="N", help="denoising steps from noise (the model's own)")
    add_workers(parser)
    parser.set_defaults(run=run_csp)


def _add_text(kinds: Any) -> None:
    parser = kinds.add_parser("text", help="faithfulness: the true text against a shuffled one and none")
    _add_common(parser, limit=300)
    parser.add_argument("--draws", type=int, default=TextSettings.draws, help="draws from noise a row and variant")
    parser.add_argument("--guidance", type=float, metavar="SCALE", help="of the text (the model's own)")
    parser.set_defaults(run=run_text)


def _add_alignment(kinds: Any) -> None:
    parser = kinds.add_parser("alignment", help="whether a text's own crystal scores above others and spoiled copies")
    add_rows(parser, limit=1000)
    parser.set_defaults(run=run_alignment)


def _add_common(parser: argparse.ArgumentParser, limit: int) -> None:
    add_rows(parser, limit)
    parser.add_argument("--strength", type=float, default=0.1, help="noise on prototype starts, 0 to 1 (0.1)")
    add_journal(parser)


def _identities(engines: InstalledEngines, settings: CspSettings) -> dict[str, str]:
    """Models in use; a missing one is told before any work is done."""
    wanted = ["sampler", "prototypes"]
    wanted += ["relaxer"] if "C" in settings.columns else []
    return loaded(engines, wanted)
