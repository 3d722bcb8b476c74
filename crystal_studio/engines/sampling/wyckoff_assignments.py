"""Which Wyckoff positions the elements of a compound take: every way to fill a cell, weighed and drawn at random."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crystal_studio.engines.chem.wyckoff import WyckoffPosition
from crystal_studio.engines.sampling.prototypes_bank import Bank

Amounts = tuple[int, ...]
# For each element, the indices of the positions that its orbits take, sorted.
Assignment = tuple[tuple[int, ...], ...]


class OrbitCounts:
    """How often training crystals of a space group occupy orbits of a multiplicity and site symmetry."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    @cached_property
    def _counts(self) -> dict[tuple[int, str], float]:
        """Occupied orbits by group and "multiplicity:site symmetry"; a class weighs as the root of its members."""
        counts: defaultdict[tuple[int, str], float] = defaultdict(float)
        roots = np.sqrt(self._bank.class_size)
        for group, orbits, root in zip(self._bank.class_space_group, self._bank.class_orbits, roots, strict=True):
            for orbit in str(orbits).replace(" | ", "+").split("+"):
                counts[int(group), orbit] += float(root)
        return counts

    def weights(self, space_group: int, positions: Sequence[WyckoffPosition]) -> NDArray[np.float64]:
        """Weight of an orbit on each position, shape (K,), sums to one; all alike in a group never seen."""
        keys = [f"{position.num_sites}:{position.site_symmetry}" for position in positions]
        alike = Counter(keys)
        seen = np.array([self._counts.get((space_group, key), 0.0) / alike[key] for key in keys])
        return np.asarray((seen + 1) / (seen + 1).sum())


class Assignments:
    """Every way to put so many atoms of each element on Wyckoff positions.

    A position without free parameters is taken once at most; any other holds any number of orbits. The weight of an
    assignment is the product of its orbits' weights.
    """

    def __init__(self, positions: Sequence[WyckoffPosition], weights: NDArray[np.float64], amounts: Amounts) -> None:
        """Amounts are atoms of each element in the primitive cell."""
        sizes = [position.num_sites for position in positions]
        single = [index for index, position in enumerate(positions) if position.free_parameters == 0]
        self._single = [(index, sizes[index], float(weights[index])) for index in single]
        many = [index for index in range(len(positions)) if index not in single]
        self._many = [(index, sizes[index], float(weights[index])) for index in many]
        self._amounts = amounts
        self._of_many = self._filled_by_many(max(amounts))
        self._totals: dict[tuple[int, Amounts], float] = {}

    @property
    def total_weight(self) -> float:
        """Sum of the weights of all assignments; 0 where there is none."""
        return self._total(0, self._amounts)

    def drawn(self, generator: np.random.Generator) -> Assignment:
        """One assignment at random, as likely as its weight says; there must be one."""
        taken: list[list[int]] = [[] for _ in self._amounts]
        left = self._amounts
        for stage, (index, size, weight) in enumerate(self._single):
            options = [self._total(stage + 1, left)]
            options += [weight * self._total(stage + 1, _less(left, element, size)) for element in range(len(left))]
            chosen = _choice(options, generator)
            if chosen:
                taken[chosen - 1].append(index)
                left = _less(left, chosen - 1, size)
        shared = [self._drawn_of_many(count, generator) for count in left]
        return tuple(tuple(sorted(one + other)) for one, other in zip(taken, shared, strict=True))

    def _filled_by_many(self, most: int) -> NDArray[np.float64]:
        """Weight of filling n atoms with orbits of the positions from the k-th on, shape (positions + 1, most + 1)."""
        totals = np.zeros((len(self._many) + 1, most + 1))
        totals[-1, 0] = 1.0
        for stage in range(len(self._many) - 1, -1, -1):
            _, size, weight = self._many[stage]
            for count in range(most + 1):
                again = weight * totals[stage, count - size] if count >= size else 0.0
                totals[stage, count] = totals[stage + 1, count] + again
        return totals

    def _drawn_of_many(self, count: int, generator: np.random.Generator) -> list[int]:
        orbits: list[int] = []
        stage = 0
        while count:
            index, size, weight = self._many[stage]
            again = weight * self._of_many[stage, count - size] if count >= size else 0.0
            if _choice([float(self._of_many[stage + 1, count]), float(again)], generator):
                orbits.append(index)
                count -= size
            else:
                stage += 1
        return orbits

    def _total(self, stage: int, left: Amounts) -> float:
        """Weight of all ways to place what is left on the positions from a stage on; 0 for a negative amount."""
        if min(left) < 0:
            return 0.0
        if stage == len(self._single):
            return float(np.prod([self._of_many[0, count] for count in left]))
        if (stage, left) not in self._totals:
            _, size, weight = self._single[stage]
            options = [self._total(stage + 1, _less(left, element, size)) for element in range(len(left))]
            self._totals[stage, left] = self._total(stage + 1, left) + weight * sum(options)
        return self._totals[stage, left]


def _less(left: Amounts, element: int, size: int) -> Amounts:
    return (*left[:element], left[element] - size, *left[element + 1 :])


def _choice(weights: Sequence[float], generator: np.random.Generator) -> int:
    edges = np.cumsum(weights)
    return int(np.searchsorted(edges, generator.random() * edges[-1], side="right"))
