"""The figures of rankings, each beside a blind choice among the same candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crystal_studio.services.evaluate import Figure, difference_with_interval, mean_with_interval
from crystal_studio.services.evaluate_ranking import RANKINGS, Score, Template, chosen

RANDOM = "random"
ANY = "any of them"

Outcome = Mapping[str, Any]


@dataclass(frozen=True)
class RankingLine:
    """One ranking.

    Attributes:
        ranked_by: what the candidates were ranked by.
        rows: rows it could be used on.
        match: share of those rows whose chosen candidate is the crystal.
        over_random: the same minus the chance that a blind choice is, row by row.
    """

    ranked_by: str
    rows: int
    match: Figure
    over_random: Figure

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        figures = {"match": self.match.to_dict(), "over_random": self.over_random.to_dict()}
        return {"ranked_by": self.ranked_by, "n": self.rows, **figures}


@dataclass(frozen=True)
class RankingTable:
    """All rankings of a run; `templates` is the mean number of candidates of a row."""

    rows: int
    templates: float
    lines: tuple[RankingLine, ...]
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """The object of ``--json``."""
        return {
            "n": self.rows,
            "templates_per_row": self.templates,
            "table": [line.to_dict() for line in self.lines],
            "seconds_per_row": self.seconds,
        }


def ranking_table(outcomes: Sequence[Outcome]) -> RankingTable:
    """Figures over all rows; a row without candidates is a miss for every ranking."""
    rows = [[Template(**one) for one in outcome["templates"]] for outcome in outcomes]
    blind = [_share_of_matches(templates) for templates in rows]
    best = [float(any(one.matches for one in templates)) for templates in rows]
    choices: dict[str, Sequence[float | None]] = {
        name: [_found(templates, score) for templates in rows] for name, score in RANKINGS.items()
    }
    lines = [_line(name, found, blind) for name, found in {**choices, RANDOM: blind, ANY: best}.items()]
    seconds = sum(sum(outcome["seconds"].values()) for outcome in outcomes) / len(outcomes)
    return RankingTable(len(rows), sum(map(len, rows)) / len(rows), tuple(lines), round(seconds, 3))


def ranking_text(table: RankingTable) -> str:
    """The table for a person."""
    head = f"{'ranked by':46}{'n':6}{'match % (95 %)':24}more than random, points"
    body = [
        f"{line.ranked_by:46}{line.rows:<6}{_percent(line.match):24}"
        f"{_percent(line.over_random, '+') if line.ranked_by != RANDOM else ''}".rstrip()
        for line in table.lines
    ]
    told = (
        f"{table.rows} crystals, composition and number of atoms given; {table.templates:.1f} prototypes a row as "
        f"decorated, none of the compound itself; {table.seconds:.2f} s a row"
    )
    notes = "short pivot: formula and space group; description: Robocrystallographer's, of the crystal itself"
    return "\n".join([told, head, *body, notes])


def _line(name: str, found: Sequence[float | None], blind: Sequence[float]) -> RankingLine:
    pairs = [(value, chance) for value, chance in zip(found, blind, strict=True) if value is not None]
    values, chances = [value for value, _ in pairs], [chance for _, chance in pairs]
    return RankingLine(name, len(pairs), mean_with_interval(values), difference_with_interval(values, chances))


def _found(templates: Sequence[Template], score: Score) -> float | None:
    """Whether the choice is right; None where the candidates cannot be scored so."""
    best = chosen(templates, score)
    if best is None:
        return None if templates else 0.0
    return float(best.matches)


def _share_of_matches(templates: Sequence[Template]) -> float:
    """The chance that one picked blindly is right."""
    return sum(one.matches for one in templates) / len(templates) if templates else 0.0


def _percent(figure: Figure, sign: str = "") -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{100 * figure.value:{sign}.1f} ({100 * figure.low:{sign}.1f} to {100 * figure.high:{sign}.1f})"
