"""The figures of structure prediction, from the outcomes of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from crystal_studio.services.evaluate import Figure, difference_with_interval, mean_with_interval
from crystal_studio.services.evaluate_csp import BASELINE_DRAWS, COLUMNS, DEFAULT, CspSettings, line_of

COLUMN_NOTES = {
    "A": "one draw; no ranking, no relaxer",
    "B": "{draws} draws ranked by our own model of how usual the prototype is, the valid ones first",
    "C": "{draws} draws ranked by CHGNet energy and how usual the prototype is, the best {best} relaxed ({steps} "
    "steps at most); its training data include most test compounds",
}

Outcome = Mapping[str, Any]


@dataclass(frozen=True)
class CspLine:
    """One line of the table.

    Attributes:
        match_rate: matches over all rows, valid or not.
        rmse: normalised RMS displacement over the matches.
        valid: share of rows whose chosen crystal passes every required check, the formula being given.
        any_match: share of rows where any of the draws matches.
        random_match: match rate of a draw picked at random among those of the line.
        from_noise: share of rows whose chosen crystal started from noise.
        beyond_baseline: match rate minus the baseline's at n = 1, row by row.
    """

    start: str
    column: str
    match_rate: Figure
    rmse: Figure
    valid: Figure
    any_match: Figure
    random_match: Figure
    from_noise: Figure
    beyond_baseline: Figure

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        figures = ("match_rate", "rmse", "valid", "any_match", "random_match", "from_noise", "beyond_baseline")
        return {"start": self.start, "column": self.column} | {name: getattr(self, name).to_dict() for name in figures}


@dataclass(frozen=True)
class CspTable:
    """All figures of a run."""

    rows: int
    lines: tuple[CspLine, ...]
    baseline_match: Figure
    baseline_rmse: Figure
    baseline_any: Figure
    template_found: Figure
    smact_passes: Figure
    z_right: Figure
    seconds: Mapping[str, float]
    settings: CspSettings

    @property
    def shipped(self) -> CspLine:
        """The line that `match_rate` means: the default start (or the last one asked for) in its last column."""
        starts = [line.start for line in self.lines]
        wanted = DEFAULT if DEFAULT in starts else starts[-1]
        return [line for line in self.lines if line.start == wanted][-1]

    @property
    def verdict(self) -> str:
        """Whether the shipped default beats retrieval, in one sentence."""
        gap, line = self.shipped.beyond_baseline, self.shipped
        told = f"The {line.start} start in column {line.column} matches {_points(gap)} points more than retrieval"
        if gap.low is not None and gap.low > 0:
            return f"{told}: it beats the baseline."
        if gap.high is not None and gap.high < 0:
            return f"{told}: it does not beat the baseline."
        return f"{told}: no difference beyond the interval, so it does not beat the baseline."

    def to_dict(self) -> dict[str, Any]:
        """The object of ``--json``: the shipped figures first, everything under "table"."""
        names = ("baseline_match", "baseline_rmse", "baseline_any", "template_found", "smact_passes", "z_right")
        return {
            "n": self.rows,
            "match_rate": self.shipped.match_rate.value,
            "baseline_match_rate": self.baseline_match.value,
            "rmse": self.shipped.rmse.value,
            "column": self.shipped.column,
            "start": self.shipped.start,
            "verdict": self.verdict,
            "seconds_per_row": dict(self.seconds),
            "table": {
                "lines": [line.to_dict() for line in self.lines],
                "columns": column_notes(self.settings),
                "smact_version": version("SMACT"),
                "settings": self.settings.to_dict(),
                **{name: getattr(self, name).to_dict() for name in names},
            },
        }


def csp_table(outcomes: Sequence[Outcome], settings: CspSettings) -> CspTable:
    """Figures over all rows."""
    baseline = [float(outcome["baseline"]["rms"] is not None) for outcome in outcomes]
    return CspTable(
        rows=len(outcomes),
        lines=tuple(_lines(outcomes, baseline, settings)),
        baseline_match=mean_with_interval(baseline),
        baseline_rmse=mean_with_interval([outcome["baseline"]["rms"] for outcome in outcomes]),
        baseline_any=_share(outcome["baseline"]["any"] for outcome in outcomes),
        template_found=_share(outcome["baseline"]["found"] for outcome in outcomes),
        smact_passes=_share(outcome["smact"] for outcome in outcomes),
        z_right=_share(outcome["z_right"] for outcome in outcomes),
        seconds=_seconds(outcomes),
        settings=settings,
    )


def column_notes(settings: CspSettings) -> dict[str, str]:
    """What each column that was run means."""
    numbers = {"draws": settings.draws, "best": settings.relax_best, "steps": settings.relax_steps}
    return {column: COLUMN_NOTES[column].format(**numbers) for column in COLUMNS if column in settings.columns}


def csp_text(table: CspTable) -> str:
    """The table for a person."""
    head = (
        f"{'start':30}{'column':8}{'match % (95 %)':22}{'RMSE (95 %)':26}"
        f"{'valid %':9}{'any %':7}{'random %':10}{'noise %':8}"
    )
    body = [
        f"{line.start:30}{line.column:8}{_percent(line.match_rate):22}{_distance(line.rmse):26}"
        f"{_short(line.valid):9}{_short(line.any_match):7}{_short(line.random_match):10}{_short(line.from_noise):8}"
        for line in table.lines
    ]
    baseline = (
        f"{'retrieval baseline':30}{'n=1':8}{_percent(table.baseline_match):22}{_distance(table.baseline_rmse):26}"
        f"{'':9}{_short(table.baseline_any):7} (any of {BASELINE_DRAWS}; "
        f"template found {_short(table.template_found)} %)"
    )
    seconds = ", ".join(f"{part} {value:.2f}" for part, value in table.seconds.items())
    return "\n".join(
        [
            f"{table.rows} crystals, composition and number of atoms given; models trained on 14.6 k crystals; "
            "matches over all rows, valid or not",
            head,
            *body,
            baseline,
            "any: one of the draws matches; random: one picked blindly; noise: the chosen one started from noise",
            *(f"{column}: {note}" for column, note in column_notes(table.settings).items()),
            f"SMACT {version('SMACT')} passes {_short(table.smact_passes)} % of the true formulas; our guess of the "
            f"formula units in the cell is right for {_short(table.z_right)} %",
            f"seconds a row: {seconds}",
            table.verdict,
        ]
    )


def _lines(outcomes: Sequence[Outcome], baseline: Sequence[float], settings: CspSettings) -> Iterable[CspLine]:
    for start, columns in outcomes[0]["starts"].items():
        at_random = mean_with_interval([_matching_share(line_of(start, o["draws"], settings)) for o in outcomes])
        for column in (name for name in COLUMNS if name in columns):
            chosen = [outcome["starts"][start][column] for outcome in outcomes]
            matched = [float(one["rms"] is not None) for one in chosen]
            yield CspLine(
                start=start,
                column=column,
                match_rate=mean_with_interval(matched),
                rmse=mean_with_interval([one["rms"] for one in chosen]),
                valid=_share(one["valid"] for one in chosen),
                any_match=_share(outcome["starts"][start]["any"] for outcome in outcomes),
                random_match=at_random,
                from_noise=_share(one["origin"].startswith("noise") for one in chosen),
                beyond_baseline=difference_with_interval(matched, baseline),
            )


def _matching_share(draws: Sequence[Mapping[str, Any]]) -> float:
    return sum(draw["rms"] is not None for draw in draws) / max(len(draws), 1)


def _share(truths: Iterable[bool]) -> Figure:
    return mean_with_interval([float(truth) for truth in truths])


def _seconds(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """Mean seconds a row by part, and in all."""
    parts = {part for outcome in outcomes for part in outcome["seconds"]}
    means = {part: sum(o["seconds"].get(part, 0.0) for o in outcomes) / len(outcomes) for part in sorted(parts)}
    return {part: round(value, 3) for part, value in means.items()} | {"all": round(sum(means.values()), 3)}


def _percent(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{100 * figure.value:.1f} ({100 * figure.low:.1f} to {100 * figure.high:.1f})"


def _distance(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-"
    return f"{figure.value:.4f} ({figure.low:.4f} to {figure.high:.4f})"


def _short(figure: Figure) -> str:
    return "-" if figure.value is None else f"{100 * figure.value:.1f}"


def _points(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "an unknown number of"
    return f"{100 * figure.value:+.1f} ({100 * figure.low:+.1f} to {100 * figure.high:+.1f})"
