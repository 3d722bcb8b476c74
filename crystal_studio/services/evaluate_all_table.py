"""The table of `evaluate all`: for the terminal, as JSON and as a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crystal_studio.services.evaluate import Figure, mean_with_interval
from crystal_studio.services.evaluate_all_lines import LINES, Aim, Outcome, Wanted

NOT_RUN = "not run"
REACHED, WITHIN, MISSED = "reached", "not reached, goal within the interval", "not reached"


@dataclass(frozen=True)
class Measured:
    """What was measured by one part: outcomes of its rows, or why there are none.

    Attributes:
        models: kind -> "id@hash" of the models in use.
        reused: rows that an earlier `evaluate csp` had measured.
        reason: why nothing was measured, "" where nobody asked.
        wanted: rows of a finished run; more than there are outcomes where the run was stopped.
    """

    outcomes: Sequence[Outcome] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    reused: int = 0
    reason: str = ""
    wanted: int = 0


@dataclass(frozen=True)
class Line:
    """One line with its figures; none where its part was not run."""

    what: Wanted
    measured: Measured
    figures: Mapping[str, Figure]
    baseline: Figure | None

    @property
    def n(self) -> int:
        """Crystals."""
        return len(self.measured.outcomes)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "key": self.what.key,
            "figure": self.what.title,
            "part": self.what.part,
            "n": self.n,
            "of": self.measured.wanted,
            "status": "measured" if self.n else NOT_RUN,
            "reason": self.measured.reason,
            "values": [self._value(aim) for aim in self.what.aims] if self.n else [],
            "goals": {aim.name: aim.goal for aim in self.what.aims if aim.goal is not None},
            "retrieval_on_the_same_rows": self.baseline.to_dict() if self.baseline else None,
            "elsewhere": [published.to_dict() for published in self.what.published],
            "note": self.what.note,
        }

    def _value(self, aim: Aim) -> dict[str, Any]:
        figure = self.figures[aim.name]
        told = {"name": aim.name, "unit": aim.unit, "goal": aim.goal, "verdict": verdict(aim, figure)}
        return {**told, **figure.to_dict()}


@dataclass(frozen=True)
class AllTable:
    """The whole table, and how it came about."""

    lines: tuple[Line, ...]
    command: str
    models: Mapping[str, str]

    def to_dict(self) -> dict[str, Any]:
        """The object of ``--json``: shares are 0 to 1, their goals per cent."""
        return {"command": self.command, "models": dict(self.models), "lines": [line.to_dict() for line in self.lines]}


def all_table(measured: Mapping[str, Measured], command: str) -> AllTable:
    """Figures of every line, from what each part measured."""
    lines = tuple(_line(wanted, measured.get(wanted.part, Measured())) for wanted in LINES)
    models = {kind: name for part in measured.values() if part.outcomes for kind, name in part.models.items()}
    return AllTable(lines, command, dict(sorted(models.items())))


def verdict(aim: Aim, figure: Figure) -> str:
    """Whether the goal was reached; "" where there is none."""
    if aim.goal is None or figure.value is None or figure.low is None or figure.high is None:
        return ""
    scale = 100 if aim.is_share else 1
    sign = 1 if aim.higher_is_better else -1
    goal = sign * aim.goal / scale
    if sign * figure.value >= goal:
        return REACHED
    return WITHIN if max(sign * figure.low, sign * figure.high) >= goal else MISSED


def table_text(table: AllTable) -> str:
    """The table for a person."""
    head = f"{'figure':58}{'n':>5}  {'reached (95 %)':62}{'goal':9}elsewhere"
    rows = [row for line in table.lines for row in _text_rows(line)]
    reasons = dict.fromkeys(f"{NOT_RUN}: {line.measured.reason}" for line in table.lines if line.measured.reason)
    return "\n".join([head, *rows, *reasons])


def table_page(table: AllTable) -> str:
    """The page of the documentation, in Markdown."""
    models = [f"| {kind} | `{name}` |" for kind, name in table.models.items()]
    return "\n".join(
        [
            "# Evaluation",
            "",
            f"Written by `{table.command}`; do not edit. {_PREFACE}",
            "",
            "| figure | n | reached (95 % interval) | goal | retrieval on the same rows | elsewhere |",
            "|---|---|---|---|---|---|",
            *(_page_row(line) for line in table.lines),
            "",
            "## What each line measures",
            "",
            *(_page_note(line) for line in table.lines),
            "",
            "## Models",
            "",
            "| kind | model and hashes of its files |",
            "|---|---|",
            *models,
            "",
            "## Figures elsewhere",
            "",
            *_page_sources(table),
            "",
        ]
    )


_PREFACE = (
    "Our models are trained on 14.6 k crystals of the Materials Project (CC BY 4.0), other groups' mostly on the 27 k "
    "of MP-20; the test rows are a fixed half of the MP-20 test set. Matches are over all rows, valid or not "
    "(StructureMatcher, stol 0.5, angle 10, ltol 0.3); no template has the test compound's reduced formula. Rows are "
    "the first n after a shuffle with seed 0; intervals are 95 % bootstrap intervals over the rows."
)


def _line(wanted: Wanted, measured: Measured) -> Line:
    outcomes = measured.outcomes
    figures = {aim.name: mean_with_interval([aim.pick(one) for one in outcomes]) for aim in wanted.aims}
    pick = wanted.baseline
    baseline = mean_with_interval([pick(one) for one in outcomes]) if pick and outcomes else None
    return Line(wanted, measured, figures, baseline)


def _text_rows(line: Line) -> list[str]:
    """One row a figure; title and figures elsewhere beside the first."""
    elsewhere = "; ".join(f"{one.who} {one.figure}" for one in line.what.published)
    rows = []
    for index, aim in enumerate(line.what.aims):
        title, count = (line.what.title, str(line.n or "")) if index == 0 else (f"  {aim.name}", "")
        found = _told(aim, line.figures[aim.name]) if line.n else NOT_RUN
        rows.append(f"{title:58}{count:>5}  {found:62}{_goal(aim):9}{elsewhere if index == 0 else ''}".rstrip())
        if not line.n:
            break
    return rows


def _page_row(line: Line) -> str:
    named = len(line.what.aims) > 1
    told = [(f"{aim.name} " if named else "") + _told(aim, line.figures[aim.name]) for aim in line.what.aims]
    goals = [(f"{aim.name} " if named else "") + _goal(aim) for aim in line.what.aims if aim.goal is not None]
    cells = (
        line.what.title,
        _count(line),
        "<br>".join(told) if line.n else _not_run(line),
        "<br>".join(goals),
        _percent(line.baseline) if line.baseline else "",
        "; ".join(f"{one.who} {one.figure}" for one in line.what.published),
    )
    return "| " + " | ".join(cells) + " |"


def _page_note(line: Line) -> str:
    reused = f" ({line.measured.reused} of the rows were measured by `evaluate csp`)" if line.measured.reused else ""
    return f"* **{line.what.title}**: {line.what.note}.{reused}"


def _page_sources(table: AllTable) -> list[str]:
    named = [one for line in table.lines for one in line.what.published]
    return list(dict.fromkeys(f"* {one.who}, {one.figure}: {one.source}." for one in named))


def _count(line: Line) -> str:
    """Rows measured, and of how many where the run was stopped before its end."""
    if not line.n:
        return ""
    return str(line.n) if line.n == line.measured.wanted else f"{line.n} of {line.measured.wanted}"


def _not_run(line: Line) -> str:
    return f"{NOT_RUN}: {line.measured.reason}" if line.measured.reason else NOT_RUN


def _told(aim: Aim, figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "nothing to average"
    if aim.is_share:
        told = f"{_percent(figure)} %"
    else:
        digits = 4 if aim.unit == "" else 3 if aim.unit == "eV" else 2
        told = f"{figure.value:.{digits}f} ({figure.low:.{digits}f} to {figure.high:.{digits}f}) {aim.unit}".rstrip()
    judged = verdict(aim, figure)
    return f"{told}, {judged}" if judged else told


def _goal(aim: Aim) -> str:
    return "" if aim.goal is None else f"{aim.goal:g} {aim.unit}".rstrip()


def _percent(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"
