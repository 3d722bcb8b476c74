"""Which strength each kind of feedback needs: figures by kind and strength, symmetry kept and free apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crystal_studio.services.evaluate import Figure, mean_with_interval
from crystal_studio.services.evaluate_dialogue import Share
from crystal_studio.services.evaluate_feedback import FURTHER, KINDS, NARROWER, RESHAPED, WIDER
from crystal_studio.services.evaluate_feedback_verdict import Verdict

_UNITS = {WIDER: "eV", NARROWER: "eV", FURTHER: "%"}
_ENERGY = "meV/atom"
_FACTORS = {"eV": 1.0, "%": 100.0, _ENERGY: 1000.0}

Outcome = Mapping[str, Any]


@dataclass(frozen=True)
class DrawFigures:
    """Draws whose symmetry was kept, or those where it was free: means over the rows.

    Attributes:
        met: share that is valid and meets what was said.
        valid: share that passes every required check.
        same: share that matches the crystal it started from.
        change: of what was asked for; see `Verdict`.
    """

    met: Figure
    valid: Figure
    same: Figure
    change: Figure

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {name: figure.to_dict() for name, figure in vars(self).items()}


@dataclass(frozen=True)
class FeedbackLine:
    """One kind of feedback at one strength.

    Attributes:
        rows: parents that it could be said of.
        rounds_met: those of them with a valid draw that meets it.
        kept: draws that were given the symmetry of their start back.
        free: the others.
    """

    kind: str
    strength: float
    rows: int
    rounds_met: Share
    kept: DrawFigures
    free: DrawFigures

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        figures = {"rounds_met": self.rounds_met.to_dict(), "kept": self.kept.to_dict(), "free": self.free.to_dict()}
        return {"kind": self.kind, "strength": self.strength, "n": self.rows, **figures}


@dataclass(frozen=True)
class FeedbackTable:
    """All kinds at all strengths."""

    rows: int
    lines: tuple[FeedbackLine, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The object of ``--json``."""
        table = [line.to_dict() for line in self.lines]
        return {"n": self.rows, "table": table, "seconds_per_row": self.seconds}


def feedback_table(outcomes: Sequence[Outcome]) -> FeedbackTable:
    """Figures over the rows that each kind could be said of."""
    lines = []
    for kind in KINDS:
        rounds = [
            [Verdict(**one) for one in outcome["kinds"][kind]] for outcome in outcomes if kind in outcome["kinds"]
        ]
        strengths = dict.fromkeys(one.strength for verdicts in rounds for one in verdicts)
        lines += [_line(kind, strength, rounds) for strength in strengths]
    seconds = sum(sum(outcome["seconds"].values()) for outcome in outcomes) / len(outcomes)
    return FeedbackTable(len(outcomes), tuple(lines), round(seconds, 3))


def feedback_text(table: FeedbackTable) -> str:
    """The table for a person."""
    told = f"{table.rows} parents; nothing relaxed; Wilson's 95 % intervals; {table.seconds:.1f} s a row"
    parts = f"{'met %':7}{'valid %':9}{'same %':8}{'change':20}"
    above = " " * 63 + f"{'draws that keep the symmetry':44}draws that are free"
    head = f"{'feedback':32}{'n':5}{'alpha':7}{'rounds met %':19}{parts}{parts}"
    body = [
        f"{line.kind:32}{line.rows:<5}{line.strength:<7g}{_percent(line.rounds_met):19}"
        f"{_draws(line.kind, line.kept)}{_draws(line.kind, line.free)}".rstrip()
        for line in table.lines
    ]
    notes = (
        "rounds met: a draw is valid and meets what was said, as the program judges it\n"
        "same: the draw matches its start, volumes apart\n"
        "change: of gap, energy or distance against the parent; for another element, of the energy against the start"
    )
    return "\n".join([told, above, head, *body, notes])


def _line(kind: str, strength: float, rounds: Sequence[Sequence[Verdict]]) -> FeedbackLine:
    drawn = [[one for one in verdicts if one.strength == strength] for verdicts in rounds]
    met = Share(sum(any(one.met for one in verdicts) for verdicts in drawn), len(drawn))
    kept = [[one for one in verdicts if one.keeps] for verdicts in drawn]
    free = [[one for one in verdicts if not one.keeps] for verdicts in drawn]
    return FeedbackLine(kind, strength, len(drawn), met, _figures(kept), _figures(free))


def _figures(drawn: Sequence[Sequence[Verdict]]) -> DrawFigures:
    means = {
        name: mean_with_interval([_mean([asdict(one)[name] for one in of_row]) for of_row in drawn])
        for name in ("met", "valid", "same", "change")
    }
    return DrawFigures(**means)


def _mean(values: Sequence[float | bool | None]) -> float | None:
    """Mean of those that are known; None where none is."""
    known = [float(value) for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _draws(kind: str, figures: DrawFigures) -> str:
    shares = f"{_share(figures.met):7}{_share(figures.valid):9}{_share(figures.same):8}"
    unit = _UNITS.get(kind, _ENERGY)
    factor, change = _FACTORS[unit], figures.change
    if kind == RESHAPED or change.value is None:
        return f"{shares}{'-':20}"
    decimals = 2 if unit == "eV" else 1 if unit == "%" else 0
    return f"{shares}{f'{factor * change.value:+.{decimals}f} {unit}':20}"


def _share(figure: Figure) -> str:
    return "-" if figure.value is None else f"{100 * figure.value:.0f}"


def _percent(share: Share) -> str:
    low, high = share.interval
    return f"{100 * share.value:.0f} ({100 * low:.0f} to {100 * high:.0f})"
