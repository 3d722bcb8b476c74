"""`crystal-studio evaluate csp|text|alignment|dialogue|all`: the figures of the whole pipeline."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.cli import evaluate_all, evaluate_dialogue
from crystal_studio.cli.console import ConsoleContext, console_context, print_json
from crystal_studio.cli.evaluate_pool import csp_outcomes
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, UserCorrectable
from crystal_studio.services.evaluate import EvaluationRow, first_after_shuffle, groups_of_one_size, rows_of
from crystal_studio.services.evaluate_alignment import alignment_table, alignment_text
from crystal_studio.services.evaluate_csp import COLUMNS, STARTS, CspSettings
from crystal_studio.services.evaluate_csp_table import csp_table, csp_text
from crystal_studio.services.evaluate_journal import Journal
from crystal_studio.services.evaluate_text import TextEvaluation, TextSettings, with_shuffled_texts
from crystal_studio.services.evaluate_text_table import text_table, text_text

_SPLITS = ("test", "val", "chemeleon")
_FOLDER = Path("runs") / "evaluate"


def add_parser(subparsers: Any) -> None:
    """Register the command and its kinds."""
    parser = subparsers.add_parser("evaluate", help="measure the models on crystals they were not trained on")
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="KIND")
    _add_csp(kinds)
    _add_text(kinds)
    _add_alignment(kinds)
    evaluate_dialogue.add_parser(kinds)
    evaluate_all.add_parser(kinds)


def run_csp(arguments: argparse.Namespace, program: Program) -> int:
    """Crystal structure prediction."""
    settings = CspSettings(
        seed=arguments.seed,
        columns=_names(arguments.columns, str.upper),
        starts=_names(arguments.starts, str.lower),
        draws=arguments.draws,
        strength=arguments.strength,
        relax_best=arguments.relax_best,
        relax_steps=arguments.relax_steps,
        steps=arguments.steps,
    )
    if arguments.workers < 1:
        raise UserCorrectable(f"{arguments.workers} workers cannot work. Give 1 or more.")
    rows = _chosen_rows(arguments, program)
    identities = _identities(program.engines(None), settings)
    groups = groups_of_one_size(rows, settings.rows_in_batch)
    with Journal(_journal_path(arguments), _header(arguments, "csp", settings.to_dict(), identities)) as journal:
        waiting = [group for group in groups if any(row.identifier not in journal.outcomes for row in group)]
        with console_context(program.stop) as context:
            done = len(journal.outcomes.keys() & {row.identifier for row in rows})
            for outcomes in csp_outcomes(waiting, settings, program, arguments.workers):
                journal.append(outcomes)
                done += len(outcomes)
                context.progress("rows", min(done / len(rows), 1.0), f"{min(done, len(rows))} of {len(rows)}")
                context.check_cancelled()
        table = csp_table([journal.outcomes[row.identifier] for row in rows], settings)
    return _tell(arguments, program, table.to_dict(), csp_text(table))


def run_text(arguments: argparse.Namespace, program: Program) -> int:
    """Faithfulness to the text."""
    settings = TextSettings(
        seed=arguments.seed, draws=arguments.draws, strength=arguments.strength, guidance=arguments.guidance
    )
    described = [row for row in _rows(arguments, program) if row.text]
    paired = with_shuffled_texts(described, settings.seed)
    by_id = {row.row.identifier: row for row in paired}
    chosen = first_after_shuffle([row.row for row in paired], arguments.limit, settings.seed)
    engines = program.engines(None)
    identities = _loaded(engines, ("sampler", "prototypes", "aligner"))
    evaluation = TextEvaluation(engines, settings)
    header = _header(arguments, "text", settings.to_dict(), identities)
    with Journal(_journal_path(arguments), header) as journal, console_context(program.stop) as context:
        for number, row in enumerate(chosen):
            context.progress("rows", number / len(chosen), f"{number} of {len(chosen)}")
            if row.identifier not in journal.outcomes:
                journal.append([evaluation.outcome(by_id[row.identifier], ConsoleContext(program.stop))])
        table = text_table([journal.outcomes[row.identifier] for row in chosen], engines.comparer)
    return _tell(arguments, program, table.to_dict(), text_text(table))


def run_alignment(arguments: argparse.Namespace, program: Program) -> int:
    """Whether the alignment score knows a text's crystal."""
    described = [row for row in _rows(arguments, program) if row.text]
    rows = first_after_shuffle(described, arguments.limit, arguments.seed)
    aligner = program.engines(None).aligner
    with console_context(program.stop) as context:
        table = alignment_table(rows, aligner, arguments.seed, context)
    return _tell(arguments, program, table.to_dict(), alignment_text(table))


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
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, metavar="N", help="processes (one for each core)"
    )
    parser.set_defaults(run=run_csp)


def _add_text(kinds: Any) -> None:
    parser = kinds.add_parser("text", help="faithfulness: the true text against a shuffled one and none")
    _add_common(parser, limit=300)
    parser.add_argument("--draws", type=int, default=TextSettings.draws, help="draws from noise a row and variant")
    parser.add_argument("--guidance", type=float, metavar="SCALE", help="of the text (the model's own)")
    parser.set_defaults(run=run_text)


def _add_alignment(kinds: Any) -> None:
    parser = kinds.add_parser("alignment", help="whether a text's own crystal scores above others and spoiled copies")
    _add_rows(parser, limit=1000)
    parser.set_defaults(run=run_alignment)


def _add_common(parser: argparse.ArgumentParser, limit: int) -> None:
    _add_rows(parser, limit)
    parser.add_argument("--strength", type=float, default=0.1, help="noise on prototype starts, 0 to 1 (0.1)")
    parser.add_argument("--out", "--resume-from", dest="out", type=Path, metavar="FILE",
                        help="journal of finished rows, which are not done again (runs/evaluate/...)")  # fmt: skip


def _add_rows(parser: argparse.ArgumentParser, limit: int) -> None:
    source = parser.add_mutually_exclusive_group()
    source.add_argument("--split", choices=_SPLITS, default="test", help="rows of the data folder (test)")
    source.add_argument("--data", metavar="FILE", help="rows of a file instead: JSON lines or an MP-20 CSV")
    parser.add_argument("--limit", type=int, default=limit, metavar="N", help=f"first N after a shuffle ({limit})")
    parser.add_argument("--seed", type=int, default=0, help="of the shuffle and of every draw (0)")
    parser.add_argument("--json", action="store_true", help="the last line of stdout is one JSON object")


def _names(text: str, case: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(case(name.strip()) for name in text.split(",") if name.strip()))


def _rows(arguments: argparse.Namespace, program: Program) -> list[EvaluationRow]:
    if arguments.limit < 1:
        raise UserCorrectable(f"--limit {arguments.limit} leaves nothing to do. Give 1 or more.")
    return rows_of(program.read_records(arguments.data or arguments.split))


def _chosen_rows(arguments: argparse.Namespace, program: Program) -> list[EvaluationRow]:
    return first_after_shuffle(_rows(arguments, program), arguments.limit, arguments.seed)


def _identities(engines: InstalledEngines, settings: CspSettings) -> dict[str, str]:
    """Models in use; a missing one is told before any work is done."""
    wanted = ["sampler", "prototypes"]
    wanted += ["relaxer"] if "C" in settings.columns else []
    return _loaded(engines, wanted)


def _loaded(engines: InstalledEngines, names: Sequence[str]) -> dict[str, str]:
    for name in names:
        getattr(engines, name)
    return engines.identities()


def _header(
    arguments: argparse.Namespace, kind: str, settings: Mapping[str, Any], identities: Mapping[str, str]
) -> dict[str, Any]:
    """What must be the same for two runs to share a journal; the limit need not be."""
    return {"kind": kind, "data": arguments.data or arguments.split, "models": dict(identities), **settings}


def _journal_path(arguments: argparse.Namespace) -> Path:
    if arguments.out is not None:
        return Path(arguments.out)
    source = Path(arguments.data).name.split(".")[0] if arguments.data else arguments.split
    return _FOLDER / f"{arguments.kind}-{source}.jsonl"


def _tell(arguments: argparse.Namespace, program: Program, answer: Mapping[str, Any], text: str) -> int:
    if arguments.json:
        print_json(answer, program.out)
    else:
        print(text, file=program.out, flush=True)
    return int(ExitStatus.DONE)
