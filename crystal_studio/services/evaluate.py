"""What every evaluation shares: the rows, the order they come in, and figures with their intervals."""

from __future__ import annotations

import hashlib
import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable

MAX_ATOMS = 20
_RESAMPLES = 2000
_BOOTSTRAP_SEED = 0

Array = NDArray[np.float64]


@dataclass(frozen=True)
class EvaluationRow:
    """One crystal that is to be found again.

    Attributes:
        identifier: of the data set.
        formula: reduced formula; no template may have it.
        space_group: number, None where unknown.
        text: its description, "" where there is none.
    """

    identifier: str
    crystal: Crystal
    formula: str
    space_group: int | None = None
    text: str = ""


class TemplateRanking(Protocol):
    """The baseline: known crystals with the elements swapped, nearest chemistry first."""

    def nearest(
        self, species: Sequence[str], count: int, exclude_formulas: frozenset[str], space_group: int | None = None
    ) -> list[Crystal]:
        """The `count` nearest templates with the elements of `species`, best first; fewer where none fits.

        With a space group (its number) only templates that have it are used.
        """


@dataclass(frozen=True)
class Figure:
    """A mean with its 95 % bootstrap interval; None where there was nothing to average."""

    value: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {"value": self.value, "interval": None if self.value is None else [self.low, self.high]}


class Stopwatch:
    """Seconds by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    @contextmanager
    def __call__(self, part: str) -> Iterator[None]:
        """Add the time spent inside to a part."""
        started = perf_counter()
        try:
            yield
        finally:
            self.seconds[part] += perf_counter() - started

    def shared(self, rows: int) -> dict[str, float]:
        """Seconds by part for each of so many rows."""
        return {part: round(seconds / rows, 4) for part, seconds in self.seconds.items()}


def rows_of(records: Sequence[Mapping[str, Any]], max_atoms: int | None = MAX_ATOMS) -> list[EvaluationRow]:
    """Rows of at most 20 atoms, from records with id, lattice, species, frac (formula, spacegroup, text)."""
    return [_row(record) for record in records if max_atoms is None or len(record["species"]) <= max_atoms]


def first_after_shuffle(rows: Sequence[EvaluationRow], limit: int | None, seed: int) -> list[EvaluationRow]:
    """The first `limit` rows after a seeded shuffle, so that a larger limit only adds rows.

    Raises:
        UserCorrectable: nothing is left to evaluate.
    """
    order = sorted(rows, key=lambda row: row.identifier)
    random.Random(seed).shuffle(order)
    chosen = order if limit is None else order[: max(limit, 0)]
    if not chosen:
        raise UserCorrectable("There is no row to evaluate. Give a data set with crystals of at most 20 atoms.")
    return chosen


def groups_of_one_size(rows: Sequence[EvaluationRow], rows_in_group: int) -> list[list[EvaluationRow]]:
    """Rows with equal numbers of atoms together, so that a batch needs no padding; in the order of their first rows."""
    waiting: dict[int, list[EvaluationRow]] = defaultdict(list)
    groups: list[list[EvaluationRow]] = []
    for row in rows:
        group = waiting[row.crystal.num_sites]
        if not group or len(group) == rows_in_group:
            waiting[row.crystal.num_sites] = group = []
            groups.append(group)
        group.append(row)
    return groups


def seed_of(seed: int, *parts: str) -> int:
    """A seed of its own for each part of a run, whatever the order it runs in."""
    return int.from_bytes(hashlib.sha256("/".join((str(seed), *parts)).encode()).digest()[:6])


def mean_with_interval(values: Sequence[float | None]) -> Figure:
    """Mean over the rows that have a value, and its 95 % interval when all rows are drawn again 2,000 times."""
    array = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    if array.size == 0 or np.isnan(array).all():
        return Figure(None, None, None)
    means = _resampled_means(array)
    low, high = np.nanpercentile(means, [2.5, 97.5])
    return Figure(float(np.nanmean(array)), float(low), float(high))


def difference_with_interval(first: Sequence[float], second: Sequence[float]) -> Figure:
    """Mean of the row-wise difference with its interval: paired, as both were measured on the same rows."""
    return mean_with_interval([one - other for one, other in zip(first, second, strict=True)])


def _resampled_means(array: Array) -> Array:
    generator = np.random.default_rng(_BOOTSTRAP_SEED)
    drawn = array[generator.integers(0, array.size, size=(_RESAMPLES, array.size))]
    known = ~np.isnan(drawn)
    counts = known.sum(axis=1)
    sums = np.where(known, drawn, 0.0).sum(axis=1)
    return np.asarray(np.divide(sums, counts, out=np.full(len(sums), np.nan), where=counts > 0), dtype=np.float64)


def _row(record: Mapping[str, Any]) -> EvaluationRow:
    crystal = Crystal.from_dict(record)
    return EvaluationRow(
        identifier=str(record["id"]),
        crystal=crystal,
        formula=record.get("formula") or crystal.formula,
        space_group=record.get("spacegroup"),
        text=record.get("text") or record.get("prompt") or "",
    )
