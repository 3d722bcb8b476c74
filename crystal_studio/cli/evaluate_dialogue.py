"""`crystal-studio evaluate dialogue`: are instructions met at the pivot, and by whom was it written?"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

from crystal_studio.cli.console import ConsoleContext, console_context, print_json
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, UserCorrectable
from crystal_studio.domain.intent import Intent
from crystal_studio.ports.context import JobContext
from crystal_studio.services.evaluate_dialogue import (
    Dialogue,
    DialogueReport,
    evaluate_dialogues,
    outcome_from_dict,
    outcome_to_dict,
    read_dialogues,
)
from crystal_studio.services.evaluate_journal import Journal
from crystal_studio.services.interpret import Answered, draft_pivot, write_pivot
from crystal_studio.services.listen import ParentFacts, listen

_RESOURCE = Path(__file__).resolve().parents[2] / "resources" / "evaluation" / "dialogues.jsonl"
_FOLDER = Path("runs") / "evaluate"
DRAFTS = "drafts"
UNTUNED = "smollm2-135m-instruct"

Writer = Callable[[Dialogue], tuple[str, str]]


def add_parser(kinds: Any) -> None:
    """Register the kind."""
    parser = kinds.add_parser("dialogue", help="held-out dialogues: instructions met at the pivot")
    parser.add_argument("--file", type=Path, default=_RESOURCE, help="dialogues (the shipped 200)")
    parser.add_argument("--limit", type=int, default=200, metavar="N", help="the first N (200)")
    parser.add_argument("--seed", type=int, default=0, help="of the language model (0)")
    parser.add_argument(
        "--writers",
        default=f"default,{DRAFTS},{UNTUNED}",
        metavar="A,B",
        help=f"who writes: 'default', '{DRAFTS}' or ids of language models (default,{DRAFTS},{UNTUNED})",
    )
    parser.add_argument("--out", "--resume-from", dest="out", type=Path, default=_FOLDER, metavar="DIR",
                        help=f"folder of the journals, whose dialogues are not done again ({_FOLDER})")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the last line of stdout is one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, program: Program) -> int:
    """Let every writer answer every dialogue, judge the pivots, print the shares."""
    if arguments.limit < 1:
        raise UserCorrectable(f"--limit {arguments.limit} leaves nothing to do. Give 1 or more.")
    dialogues = read_dialogues(arguments.file)[: arguments.limit]
    reports = {}
    for name in dict.fromkeys(part.strip() for part in arguments.writers.split(",")):
        started = perf_counter()
        reports[name] = _report(name, dialogues, arguments, program)
        print(_line(name, reports[name], perf_counter() - started), file=program.out, flush=True)
    if arguments.json:
        shares = {name: report.to_dict() for name, report in reports.items()}
        print_json({"n": len(dialogues), "writers": shares}, program.out)
    return int(ExitStatus.DONE)


def _report(name: str, dialogues: list[Dialogue], arguments: argparse.Namespace, program: Program) -> DialogueReport:
    engines = program.engines(None if name in ("default", DRAFTS) else name)
    with console_context(program.stop) as context:
        writer = _writer(name, engines, arguments.seed, context)
        header = {"kind": "dialogue", "writer": name, "seed": arguments.seed, "models": engines.identities()}
        with Journal(arguments.out / f"dialogue-{name}.jsonl", header) as journal:
            done = [outcome_from_dict(row) for row in journal.outcomes.values()]
            return evaluate_dialogues(
                dialogues,
                _with_progress(writer, len(dialogues), len(done), context),
                done=done,
                on_outcome=lambda outcome: journal.append([outcome_to_dict(outcome)]),
            )


def _writer(name: str, engines: InstalledEngines, seed: int, context: JobContext) -> Writer:
    prototypes = engines.prototypes
    if name == DRAFTS:
        return lambda dialogue: (draft_pivot(_heard(dialogue), _answered(dialogue), prototypes), "draft")
    language_model = engines.language_model

    def write(dialogue: Dialogue) -> tuple[str, str]:
        written = write_pivot(_heard(dialogue), _answered(dialogue), language_model, prototypes, seed, context)
        return written.text, written.source.value

    return write


def _with_progress(writer: Writer, total: int, done: int, context: ConsoleContext) -> Writer:
    count = done

    def write(dialogue: Dialogue) -> tuple[str, str]:
        nonlocal count
        context.check_cancelled()
        count += 1
        context.progress("dialogues", count / total, f"{count} of {total}")
        return writer(dialogue)

    return write


def _heard(dialogue: Dialogue) -> Intent:
    parent = dialogue.parent
    if parent is None:
        return listen(dialogue.message, None)
    return listen(dialogue.message, ParentFacts(parent.formula, parent.space_group, parent.band_gap_ev))


def _answered(dialogue: Dialogue) -> Answered | None:
    parent = dialogue.parent
    if parent is None:
        return None
    return Answered(parent.description, parent.formula, parent.space_group, parent.band_gap_ev)


def _line(name: str, report: DialogueReport, seconds: float) -> str:
    low, high = report.met.interval
    sources = ", ".join(f"{source} {share:.0%}" for source, share in report.source_shares.items())
    return (
        f"{name}: instructions met {report.met.value:.1%} [{low:.1%}, {high:.1%}] of {report.met.of}; "
        f"written by {sources}; {seconds:.0f} s"
    )
