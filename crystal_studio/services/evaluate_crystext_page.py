"""How the table of `evaluate crystext` is told: in the terminal and as a page."""

from __future__ import annotations

from collections.abc import Sequence

from crystal_studio.services.evaluate_crystext import BEST_OF
from crystal_studio.services.evaluate_crystext_table import (
    ASKED,
    BEST,
    COST,
    ELSEWHERE,
    GOAL_BOTH,
    RL,
    SOUND,
    SUPERVISED,
    TRUE,
    Column,
    CrystextTable,
    Line,
)

_BLOCKS: tuple[tuple[str, tuple[Column, ...]], ...] = (
    ("As asked", ASKED),
    ("Sound", SOUND),
    ("The true crystal", (*TRUE, BEST)),
    ("Cost of a first try", COST),
)
_PREFACE = (
    "Asked for: the formula and the space group of a test crystal, which is not among the 14.6 k crystals of the "
    "Materials Project (CC BY 4.0) that the models were trained on; the published figures are of models trained on the "
    "27 k of MP-20. Rows are the first n of the split after a shuffle; intervals are 95 % bootstrap intervals over "
    "the rows."
)
_NOTES = (
    "**First try**: the first text of a language model, the first draw of the diffusion engine, the nearest template "
    "of the space group. What cannot be read, and what was not given, counts as failed in every share.",
    "**Told**: the language model gets formula and space group and chooses the size of the cell; the diffusion engine "
    "and retrieval are told the true number of atoms as well, as the field's scores are. No template has the test "
    "compound's reduced formula.",
    "**Composition, space group**: the reduced formula; the group that spglib finds at 0.1 Å.",
    "**After retries**: as the product shows it: what cannot be read, has another formula or space group, or atoms on "
    "top of each other is refused, and another text is written, five at most; texts: how many it took.",
    "**Structure valid**: 0.5 Å and 0.1 Å3. **Composition valid**: SMACT with alloys and mixed valence.",
    "**Reward**: what reinforcement learning pays (readable .5, else -2; valid .5; formula .5; up to 1.5 for a match), "
    "3.0 at most.",
    "**Match**: over all rows, valid or not (StructureMatcher, stol 0.5, angle 10, ltol 0.3); RMSE over the matches.",
    f"**Best of {BEST_OF}**: whether any of {BEST_OF} first tries matches.",
    "**Seconds**: of writing or drawing, in batches, on the machine that wrote this page.",
)


def crystext_text(table: CrystextTable) -> str:
    """The table for a person."""
    return "\n".join(line for part in (_text_blocks(table), _text_end(table)) for line in part)


def crystext_page(table: CrystextTable) -> str:
    """The page of the documentation, in Markdown."""
    lines = ["# Evaluation of CrysText", "", f"Written by `{table.command}`; do not edit. {_PREFACE}"]
    for title, columns in _BLOCKS:
        lines += ["", f"## {title}", "", *_page_rows(table, title, columns)]
    lines += ["", "## Differences", "", "Paired, on the same rows.", ""]
    lines += [f"* {one.told}" for one in table.differences] or ["* not measured"]
    lines += ["", "## What is measured", "", *(f"* {note}" for note in _NOTES)]
    lines += ["", "## Goal", "", *(f"* {told}" for told in verdicts(table))]
    lines += ["", "## Models", "", "| line | model and hashes of its files |", "|---|---|"]
    lines += [f"| {line.title} | {_models(line)} |" for line in table.lines if _is_measured(line)]
    return "\n".join([*lines, ""])


def verdicts(table: CrystextTable) -> list[str]:
    """Whether the constrained writers give what was asked for, in a sentence each."""
    found = []
    for line in (one for one in table.lines if one.key in (SUPERVISED, RL)):
        figure = line.figures["both"]
        if figure.value is None or figure.high is None:
            found.append(f"{line.title}: {_missing(line)}")
            continue
        reached = "reached" if figure.value >= GOAL_BOTH else "not reached"
        within = ", the goal lies within the interval" if figure.value < GOAL_BOTH <= figure.high else ""
        found.append(f"{line.title}: both satisfied {ASKED[2].told(figure)} %, goal {GOAL_BOTH:.0%}: {reached}{within}")
    return found


def _text_blocks(table: CrystextTable) -> list[str]:
    lines = []
    for title, columns in _BLOCKS:
        lines += ["", title, f"{'':40}{'n':>5}  " + "".join(f"{column.title:26}" for column in columns).rstrip()]
        lines += [_text_row(line, columns) for line in _told_lines(table, columns)]
    return lines[1:]


def _told_lines(table: CrystextTable, columns: Sequence[Column]) -> list[Line]:
    """Every line in the first block, with the reason where there are no figures; then those that have some."""
    return [line for line in table.lines if columns is ASKED or _is_measured(line)]


def _is_measured(line: Line) -> bool:
    return bool(line.n or line.n_best)


def _text_row(line: Line, columns: Sequence[Column]) -> str:
    if not _is_measured(line):
        return f"{line.title:40}{'':>5}  {_missing(line)}"
    cells = "".join(f"{_cell(line, column):26}" for column in columns)
    return f"{line.title:40}{line.n or '':>5}  {cells}".rstrip()


def _text_end(table: CrystextTable) -> list[str]:
    published = dict.fromkeys(f"{one.who}: {one.figure}" for of_line in ELSEWHERE.values() for one in of_line)
    return ["", *(one.told for one in table.differences), *verdicts(table), f"elsewhere: {'; '.join(published)}"]


def _page_rows(table: CrystextTable, title: str, columns: Sequence[Column]) -> list[str]:
    elsewhere = title in ("As asked", "The true crystal")
    heads = ["engine", "n", *(column.title for column in columns), *(["elsewhere"] if elsewhere else [])]
    rows = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    for line in _told_lines(table, columns):
        if not _is_measured(line):
            cells = [line.title, "", _missing(line), *[""] * (len(columns) - 1)]
        else:
            cells = [line.title, str(line.n or ""), *(_cell(line, column) for column in columns)]
        cells += [_elsewhere(line, columns)] if elsewhere else []
        rows.append("| " + " | ".join(cells) + " |")
    return rows


def _cell(line: Line, column: Column) -> str:
    """The figure; best of twenty with its own number of rows."""
    told = column.told(line.figures[column.key])
    return f"{told}, n {line.n_best}" if column is BEST and line.n_best else told


def _elsewhere(line: Line, columns: Sequence[Column]) -> str:
    """Published figures of what these columns measure."""
    word = "both" if columns is ASKED else "match"
    return "; ".join(f"{one.who}: {one.figure}" for one in ELSEWHERE.get(line.key, ()) if one.figure.startswith(word))


def _missing(line: Line) -> str:
    return line.known.reason or "not run"


def _models(line: Line) -> str:
    return ", ".join(f"{kind} `{name}`" for kind, name in sorted(line.known.models.items())) or "none"
