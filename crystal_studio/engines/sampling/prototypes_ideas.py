"""Grounded ideas: compositions that meet the limits, made by swapping elements in compounds of known prototypes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, ELEMENTS
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.symmetry import SYMMETRY_CLASSES, numbers_of_system
from crystal_studio.engines.sampling.prototypes_bank import Bank, Family
from crystal_studio.engines.sampling.prototypes_ranking import (
    Metric,
    Weights,
    element_distances,
    member_votes,
    rank,
    substitutions,
)
from crystal_studio.engines.sampling.prototypes_swaps import has_metal, is_charge_balanced, needs_of, swaps
from crystal_studio.ports.prototype_library import CompoundIdea

Array = NDArray[np.float64]
_MAX_ATOMS = 20
_SEEDS = 500
_JUDGED = 250
_UNBALANCED = 4.0
_NO_METAL = 1.0
_UNASKED_ELEMENT = 1.5
_REPEATED = 5.0
_FAR_STOICHIOMETRY = 0.3
_NEARNESS = 12.0
_SAME_GROUP = 0.7
_GAP_TEMPERATURE = 0.1
_GOAL_WEIGHT = 0.6


class IdeaSearch:
    """One search for compositions under one set of limits."""

    def __init__(
        self,
        bank: Bank,
        weights: Weights,
        limits: Limits,
        goals: Sequence[Goal],
        exclude_formulas: frozenset[str],
        metric: Metric | None = None,
    ) -> None:
        self._bank = bank
        self._weights = weights
        self._metric = metric
        self._limits = limits
        self._goals = goals
        self._excluded = exclude_formulas
        self._distances = element_distances(weights)
        self._class_fits = self._fitting_classes()

    def ideas(self, count: int, near: Composition | None, near_space_group: int | None) -> list[CompoundIdea]:
        """The best ideas, distinct in formula, or in space group where the formula is fixed."""
        if self._limits.formula:
            return self._polymorphs(Composition.parse(self._limits.formula), count, near_space_group)
        found = [
            idea
            for composition in self._compositions(near)
            if (idea := self._judged(composition, near, near_space_group)) is not None
        ]
        return sorted(found, key=lambda idea: -idea.score)[:count]

    def _fitting_classes(self) -> NDArray[np.bool_]:
        """Classes of the space group, crystal system and prototype asked for, shape (K,)."""
        groups, limits = self._bank.class_space_group, self._limits
        fits = np.ones(len(groups), dtype=bool)
        if limits.space_group:
            fits &= groups == limits.space_group
        if limits.crystal_system:
            fits &= np.isin(groups, list(numbers_of_system(limits.crystal_system)))
        for system in limits.excluded_systems:
            fits &= ~np.isin(groups, list(numbers_of_system(system)))
        if limits.symmetry_class:
            fits &= np.isin(groups, list(SYMMETRY_CLASSES[limits.symmetry_class]))
        if limits.prototype:
            wanted = limits.prototype.lower()
            named = [
                index
                for index, name in enumerate(self._bank.names)
                if wanted in str(name).lower() and not str(name).endswith(("-derived", "-like"))
            ]
            fits &= np.isin(self._bank.class_name, named)
        return fits

    def _chosen(self, family: Family) -> NDArray[np.bool_]:
        """Members of a family that may serve as templates, shape (F,)."""
        most = min(self._limits.max_atoms or _MAX_ATOMS, _MAX_ATOMS)
        small = self._bank.num_atoms[family.members] <= most
        return np.asarray(small & self._class_fits[self._bank.member_class[family.members]])

    def _compositions(self, near: Composition | None) -> Iterator[Composition]:
        """Distinct compositions that meet the limits, cheapest swaps first."""
        seen: set[str] = set()
        for _, composition in sorted(self._proposals(near), key=lambda pair: (pair[0], pair[1].amounts)):
            if composition.formula in seen or composition.formula in self._excluded:
                continue
            seen.add(composition.formula)
            if not self._limits.violations(composition):
                yield composition
            if len(seen) >= _JUDGED:
                return

    def _proposals(self, near: Composition | None) -> list[tuple[float, Composition]]:
        found: list[tuple[float, Composition]] = []
        if near is not None:
            found += swaps(near, self._limits, self._distances, options=12, explore=True)
        for bound, composition in self._seeds(near):
            found += [(bound + cost, swapped) for cost, swapped in swaps(composition, self._limits, self._distances)]
        return found

    def _seeds(self, near: Composition | None) -> list[tuple[float, Composition]]:
        """Compounds of the library that are closest to meeting the limits, with what speaks against each."""
        rows: list[tuple[float, Family, int]] = []
        for family in self._bank.families.values():
            if not self._family_fits(family):
                continue
            index = np.flatnonzero(self._chosen(family))
            against = self._against(family, index) + self._nearness_cost(family, index, near)
            rows += [(float(against[i]), family, int(index[i])) for i in np.argsort(against, kind="stable")[:_SEEDS]]
        rows.sort(key=lambda row: row[0])
        return [(against, _composition(family, member)) for against, family, member in rows[:_SEEDS]]

    def _family_fits(self, family: Family) -> bool:
        limits = self._limits
        if limits.anonymous and family.anonymous != limits.anonymous:
            return False
        return not limits.num_elements or len(family.anonymous) == limits.num_elements

    def _against(self, family: Family, index: NDArray[np.int64]) -> Array:
        """Least cost of the swaps that the limits force on each compound, and its own faults; shape (len(index),)."""
        elements = family.elements[index]
        cost = np.zeros(len(index))
        for group in needs_of(self._limits):
            numbers = [BY_SYMBOL[symbol].number for symbol in sorted(group)]
            cost += self._distances[elements][:, :, numbers].min(axis=(1, 2))
        hull = np.nan_to_num(self._bank.hull[family.members[index]].astype(np.float64))
        cost += 0.3 * (hull > 0.1)
        for goal in self._goals:
            if goal.quantity is Quantity.BAND_GAP:
                gaps = np.nan_to_num(self._bank.gap[family.members[index]].astype(np.float64))
                cost -= 0.2 * np.array([_merit(goal, float(gap)) for gap in gaps])
        return cost

    def _nearness_cost(self, family: Family, index: NDArray[np.int64], near: Composition | None) -> Array:
        if near is None:
            return np.zeros(len(index))
        numbers = [BY_SYMBOL[symbol].number for symbol in near.elements]
        away = self._distances[family.elements[index]][:, :, numbers].min(axis=2).mean(axis=1)
        return np.asarray(away + _FAR_STOICHIOMETRY * (family.anonymous != near.anonymous))

    def _judged(
        self, composition: Composition, near: Composition | None, near_space_group: int | None
    ) -> CompoundIdea | None:
        """The composition with its best class and score; None where no class may hold it."""
        family = self._bank.families.get(composition.anonymous)
        if family is None:
            return None
        chosen = self._chosen(family)
        if not chosen.any():
            return None
        cost, _ = substitutions(family, slots_of(composition), self._weights)
        votes = member_votes(self._bank, family.members, cost, self._weights)
        votes = np.where(chosen, votes, -np.inf)
        if near_space_group is not None:
            votes += _SAME_GROUP * (self._bank.space_group[family.members] == near_space_group)
        best = int(votes.argmax())
        member = int(family.members[best])
        gap = self._gap(family, cost, chosen)
        group = int(self._bank.space_group[member])
        score = float(votes[best]) + 0.2 * float(np.log(self._bank.class_size[self._bank.member_class[member]]))
        score -= self._faults(composition)
        score += self._goal_score(gap)
        if near is not None:
            score -= self._away(composition, near) * _NEARNESS
            if composition.formula == near.formula and group == near_space_group:
                score -= _REPEATED
        return CompoundIdea(composition.formula, group, self._bank.name_of(member), score, gap)

    def _faults(self, composition: Composition) -> float:
        """What speaks against a composition by itself: charges, no metal in it, elements that nobody asked for."""
        named = frozenset().union(*needs_of(self._limits))
        unasked = len(set(composition.elements) - named) if self._limits.required else 0
        found = _UNASKED_ELEMENT * unasked
        found += 0.0 if is_charge_balanced(composition) else _UNBALANCED
        return found + (0.0 if has_metal(composition) else _NO_METAL)

    def _polymorphs(self, composition: Composition, count: int, near_space_group: int | None) -> list[CompoundIdea]:
        """The likeliest space groups of one formula."""
        family = self._bank.families.get(composition.anonymous)
        if family is None or composition.formula in self._excluded or self._limits.violations(composition):
            return []
        wanted = slots_of(composition)
        cost, _ = substitutions(family, wanted, self._weights)
        best: dict[int, CompoundIdea] = {}
        chosen = self._chosen(family)
        for found in rank(self._bank, family, chosen, wanted, 4 * count + 8, self._weights, self._metric):
            group = int(self._bank.space_group[found.member])
            gap = self._gap(family, cost, self._bank.space_group[family.members] == group)
            score = found.score + self._goal_score(gap)
            # The parent's own space group would only say again what the person wants changed.
            score -= _SAME_GROUP if self._goals and group == near_space_group else 0.0
            idea = CompoundIdea(composition.formula, group, self._bank.name_of(found.member), score, gap)
            if group not in best or best[group].score < score:
                best[group] = idea
        return sorted(best.values(), key=lambda idea: -idea.score)[:count]

    def _gap(self, family: Family, cost: Array, chosen: NDArray[np.bool_]) -> float | None:
        """Band gap of the chemically near members, weighted by nearness, eV; None where none is near."""
        gaps = self._bank.gap[family.members].astype(np.float64)
        known = chosen & np.isfinite(gaps)
        if not known.any():
            return None
        weight = np.exp(-(cost[known] - cost[known].min()) / _GAP_TEMPERATURE)
        return float((weight @ gaps[known]) / weight.sum())

    def _goal_score(self, gap: float | None) -> float:
        if gap is None:
            return 0.0
        return sum(_GOAL_WEIGHT * _merit(goal, gap) for goal in self._goals if goal.quantity is Quantity.BAND_GAP)

    def _away(self, composition: Composition, near: Composition) -> float:
        """Mean chemical distance of the cheapest substitution from the near composition."""
        if composition.anonymous == near.anonymous:
            single = Family(near.anonymous, np.zeros(1, np.int64), slots_of(near)[None], np.ones(1, np.int32))
            return float(substitutions(single, slots_of(composition), self._weights)[0][0])
        numbers = [BY_SYMBOL[symbol].number for symbol in near.elements]
        away = self._distances[slots_of(composition)][:, numbers].min(axis=1).mean()
        return float(away) + _FAR_STOICHIOMETRY


def slots_of(composition: Composition) -> NDArray[np.int64]:
    """Atomic numbers in the order of the anonymous formula, shape (S,)."""
    ordered = sorted(composition.reduced.amounts, key=lambda pair: pair[1])
    return np.array([BY_SYMBOL[symbol].number for symbol, _ in ordered])


def _composition(family: Family, member: int) -> Composition:
    symbols = [ELEMENTS[number - 1].symbol for number in family.elements[member]]
    return Composition.from_counts(dict(zip(symbols, family.anonymous, strict=True)))


def _merit(goal: Goal, value: float) -> float:
    """How far a value goes the goal's way, in its own unit; 0 is "met" where the goal has a target."""
    target = goal.target or 0.0
    merits = {
        Direction.HIGHER: value,
        Direction.LOWER: -value,
        Direction.AT_LEAST: min(value - target, 0.0),
        Direction.AT_MOST: min(target - value, 0.0),
        Direction.NEAR: -abs(value - target),
    }
    return merits[goal.direction]
