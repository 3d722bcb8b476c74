"""The prototype model: known prototypes with the elements swapped, ranked by chemistry (`PrototypeLibrary`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.intent import Goal, Limits
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.sampling.prototypes_bank import Bank, Family, load_bank
from crystal_studio.engines.sampling.prototypes_ideas import IdeaSearch, slots_of
from crystal_studio.engines.sampling.prototypes_ranking import Metric, Ranked, Weights, rank
from crystal_studio.engines.sampling.wyckoff_drafts import DraftRequest, WyckoffDrafts
from crystal_studio.ports.prototype_library import CompoundIdea, DecoratedPrototype, WyckoffDraft


class PrototypeModel:
    """Prototypes of the training set, their members' elements and shapes."""

    def __init__(self, bank: Bank, weights: Weights, metric: Metric | None = None) -> None:
        self._bank = bank
        self._weights = weights
        self._metric = metric
        self._packings: dict[Composition, float] = {}

    def decorate(
        self,
        composition: Composition,
        count: int,
        *,
        space_group: int | None = None,
        prototype: str | None = None,
        max_atoms: int = 20,
        exclude_formulas: frozenset[str] = frozenset(),
        formula_units: int | None = None,
    ) -> list[DecoratedPrototype]:
        """The `count` likeliest decorated prototypes, best first, of distinct classes; fewer where none fits.

        No template of a formula in `exclude_formulas` is used, nor does one vote. `formula_units` fixes the number in
        the primitive cell, as the field's scores with the true number of atoms do.
        """
        family = self._bank.families.get(composition.anonymous)
        if family is None or count < 1:
            return []
        wanted = slots_of(composition)
        chosen = self._bank.num_atoms[family.members] <= max_atoms
        if space_group is not None:
            chosen &= self._bank.space_group[family.members] == space_group
        if formula_units is not None:
            chosen &= family.formula_units == formula_units
        if prototype:
            chosen &= self._is_named(family, prototype)
        chosen &= ~self._has_formula(family, exclude_formulas)
        ranked = rank(self._bank, family, chosen, wanted, count, self._weights, self._metric)
        return [self._decorated(found) for found in ranked]

    def drafts(
        self,
        composition: Composition,
        count: int,
        *,
        space_group: int,
        seed: int,
        max_atoms: int = 20,
        formula_units: int | None = None,
        taken: frozenset[str] = frozenset(),
    ) -> list[WyckoffDraft]:
        """Crystals of a space group on Wyckoff positions, at most `count`, none labelled as in `taken`.

        Raises:
            UserCorrectable: the multiplicities add up to no such cell.
        """
        shares = self.formula_units(composition, space_group)
        units = range(1, max_atoms // composition.reduced.num_atoms + 1) if formula_units is None else (formula_units,)
        tried = {number: shares.get(number, 0.0) for number in units}
        return self._wyckoff_drafts.drafts(DraftRequest(composition, space_group, tried, count, seed, taken))

    @cached_property
    def _wyckoff_drafts(self) -> WyckoffDrafts:
        return WyckoffDrafts(self._bank, self.expected_volume_angstrom3)

    def formula_units(self, composition: Composition, space_group: int | None = None) -> dict[int, float]:
        """P(Z | anonymous formula, space group); over all space groups where the pair was never seen; else empty."""
        family = self._bank.families.get(composition.anonymous)
        if family is None:
            return {}
        units = family.formula_units
        same = self._bank.space_group[family.members] == space_group
        counts = Counter((units[same] if same.any() else units).tolist())
        return {number: times / counts.total() for number, times in sorted(counts.items())}

    def ideas(
        self,
        limits: Limits,
        goals: Sequence[Goal],
        count: int,
        *,
        near: Composition | None = None,
        near_space_group: int | None = None,
        exclude_formulas: frozenset[str] = frozenset(),
    ) -> list[CompoundIdea]:
        """Compositions that meet the limits, best first; near a given composition where one is given."""
        search = IdeaSearch(self._bank, self._weights, limits, goals, exclude_formulas, self._metric)
        return search.ideas(count, near, near_space_group)

    def expected_volume_angstrom3(self, composition: Composition) -> float:
        """Expected volume of the composition's atoms as written: element volumes times the packing of its kin."""
        volumes = self._bank.element_volume
        loose = float(sum(volumes[BY_SYMBOL[symbol].number] * count for symbol, count in composition.amounts))
        return loose * self._packing(composition.reduced)

    def _packing(self, reduced: Composition) -> float:
        """Packing of the best prototype, 1 where none is known; kept, because every candidate asks for it."""
        if reduced not in self._packings:
            family = self._bank.families.get(reduced.anonymous)
            everyone = np.ones(0 if family is None else len(family.members), dtype=bool)
            wanted = slots_of(reduced)
            found = rank(self._bank, family, everyone, wanted, 1, self._weights, self._metric) if family else []
            self._packings[reduced] = float(self._bank.packing[found[0].member]) if found else 1.0
        return self._packings[reduced]

    def _decorated(self, found: Ranked) -> DecoratedPrototype:
        number = int(self._bank.space_group[found.member])
        group = int(self._bank.member_class[found.member])
        name = self._bank.full_name_of(found.member)
        orbits = str(self._bank.class_orbits[group])
        return DecoratedPrototype(
            crystal=self._bank.decorated(found.member, found.numbers),
            label=f"{name or orbits}, {SpaceGroup(number).symbol}",
            prototype=self._bank.name_of(found.member),
            space_group=number,
            score=found.score,
            share=found.share,
            above_hull=bool(self._bank.class_is_above_hull[group]),
        )

    def _is_named(self, family: Family, prototype: str) -> NDArray[np.bool_]:
        wanted = prototype.lower()
        matching = [index for index, name in enumerate(self._bank.names) if wanted in str(name).lower()]
        return np.isin(self._bank.class_name[self._bank.member_class[family.members]], matching)

    def _has_formula(self, family: Family, formulas: frozenset[str]) -> NDArray[np.bool_]:
        found = np.zeros(len(family.members), dtype=bool)
        for formula in formulas:
            composition = Composition.parse(formula)
            if composition.anonymous == family.anonymous:
                found |= _same_compound(family, composition)
        return found


def create(folder: Path, options: Mapping[str, Any]) -> PrototypeModel:
    """Load the model from its card's folder; options hold the tuned weights and name the learned distance.

    Raises:
        Unavailable: the file is missing or damaged.
    """
    known = {field.name for field in fields(Weights)}
    weights = Weights(**{name: float(value) for name, value in options.items() if name in known})
    metric = Metric.load(folder / str(options["metric"])) if "metric" in options else None
    return PrototypeModel(load_bank(folder / str(options.get("file", "prototypes.npz"))), weights, metric)


def _same_compound(family: Family, composition: Composition) -> NDArray[np.bool_]:
    """Members with the same amount of each element, shape (F,)."""
    same = np.ones(len(family.members), dtype=bool)
    for symbol, amount in composition.reduced.amounts:
        holds = (family.elements == BY_SYMBOL[symbol].number) & (np.array(family.anonymous) == amount)
        same &= holds.any(axis=1)
    return same
