"""The figures of stability and novelty, from the outcomes of the rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crystal_studio.services.evaluate import Figure, mean_with_interval
from crystal_studio.services.evaluate_stability import LOWEST_EV, STABLE_EV, StabilitySettings

Outcome = Mapping[str, Any]
Sample = Mapping[str, Any]
Pick = Callable[[Sample], float | None]

JUDGES = {
    "predictor": "our predictor of the energy above the hull",
    "potential": "CHGNet against the known crystal of the composition",
}


def _truth(name: str) -> Pick:
    return lambda sample: float(bool(sample.get(name)))


def _is_stable(sample: Sample, judge: str) -> bool:
    energy = sample.get(judge)
    return energy is not None and LOWEST_EV <= energy <= STABLE_EV


def _stable(judge: str) -> Pick:
    """Whether a sample is stable; None where the judge cannot say, 0 where there is no crystal."""
    return lambda sample: None if _is_unjudged(sample, judge) else float(_is_stable(sample, judge))


def _is_unjudged(sample: Sample, judge: str) -> bool:
    """Whether there is a crystal of which the judge cannot say how stable it is."""
    return "novel" in sample and sample[judge] is None


def _stable_unique_new(judge: str) -> Pick:
    def pick(sample: Sample) -> float | None:
        stable = _stable(judge)(sample)
        return None if stable is None else stable * float(bool(sample.get("unique") and sample.get("novel")))

    return pick


def _energy(judge: str) -> Pick:
    return lambda sample: sample.get(judge)


_COLUMNS: tuple[tuple[str, str, Pick], ...] = (
    ("written", "written %", _truth("written")),
    ("relaxed", "a crystal once relaxed %", lambda sample: float("novel" in sample)),
    ("unique", "unique %", _truth("unique")),
    ("novel", "novel %", _truth("novel")),
    ("true", "the test crystal %", _truth("true")),
    *((f"stable_{judge}", f"stable ({judge}) %", _stable(judge)) for judge in JUDGES),
    *((f"sun_{judge}", f"stable, unique, novel ({judge}) %", _stable_unique_new(judge)) for judge in JUDGES),
)
_ENERGIES = tuple((f"energy_{judge}", f"median eV/atom ({judge})", _energy(judge)) for judge in JUDGES)


@dataclass(frozen=True)
class StabilityLine:
    """What was found of one asked energy.

    Attributes:
        asked_ev: asked for, eV/atom.
        samples: crystals that were asked for.
        figures: shares of these; their intervals are over the pairs, whose samples are not independent.
        medians: middle energy above the hull by each judge, eV/atom.
    """

    asked_ev: float
    samples: int
    figures: Mapping[str, Figure]
    medians: Mapping[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """Plain data; shares are 0 to 1."""
        told = {key: figure.to_dict() for key, figure in self.figures.items()}
        return {"asked_ev_per_atom": self.asked_ev, "samples": self.samples, **told, **self.medians}


@dataclass(frozen=True)
class StabilityTable:
    """All lines."""

    rows: int
    lines: tuple[StabilityLine, ...]
    settings: StabilitySettings
    models: Mapping[str, str]
    command: str

    def to_dict(self) -> dict[str, Any]:
        """The object of ``--json``."""
        return {
            "n": self.rows,
            "command": self.command,
            "stable_ev_per_atom": STABLE_EV,
            "judges": JUDGES,
            "models": dict(self.models),
            "settings": self.settings.to_dict(),
            "lines": [line.to_dict() for line in self.lines],
        }


def stability_table(
    outcomes: Sequence[Outcome], settings: StabilitySettings, models: Mapping[str, str], command: str
) -> StabilityTable:
    """Figures of every asked energy."""
    lines = tuple(_line(energy, outcomes) for energy in settings.asked)
    return StabilityTable(len(outcomes), lines, settings, models, command)


def stability_text(table: StabilityTable) -> str:
    """The table for a person."""
    return "\n".join([f"{table.rows} pairs of formula and space group", *_rows(table, "  ", ""), *_notes(table)])


def stability_page(table: StabilityTable) -> str:
    """The page of the documentation, in Markdown."""
    models = [f"* {kind}: `{name}`" for kind, name in sorted(table.models.items())]
    head = ["# Stability of written crystals", "", f"Written by `{table.command}`; do not edit.", ""]
    return "\n".join([*head, *_rows(table, " | ", "|"), "", *(f"* {note}" for note in _notes(table)), *models, ""])


def _line(energy: float, outcomes: Sequence[Outcome]) -> StabilityLine:
    of_rows = [outcome["asked"][f"{energy:g}"] for outcome in outcomes]
    samples = [sample for row in of_rows for sample in row]
    medians = {key: _median([pick(one) for one in samples]) for key, _, pick in _ENERGIES}
    silent = tuple(judge for judge in JUDGES if medians[f"energy_{judge}"] is None)  # who judged no crystal at all
    figures = {
        key: mean_with_interval([] if key.endswith(silent) else [_mean(row, pick) for row in of_rows])
        for key, _, pick in _COLUMNS
    }
    return StabilityLine(energy, len(samples), figures, medians)


def _mean(samples: Sequence[Sample], pick: Pick) -> float | None:
    """Over the samples of one row; None where one has no value, as leaving it out would favour those without a crystal.

    A judge that cannot say of one crystal of a row cannot say how many of the row are stable.
    """
    values = [pick(sample) for sample in samples]
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if len(known) == len(values) > 0 else None


def _median(values: Sequence[float | None]) -> float | None:
    known = sorted(value for value in values if value is not None)
    middle = len(known) // 2
    if not known:
        return None
    return known[middle] if len(known) % 2 else (known[middle - 1] + known[middle]) / 2


def _rows(table: StabilityTable, between: str, edge: str) -> list[str]:
    """One row a figure, one column an asked energy."""
    heads = ["asked for, eV/atom", *(f"{line.asked_ev:g}" for line in table.lines)]
    rows = [["samples", *(str(line.samples) for line in table.lines)]]
    rows += [[title, *(_percent(line.figures[key]) for line in table.lines)] for key, title, _ in _COLUMNS]
    rows += [[title, *(_number(line.medians[key]) for line in table.lines)] for key, title, _ in _ENERGIES]
    wide = [f"{cell:38}" if index == 0 else f"{cell:22}" for row in rows for index, cell in enumerate(row)]
    if edge:
        ruled = [heads, ["---"] * len(heads), *rows]
        return [f"{edge} {between.join(row)} {edge}" for row in ruled]
    columns = len(heads)
    told = [between.join(wide[start : start + columns]).rstrip() for start in range(0, len(wide), columns)]
    return [between.join([f"{heads[0]:38}", *(f"{head:22}" for head in heads[1:])]).rstrip(), *told]


def _notes(table: StabilityTable) -> list[str]:
    settings = table.settings
    return [
        f"each pair is written {settings.draws} times for each energy (at most {settings.attempts} texts), relaxed "
        f"with CHGNet in at most {settings.relax_steps} steps, where atoms that lie too close fall onto each other; "
        "shares are of all that were asked for, 95 % intervals over the pairs",
        f"stable: at most {STABLE_EV:g} eV/atom above the hull; judges: "
        + "; ".join(f"{judge}: {told}" for judge, told in JUDGES.items())
        + " (its energy above the hull from the data plus the difference of the two relaxed energies; CHGNet's "
        "training data include most test crystals)",
        "unique: matches no earlier sample of its pair and energy; novel: matches no training crystal of its formula "
        "(StructureMatcher, default tolerances); the test crystal: matches the crystal that the pair was taken from, "
        "which was not trained on",
    ]


def _percent(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
