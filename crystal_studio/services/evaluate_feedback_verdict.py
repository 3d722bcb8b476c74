"""Whether the draws of a round meet what was said, and how far they moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Goal, Intent, Quantity
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import Stopwatch
from crystal_studio.services.goals import all_met, measure
from crystal_studio.services.propose import Draw, Plan
from crystal_studio.services.screen import SYMPREC_ANGSTROM, limits_check

Planned = tuple[Plan, Draw]


@dataclass(frozen=True)
class Verdict:
    """One draw under one kind of feedback.

    Attributes:
        strength: denoising strength alpha.
        keeps: whether its start's symmetry was given back to it; else it has what it fell into within 0.1 angstrom.
        met: whether it is valid and within the limits, and no goal that can be judged is missed.
        same: whether it matches the crystal that it started from, volumes apart.
        change: of what was asked for, None where nothing is measured: gap in eV, energy in eV/atom, distance relative
            to the parent's.
    """

    strength: float
    keeps: bool
    valid: bool
    met: bool
    same: bool
    change: float | None


def reference_of(intent: Intent, parent: Node, engines: Engines) -> dict[str, float]:
    """The parent's value of every quantity that a goal names."""
    gap = parent.band_gap.value if parent.band_gap else None
    energy = parent.candidates[parent.chosen].energy_per_atom_ev
    return measure(intent.goals, parent.crystal, engines.symmetrizer, gap, energy)


class Judge:
    """Measures draws once, and judges them under each kind of feedback."""

    def __init__(self, engines: Engines, parent: Node, draws: Sequence[Planned], watch: Stopwatch) -> None:
        self._engines, self._parent, self._draws, self._watch = engines, parent, draws, watch
        crystals = [drawn.crystal for _, drawn in draws]
        with watch("check"):
            checked = [engines.checker.check(crystal, formula_is_named=True) for crystal in crystals]
            self._valid = [all_required_pass(checks) for checks in checked]
            self._groups = [engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM) for crystal in crystals]
        with watch("compare"):
            self._same = [self._matches_start(drawn) for _, drawn in draws]
        with watch("predict"):
            self._gaps = [gap.value for gap in engines.band_gap.predict(crystals)]

    def verdicts(self, intent: Intent, *, against_start: bool = False) -> list[Verdict]:
        """A verdict on every draw.

        Args:
            intent: what was heard, with one goal at most.
            against_start: whether to tell the change of the energy against the crystal that the draw started from,
                where no goal says what is to change.
        """
        reference = reference_of(intent, self._parent, self._engines)
        energies = self._energies(intent, against_start)
        starts = self._start_energies() if against_start else [None] * len(self._draws)
        found = []
        for index, (plan, drawn) in enumerate(self._draws):
            limits = limits_check(drawn.crystal.composition, self._groups[index], intent.limits)
            values = measure(intent.goals, drawn.crystal, self._engines.symmetrizer, self._gaps[index], energies[index])
            is_met = limits.passed is True and all_met(intent.goals, values, reference)
            (goal,) = intent.goals or (None,)
            change = _change(goal, values, reference) if goal else _difference(energies[index], starts[index])
            valid, kept = self._valid[index], plan.keeps_symmetry
            found.append(Verdict(plan.state.strength, kept, valid, valid and is_met, self._same[index], change))
        return found

    def _matches_start(self, drawn: Draw) -> bool:
        start = drawn.state.crystal
        return start is not None and self._engines.comparer.rms_distance(drawn.crystal, start) is not None

    def _energies(self, intent: Intent, against_start: bool) -> list[float | None]:
        """Energy of each draw, eV/atom, where it is asked for and the potential knows it."""
        if not against_start and all(goal.quantity is not Quantity.ENERGY for goal in intent.goals):
            return [None] * len(self._draws)
        return self._energies_of([drawn.crystal for _, drawn in self._draws])

    def _start_energies(self) -> list[float | None]:
        """The same of what each draw started from; equal starts are computed once."""
        starts = [drawn.state.crystal for _, drawn in self._draws]
        distinct = {one.content_hash: one for one in starts if one is not None}
        energies = dict(zip(distinct, self._energies_of(list(distinct.values())), strict=True))
        return [energies[one.content_hash] if one is not None else None for one in starts]

    def _energies_of(self, crystals: Sequence[Crystal]) -> list[float | None]:
        with self._watch("energies"):
            return [one if isfinite(one) else None for one in self._engines.relaxer.energies(crystals)]


def _change(goal: Goal, values: Mapping[str, float], reference: Mapping[str, float]) -> float | None:
    value, before = values.get(goal.quantity), reference.get(goal.quantity)
    moved = _difference(value, before)
    return moved / before if moved is not None and before and goal.quantity is Quantity.UNIT_DISTANCE else moved


def _difference(value: float | None, before: float | None) -> float | None:
    return None if value is None or before is None else value - before
