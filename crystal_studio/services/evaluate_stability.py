"""Stable and new: crystals written for an asked energy above the hull, relaxed, judged, and looked up.

Pairs of formula and space group come from the test rows. Each crystal is relaxed with CHGNet and judged twice. The
first judge is our own predictor. The second needs no reference energies of the elements: the sample has the composition
of a test crystal whose energy above the hull the data tell, so

    e_above_hull(sample) = e_above_hull(test crystal) + E(sample, relaxed) - E(test crystal, relaxed)

per atom, with both E of CHGNet, whose training data include most test crystals.

Source: CrysText (hull energy as a condition; stable and novel); the share that is stable, unique and novel as MatterGen
(Zeni et al., Nature 639, 624 (2025)) defines it, at 0.1 eV/atom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Any

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import WrittenCrystal
from crystal_studio.services.evaluate import EvaluationRow, Stopwatch, seed_of
from crystal_studio.services.evaluate_crystext import WritingEngines, task_of, written_in_batch

ASKED_EV = (0.0, 0.05, 0.2)
STABLE_EV = 0.1
LOWEST_EV = -0.3  # further below the hull no crystal lies: the potential was fooled


@dataclass(frozen=True)
class StabilitySettings:
    """What is evaluated.

    Attributes:
        model: id of the writer.
        asked: energies above the hull that are asked for, eV/atom.
        draws: crystals for each pair and energy.
        attempts: texts at most for each.
        relax_steps: relaxation steps at most.

    Raises:
        UserCorrectable: a number is out of its range.
    """

    model: str
    seed: int = 0
    asked: tuple[float, ...] = ASKED_EV
    draws: int = 2
    attempts: int = 5
    relax_steps: int = 100

    def __post_init__(self) -> None:
        if not self.asked or self.draws < 1 or self.attempts < 1 or self.relax_steps < 1:
            raise UserCorrectable("Draws, attempts and relaxation steps must be at least 1, for at least one energy.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


@dataclass
class _Relaxed:
    """A crystal that was written and relaxed; `crystal` is None where nothing was, or the relaxed one is no crystal."""

    written: WrittenCrystal
    crystal: Crystal | None = None
    energy_ev: float | None = None
    found: dict[str, Any] = field(default_factory=dict)


class StabilityEvaluation:
    """Writes, relaxes and judges the crystals of each row."""

    def __init__(
        self,
        engines: WritingEngines,
        settings: StabilitySettings,
        hull: Mapping[str, float],
        known: Mapping[str, Sequence[Crystal]],
    ) -> None:
        """An evaluation.

        Args:
            hull: row -> energy above the hull of its crystal, eV/atom.
            known: reduced formula -> training crystals of it.
        """
        self._engines = engines
        self._settings = settings
        self._writer = engines.crystal_writer_of(settings.model, constrained=True)
        self._hull = hull
        self._known = known

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row; all its crystals are written in one batch."""
        return [self._outcome(row, context) for row in rows]

    def _outcome(self, row: EvaluationRow, context: JobContext) -> dict[str, Any]:
        context.check_cancelled()
        watch = Stopwatch()
        settings = self._settings
        tasks = [task_of(row, asked) for asked in settings.asked for _ in range(settings.draws)]
        with watch("write"):
            seed = seed_of(settings.seed, "stability", row.identifier)
            written = written_in_batch(self._writer, tasks, seed, context, settings.attempts)
        with watch("relax"):
            true_energy = self._energy_of(row.crystal, context) if any(one.crystal for one in written) else None
            relaxed = [self._relaxed(one, context) for one in written]
        with watch("judge"):
            parts = [relaxed[start : start + settings.draws] for start in range(0, len(relaxed), settings.draws)]
            judged = [self._judged(part, row, true_energy) for part in parts]
        asked = {f"{energy:g}": found for energy, found in zip(settings.asked, judged, strict=True)}
        return {"id": row.identifier, "asked": asked, "seconds": watch.shared(1)}

    def _energy_of(self, crystal: Crystal, context: JobContext) -> float | None:
        """Of the true crystal once it is relaxed, eV/atom."""
        try:
            return self._engines.relaxer.relax(crystal, self._settings.relax_steps, context).energy_per_atom_ev
        except UserCorrectable:
            return None  # the potential cannot treat it: only the predictor judges

    def _relaxed(self, written: WrittenCrystal, context: JobContext) -> _Relaxed:
        if written.crystal is None:
            return _Relaxed(written)
        try:
            outcome = self._engines.relaxer.relax(written.crystal, self._settings.relax_steps, context)
        except UserCorrectable:
            return _Relaxed(written, written.crystal)
        is_crystal = all_required_pass(self._engines.checker.check(outcome.crystal, formula_is_named=True))
        energy = outcome.energy_per_atom_ev
        return _Relaxed(written, outcome.crystal if is_crystal else None, energy if isfinite(energy) else None)

    def _judged(
        self, samples: Sequence[_Relaxed], row: EvaluationRow, true_energy: float | None
    ) -> list[dict[str, Any]]:
        """What was found of the samples of one asked energy."""
        distinct: list[Crystal] = []
        found = []
        for sample in samples:
            judged: dict[str, Any] = {
                "attempts": sample.written.attempts,
                "written": sample.written.crystal is not None,
            }
            if sample.crystal is not None:
                judged |= self._energies(sample, row, true_energy)
                judged["unique"] = not self._is_among(sample.crystal, distinct)
                judged["novel"] = not self._is_among(sample.crystal, self._known.get(row.formula, ()))
                judged["true"] = self._is_among(sample.crystal, [row.crystal])
                distinct.append(sample.crystal)
            found.append(judged)
        return found

    def _energies(self, sample: _Relaxed, row: EvaluationRow, true_energy: float | None) -> dict[str, float | None]:
        """By both judges, eV/atom above the hull; None where one cannot judge."""
        if sample.crystal is None:
            raise AssertionError("only a crystal is judged")
        predicted = self._engines.e_above_hull.predict([sample.crystal])[0].value
        potential = None
        if sample.energy_ev is not None and true_energy is not None and row.identifier in self._hull:
            potential = self._hull[row.identifier] + sample.energy_ev - true_energy
        return {"predictor": round(predicted, 5), "potential": None if potential is None else round(potential, 5)}

    def _is_among(self, crystal: Crystal, others: Sequence[Crystal]) -> bool:
        return any(self._engines.default_comparer.rms_distance(crystal, other) is not None for other in others)


def crystals_by_formula(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Crystal]]:
    """Training crystals by reduced formula, whatever their size."""
    found: dict[str, list[Crystal]] = {}
    for record in records:
        crystal = Crystal.from_dict(record)
        found.setdefault(crystal.formula, []).append(crystal)
    return found


def hull_energies(records: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Row -> energy above the hull, eV/atom, where the data tell it."""
    told = ((str(record["id"]), record.get("e_above_hull")) for record in records)
    return {identifier: float(energy) for identifier, energy in told if energy is not None}
