"""The figures of text faithfulness, and the verdict whether the text is used."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crystal_studio.domain.crystal import Crystal
from crystal_studio.ports.describer import StructureComparer
from crystal_studio.services.evaluate import Figure, difference_with_interval, mean_with_interval
from crystal_studio.services.evaluate_text import CONDITIONS, VARIANTS

MEASURES = ("match", "composition", "elements", "space_group", "crystal_system", "both")
VARIANT_NOTES = {
    "free": "noise starts, number of atoms given, elements chosen by the model",
    "locked": "noise starts, species given",
    "default": "prototype and noise starts, species given, the best aligned with the text of the condition",
}
# The species are given there, so that the composition is right whatever the text says.
_GIVEN = {"locked": ("composition", "elements"), "default": ("composition", "elements")}

Outcome = Mapping[str, Any]


@dataclass(frozen=True)
class TextLine:
    """One variant under one condition; `unique` is the share of draws that match no other draw of the line."""

    variant: str
    condition: str
    figures: Mapping[str, Figure]
    unique: float

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        figures = {measure: figure.to_dict() for measure, figure in self.figures.items()}
        return {"variant": self.variant, "condition": self.condition, "unique": self.unique, **figures}


@dataclass(frozen=True)
class TextTable:
    """All figures of a run.

    Attributes:
        gains: variant -> measure -> true text minus shuffled text, row by row.
    """

    rows: int
    lines: tuple[TextLine, ...]
    gains: Mapping[str, Mapping[str, Figure]]
    seconds: float

    def used_for(self, variant: str) -> tuple[str, ...]:
        """Measures on which the true text beats a shuffled one by more than the interval."""
        gains = self.gains[variant].items()
        return tuple(name for name, gain in gains if gain.low is not None and gain.low > 0)

    @property
    def verdicts(self) -> tuple[str, ...]:
        """One sentence for each variant."""
        found = []
        for variant in VARIANTS:
            measures = ", ".join(name.replace("_", " ") for name in self.used_for(variant))
            found.append(
                f"{variant}: the text is used ({measures})" if measures else f"{variant}: the text is not used"
            )
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """The object of ``--json``."""
        return {
            "n": self.rows,
            "verdicts": list(self.verdicts),
            "text_is_used": {variant: bool(self.used_for(variant)) for variant in VARIANTS},
            "table": [line.to_dict() for line in self.lines],
            "true_minus_shuffled": {
                variant: {measure: gain.to_dict() for measure, gain in gains.items()}
                for variant, gains in self.gains.items()
            },
            "seconds_per_row": self.seconds,
        }


def text_table(outcomes: Sequence[Outcome], comparer: StructureComparer) -> TextTable:
    """Figures over all rows; several draws of a row count as their mean."""
    lines = tuple(_line(outcomes, variant, condition, comparer) for variant in VARIANTS for condition in CONDITIONS)
    gains = {variant: _gains(outcomes, variant) for variant in VARIANTS}
    seconds = sum(sum(outcome["seconds"].values()) for outcome in outcomes) / len(outcomes)
    return TextTable(len(outcomes), lines, gains, round(seconds, 3))


def text_text(table: TextTable) -> str:
    """The table for a person."""
    head = (
        f"{'variant':9}{'text':10}" + "".join(f"{name.replace('_', ' ') + ' %':22}" for name in MEASURES) + "unique %"
    )
    body = [
        f"{line.variant:9}{line.condition:10}"
        + "".join(f"{_percent(line.figures[name]):22}" for name in MEASURES)
        + f"{100 * line.unique:.1f}"
        for line in table.lines
    ]
    notes = [f"{variant}: {note}" for variant, note in VARIANT_NOTES.items()]
    rows = f"{table.rows} crystals with their texts; space group at 0.1 Å; 95 % intervals; {table.seconds:.2f} s a row"
    return "\n".join([rows, head, *body, *notes, *table.verdicts])


def _line(outcomes: Sequence[Outcome], variant: str, condition: str, comparer: StructureComparer) -> TextLine:
    figures = {name: mean_with_interval(_row_means(outcomes, variant, condition, name)) for name in MEASURES}
    crystals = [
        Crystal.from_dict(drawn["crystal"])
        for outcome in outcomes
        for drawn in outcome["conditions"][condition][variant]
    ]
    return TextLine(variant, condition, figures, _unique_share(crystals, comparer))


def _gains(outcomes: Sequence[Outcome], variant: str) -> dict[str, Figure]:
    judged = [name for name in MEASURES if name not in _GIVEN.get(variant, ())]
    true, shuffled = (
        {name: _row_means(outcomes, variant, condition, name) for name in judged} for condition in ("true", "shuffled")
    )
    return {name: difference_with_interval(true[name], shuffled[name]) for name in judged}


def _row_means(outcomes: Sequence[Outcome], variant: str, condition: str, measure: str) -> list[float]:
    draws = (outcome["conditions"][condition][variant] for outcome in outcomes)
    return [_mean(float(drawn[measure]) for drawn in of_row) for of_row in draws]


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return sum(found) / len(found)


def _unique_share(crystals: Sequence[Crystal], comparer: StructureComparer) -> float:
    """Share of crystals that match no other one of the same formula."""
    by_formula: dict[str, list[Crystal]] = defaultdict(list)
    for crystal in crystals:
        by_formula[crystal.formula].append(crystal)
    alone = 0
    for members in by_formula.values():
        for index, crystal in enumerate(members):
            others = members[:index] + members[index + 1 :]
            alone += all(comparer.rms_distance(crystal, other) is None for other in others)
    return alone / len(crystals)


def _percent(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"
