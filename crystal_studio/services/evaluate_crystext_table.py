"""The table of `evaluate crystext`: for the terminal, as JSON and as a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from crystal_studio.services.evaluate import Figure, difference_with_interval, mean_with_interval
from crystal_studio.services.evaluate_all_lines import Published
from crystal_studio.services.evaluate_crystext import BEST_OF, Outcome
from crystal_studio.services.evaluate_crystext_rivals import NOISE, PROTOTYPE, RETRIEVAL

SUPERVISED, SUPERVISED_FREE = "supervised", "supervised-free"
RL, RL_FREE = "rl", "rl-free"

TITLES = {
    SUPERVISED: "CrysText, supervised, constrained",
    SUPERVISED_FREE: "CrysText, supervised, not constrained",
    RL: "CrysText-RL, constrained",
    RL_FREE: "CrysText-RL, not constrained",
    NOISE: "diffusion engine, from noise",
    PROTOTYPE: "diffusion engine, from prototypes",
    RETRIEVAL: "retrieval baseline",
}
_CRYSTEXT = "CrysText, an 8B model"
_SATISFIED = "composition and space group both satisfied, without a constraint"
ELSEWHERE = {
    SUPERVISED_FREE: (Published(_CRYSTEXT, "both 72 %", _SATISFIED),),
    RL_FREE: (
        Published(f"{_CRYSTEXT} with RL", "both 76 %", _SATISFIED),
        Published(f"{_CRYSTEXT} with RL", "match 57 %, of 20: 73 % / .0243", "match rate on the MP-20 test set"),
    ),
}
GOAL_BOTH = 0.95

Pick = Callable[[Outcome], float | None]


@dataclass(frozen=True)
class Column:
    """One figure of every line.

    Attributes:
        key: in the JSON.
        title: with the unit.
        pick: value of a row; None where it has none.
        digits: decimals of the number as it is told.
        scale: 100 for a share.
    """

    key: str
    title: str
    pick: Pick
    digits: int = 1
    scale: float = 100.0

    def told(self, figure: Figure) -> str:
        """Value and interval."""
        if figure.value is None or figure.low is None or figure.high is None:
            return "-"
        value, low, high = (f"{self.scale * one:.{self.digits}f}" for one in (figure.value, figure.low, figure.high))
        return f"{value} ({low} to {high})"


def _of(part: str, name: str) -> Pick:
    """A truth or number of one part of a row's outcome; None where the row has no such part."""

    def pick(outcome: Outcome) -> float | None:
        value = outcome[part][name] if part in outcome else None
        return None if value is None else float(value)

    return pick


def _matched(outcome: Outcome) -> float:
    return float(outcome["first"]["rms"] is not None)


def _shown_match(outcome: Outcome) -> float | None:
    return float(outcome["shown"]["rms"] is not None) if "shown" in outcome else None


def _tokens(outcome: Outcome) -> float | None:
    return float(outcome["tokens"]) or None


def _any(outcome: Outcome) -> float:
    return float(outcome["any"])


def _seconds(outcome: Outcome) -> float:
    return float(outcome["seconds"]["write"])


ASKED = (
    Column("composition", "composition %", _of("first", "composition")),
    Column("space_group", "space group %", _of("first", "space_group")),
    Column("both", "both %", _of("first", "both")),
    Column("shown_both", "both, after retries %", _of("shown", "both")),
    Column("attempts", "texts", _of("shown", "attempts"), 2, 1.0),
)
SOUND = (
    Column("readable", "readable %", _of("first", "readable")),
    Column("valid_structure", "structure valid %", _of("first", "valid_structure")),
    Column("valid_composition", "composition valid %", _of("first", "valid_composition")),
    Column("reward", "reward", _of("first", "reward"), 2, 1.0),
)
TRUE = (
    Column("match", "match %", _matched),
    Column("rmse", "RMSE", _of("first", "rms"), 4, 1.0),
    Column("shown_match", "match, after retries %", _shown_match),
)
BEST = Column("best", f"best of {BEST_OF} %", _any)
COST = (Column("tokens", "tokens", _tokens, 0, 1.0), Column("seconds", "seconds", _seconds, 2, 1.0))
FIRST_COLUMNS = (*ASKED, *SOUND, *TRUE, *COST)


@dataclass(frozen=True)
class Known:
    """What was measured for a line.

    Attributes:
        firsts: outcomes of first tries.
        bests: outcomes of twenty tries.
        models: kind -> "id@hash".
        reason: why there is nothing, "" where nobody asked.
    """

    firsts: Sequence[Outcome] = ()
    bests: Sequence[Outcome] = ()
    models: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the table with its figures."""

    key: str
    known: Known
    figures: Mapping[str, Figure]

    @property
    def title(self) -> str:
        """For a person."""
        return TITLES[self.key]

    @property
    def n(self) -> int:
        """Rows of the first tries."""
        return len(self.known.firsts)

    @property
    def n_best(self) -> int:
        """Rows of twenty tries."""
        return len(self.known.bests)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; shares are 0 to 1."""
        return {
            "key": self.key,
            "line": self.title,
            "n": self.n,
            "n_best": self.n_best,
            "reason": self.known.reason,
            "models": dict(self.known.models),
            "figures": {key: figure.to_dict() for key, figure in self.figures.items() if figure.value is not None},
            "elsewhere": [one.to_dict() for one in ELSEWHERE.get(self.key, ())],
        }


@dataclass(frozen=True)
class Difference:
    """One line minus another on the rows that both have."""

    title: str
    column: Column
    figure: Figure
    n: int

    @property
    def told(self) -> str:
        """In one sentence."""
        value, low, high = self.figure.value, self.figure.low, self.figure.high
        if value is None or low is None or high is None:
            return f"{self.title}: not measured"
        scale, digits = self.column.scale, self.column.digits
        numbers = [f"{scale * one:+.{digits}f}" for one in (value, low, high)]
        return f"{self.title}: {numbers[0]} ({numbers[1]} to {numbers[2]}), n {self.n}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"difference": self.title, "n": self.n, **self.figure.to_dict()}


@dataclass(frozen=True)
class CrystextTable:
    """All lines, and how they came about."""

    lines: tuple[Line, ...]
    differences: tuple[Difference, ...]
    command: str

    def to_dict(self) -> dict[str, Any]:
        """The object of ``--json``."""
        return {
            "command": self.command,
            "goal_both_constrained": GOAL_BOTH,
            "lines": [line.to_dict() for line in self.lines],
            "differences": [one.to_dict() for one in self.differences],
        }


def crystext_table(known: Mapping[str, Known], command: str) -> CrystextTable:
    """Figures of every line, measured or not."""
    lines = tuple(_line(key, known.get(key, Known())) for key in TITLES)
    return CrystextTable(lines, tuple(_differences({line.key: line for line in lines})), command)


_COMPARED = (
    (SUPERVISED, SUPERVISED_FREE, "both", "what the constraint gains, supervised: both, points"),
    (RL, RL_FREE, "both", "what the constraint gains, RL: both, points"),
    (SUPERVISED, SUPERVISED_FREE, "match", "what the constraint gains, supervised: match, points"),
    (SUPERVISED, SUPERVISED_FREE, "tokens", "what the constraint costs, supervised: tokens"),
    (SUPERVISED, SUPERVISED_FREE, "seconds", "what the constraint costs, supervised: seconds a crystal"),
    (RL_FREE, SUPERVISED_FREE, "reward", "RL minus supervised, not constrained: reward"),
    (RL, SUPERVISED, "reward", "RL minus supervised, constrained: reward"),
    (RL_FREE, SUPERVISED_FREE, "both", "RL minus supervised, not constrained: both, points"),
    (RL, SUPERVISED, "match", "RL minus supervised, constrained: match, points"),
)


def _line(key: str, known: Known) -> Line:
    figures = {one.key: mean_with_interval([one.pick(row) for row in known.firsts]) for one in FIRST_COLUMNS}
    figures[BEST.key] = mean_with_interval([BEST.pick(row) for row in known.bests])
    return Line(key, known, figures)


def _differences(lines: Mapping[str, Line]) -> list[Difference]:
    by_key = {column.key: column for column in FIRST_COLUMNS}
    found = []
    for first, second, key, title in _COMPARED:
        pairs = _pairs(lines[first].known.firsts, lines[second].known.firsts, by_key[key])
        if pairs:
            figure = difference_with_interval([one for one, _ in pairs], [other for _, other in pairs])
            found.append(Difference(title, by_key[key], figure, len(pairs)))
    return found


def _pairs(firsts: Sequence[Outcome], seconds: Sequence[Outcome], column: Column) -> list[tuple[float, float]]:
    """Values of the rows that both lines have."""
    others = {row["id"]: column.pick(row) for row in seconds}
    pairs = ((column.pick(row), others.get(row["id"])) for row in firsts)
    return [(one, other) for one, other in pairs if one is not None and other is not None]
