"""Which prototypes suit a composition: distance of the element substitution, and votes of near members.

Source: substitution on templates after Wei et al., Comput. Mater. Sci. 211, 111496 (2022, CSPML); the votes are ours,
the learned distance is neighbourhood components analysis (Goldberger et al., NeurIPS 2004) on prototypes.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import permutations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.elements import ELEMENTS
from crystal_studio.domain.errors import Unavailable
from crystal_studio.engines.sampling.prototypes_bank import Bank, Family

Array = NDArray[np.float64]
_LANTHANIDES = range(57, 72)
_ACTINIDES = range(89, 104)
_CONSIDERED = 240
_MAX_PERMUTATIONS = 120
_SAME_COMPOUND = 1e-9
_UNKNOWN_HULL_EV = 0.05
_THERMAL_EV = 0.05


@dataclass(frozen=True)
class Weights:
    """Tuned on `val`.

    Attributes:
        temperature: how fast a member's vote falls with its chemical distance.
        radius, group, row: weight of these differences beside electronegativity.
        above_hull: subtracted from the logarithm of the vote of a member more than 0.1 eV/atom over the hull.
        popularity: weight of the logarithm of the class's size.
        sameness: largest mean difference of two fingerprints that count as one prototype.
    """

    temperature: float = 0.05
    electronegativity: float = 4.0
    radius: float = 1.0
    group: float = 0.0625
    row: float = 0.25
    above_hull: float = 0.25
    popularity: float = 0.0
    sameness: float = 6.0


@dataclass(frozen=True, eq=False)
class Metric:
    """A distance of substitutions learned from which prototypes the compounds of `train` share.

    The distance is sum_s w_s |e(a_s) - e(b_s)|^2 + |sum_s x_s (m(a_s) - m(b_s))|^2 over the slots s with shares x_s and
    weights w_s ~ x_s^share_power: each element for itself, and the whole, where one swap may make up for another.

    Attributes:
        slot_embedding: (119, K) e, by atomic number, in units in which `Weights.temperature` holds.
        mean_embedding: (119, K) m.
        share_power: how much the weight of a slot depends on its share of the atoms.
        above_hull: takes the place of the weight of that name.
    """

    slot_embedding: NDArray[np.float32]
    mean_embedding: NDArray[np.float32]
    share_power: float
    above_hull: float

    @cached_property
    def distances(self) -> Array:
        """Squared distance of each pair of elements, shape (119, 119)."""
        rows = self.slot_embedding.astype(np.float64)
        return np.asarray(((rows[:, None] - rows[None]) ** 2).sum(-1))

    def substitutions(self, family: Family, wanted: NDArray[np.int64]) -> tuple[Array, NDArray[np.int64]]:
        """Cheapest substitution into each member: distance (F,) and the numbers on the slots (F, S)."""
        share = np.array(family.anonymous) / sum(family.anonymous)
        weight = share**self.share_power / (share**self.share_power).sum()
        cost, numbers = _cheapest(family, wanted, self.distances, weight)
        means = self.mean_embedding.astype(np.float64)
        away = share @ means[wanted] - np.einsum("s,fsk->fk", share, means[family.elements])
        return cost + (away**2).sum(-1), numbers

    def save(self, path: Path) -> None:
        """Write the arrays as .npz."""
        numbers = np.array([self.share_power, self.above_hull])
        np.savez(path, slots=self.slot_embedding, means=self.mean_embedding, numbers=numbers)

    @classmethod
    def load(cls, path: Path) -> Metric:
        """Inverse of `save`.

        Raises:
            Unavailable: the file is missing or damaged.
        """
        try:
            with np.load(path, allow_pickle=False) as arrays:
                return cls(arrays["slots"], arrays["means"], *arrays["numbers"].tolist())
        except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise Unavailable(f"The learned distance '{path.name}' cannot be read. Restore it.") from error


@dataclass(frozen=True)
class Ranked:
    """One prototype with the elements on its slots, its score (a log of votes) and its share of all votes."""

    member: int
    numbers: tuple[int, ...]
    score: float
    distance: float
    share: float = 1.0


@lru_cache(maxsize=8)
def element_distances(weights: Weights) -> Array:
    """Squared chemical distance of each pair of elements, shape (119, 119), by atomic number."""
    rows = np.zeros((119, 4))
    for element in ELEMENTS:
        # Lanthanides and actinides stand in rows of their own, else Lu would pass for a transition metal.
        row = element.row + 2 if element.number in (*_LANTHANIDES, *_ACTINIDES) else element.row
        rows[element.number] = (
            2.0 if element.electronegativity is None else element.electronegativity,
            element.atomic_radius_angstrom or 1.5,
            element.group,
            row,
        )
    scale = np.sqrt([weights.electronegativity, weights.radius, weights.group, weights.row])
    between = (rows[:, None] - rows[None]) * scale
    return np.asarray((between**2).sum(-1))


@lru_cache(maxsize=256)
def slot_permutations(anonymous: tuple[int, ...]) -> NDArray[np.int64]:
    """Orders of the slots that keep the amounts, shape (P, S)."""
    kept = [
        order
        for order in permutations(range(len(anonymous)))
        if all(anonymous[a] == anonymous[b] for a, b in enumerate(order))
    ]
    return np.array(kept[:_MAX_PERMUTATIONS])


def substitutions(
    family: Family, wanted: Array | NDArray[np.int64], weights: Weights
) -> tuple[Array, NDArray[np.int64]]:
    """Cheapest substitution into each member: mean distance (F,) and the numbers on the slots (F, S)."""
    share = np.array(family.anonymous) / sum(family.anonymous)
    return _cheapest(family, np.asarray(wanted, dtype=np.int64), element_distances(weights), share)


def _cheapest(
    family: Family, wanted: NDArray[np.int64], distances: Array, weight: Array
) -> tuple[Array, NDArray[np.int64]]:
    orders = wanted[slot_permutations(family.anonymous)]
    cost = np.zeros((len(family.members), len(orders)))
    for slot, part in enumerate(weight):
        cost += part * distances[family.elements[:, slot][:, None], orders[:, slot][None]]
    best = cost.argmin(axis=1)
    return cost[np.arange(len(cost)), best], orders[best]


def member_votes(bank: Bank, members: NDArray[np.int64], cost: Array, weights: Weights) -> Array:
    """Logarithm of each member's vote; known crystals of the very compound stand in the order of their energies."""
    hull = bank.hull[members].astype(np.float64)
    votes = -cost / weights.temperature - weights.above_hull * (np.nan_to_num(hull) > 0.1)
    same_compound = cost < _SAME_COMPOUND
    energy = np.nan_to_num(hull, nan=_UNKNOWN_HULL_EV) / _THERMAL_EV
    return np.asarray(votes - np.where(same_compound, energy, 0.0))


def rank(
    bank: Bank,
    family: Family,
    chosen: NDArray[np.bool_],
    wanted: NDArray[np.int64],
    count: int,
    weights: Weights,
    metric: Metric | None = None,
) -> list[Ranked]:
    """Distinct prototypes among the chosen members, best first.

    Members vote for the prototype they belong to; the nearest by the learned distance (by the chemical one where none
    is given) stands for it.
    """
    if metric is None:
        cost, numbers = substitutions(family, wanted, weights)
    else:
        cost, numbers = metric.substitutions(family, wanted)
        weights = replace(weights, above_hull=metric.above_hull)
    index = np.flatnonzero(chosen)
    index = index[np.argsort(cost[index], kind="stable")[:_CONSIDERED]]
    members = family.members[index]
    votes = member_votes(bank, members, cost[index], weights)
    groups = _groups(bank, members, numbers[index], wanted, weights)
    found = []
    for group in range(int(groups.max(initial=-1)) + 1):
        inside = np.flatnonzero(groups == group)
        first = inside[0]
        size = bank.class_size[bank.member_class[members[first]]]
        score = float(np.logaddexp.reduce(votes[inside]) + weights.popularity * np.log(size))
        found.append(
            Ranked(int(members[first]), tuple(numbers[index[first]].tolist()), score, float(cost[index[first]]))
        )
    total = np.logaddexp.reduce([ranked.score for ranked in found]) if found else 0.0
    best = sorted(found, key=lambda ranked: -ranked.score)[:count]
    return [replace(ranked, share=float(np.exp(ranked.score - total))) for ranked in best]


def _groups(
    bank: Bank, members: NDArray[np.int64], numbers: NDArray[np.int64], wanted: NDArray[np.int64], weights: Weights
) -> NDArray[np.int64]:
    """Group of each member: same space group and, element by element, the same distances; shape (F',)."""
    prints = (
        np.stack([_decorated_print(bank, m, n, wanted) for m, n in zip(members, numbers, strict=True)])
        if len(members)
        else np.zeros((0, 1), np.int16)
    )
    groups = np.full(len(members), -1)
    space_groups = bank.space_group[members]
    number = 0
    for position in range(len(members)):
        if groups[position] >= 0:
            continue
        rest = position + np.flatnonzero((groups[position:] < 0) & (space_groups[position:] == space_groups[position]))
        near = np.abs(prints[rest] - prints[position]).mean(axis=1) <= weights.sameness
        groups[rest[near]] = number
        groups[position] = number
        number += 1
    return groups


def _decorated_print(
    bank: Bank, member: int, numbers: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.int16]:
    """A member's fingerprint with its slots in the order of the wanted elements."""
    place = {int(number): slot for slot, number in enumerate(numbers)}
    order = [place[int(number)] for number in wanted]
    pairs = [_pair(a, b) for position, a in enumerate(order) for b in order[: position + 1]]
    return bank.fingerprint(member)[pairs].astype(np.int16).ravel()


def _pair(first: int, second: int) -> int:
    high, low = max(first, second), min(first, second)
    return high * (high + 1) // 2 + low
