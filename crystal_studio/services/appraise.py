"""Everything that is measured on a crystal before it becomes a node, whatever it came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Intent
from crystal_studio.domain.known import Known
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import CheckResult, all_required_pass
from crystal_studio.ports.context import JobContext
from crystal_studio.services.engines import Engines
from crystal_studio.services.goals import measure
from crystal_studio.services.screen import SYMPREC_ANGSTROM, limits_check
from crystal_studio.services.stopwatch import Stopwatch


@dataclass(frozen=True)
class Appraisal:
    """What was found; predictions are None for a crystal that fails a required check.

    Attributes:
        crystal: what was measured.
        space_group: within the tolerance of the screening.
        checks: every check, the limits among them.
        alignment: with the pivot.
        band_gap: predicted, eV.
        e_above_hull: predicted, eV/atom.
        energy_per_atom_ev: of the potential, None where it does not know an element.
        goal_values: quantity -> value.
        description: Robocrystallographer's text, or the headline where there is none.
        known: which known crystals it matches.
        notes: sentences to show with it.
        seconds: part -> seconds.
    """

    crystal: Crystal
    space_group: SpaceGroup
    checks: tuple[CheckResult, ...]
    alignment: float | None
    band_gap: Measured | None
    e_above_hull: Measured | None
    energy_per_atom_ev: float | None
    goal_values: dict[str, float]
    description: str
    known: Known
    notes: tuple[str, ...]
    seconds: dict[str, float]

    def of(self, node: Node) -> Node:
        """The node with this crystal and what was found of it."""
        return replace(
            node,
            crystal=self.crystal,
            space_group=self.space_group,
            checks=self.checks,
            alignment=self.alignment,
            band_gap=self.band_gap,
            e_above_hull=self.e_above_hull,
            description=self.description,
            known=self.known,
            notes=(*node.notes, *self.notes),
            seconds=self.seconds,
        )


def appraise(crystal: Crystal, pivot: str | None, intent: Intent, engines: Engines, context: JobContext) -> Appraisal:
    """Check, describe, predict and look up one crystal.

    Args:
        crystal: any.
        pivot: what it is aligned with; None for its own description.
        intent: limits it is checked against and goals it is measured by.
        engines: measure it.
        context: told the progress.

    Raises:
        Unavailable: a model is missing.
        JobCancelled: stopped between two parts.
    """
    watch = Stopwatch()
    context.progress("checking", 0.0)
    with watch("checks"):
        group = engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM)
        is_named = crystal.formula == intent.limits.formula
        checks = engines.checker.check(crystal, formula_is_named=is_named)
        checks = (*checks, limits_check(crystal.composition, group, intent.limits))
    context.check_cancelled()
    context.progress("describing", 0.0)
    with watch("describe"):
        description, notes = _description(crystal, group, engines)
    alignment, gap, hull, energy = None, None, None, None
    if all_required_pass(checks):
        context.check_cancelled()
        context.progress("predicting", 0.0)
        with watch("predict"):
            alignment = engines.aligner.score(description if pivot is None else pivot, [crystal])[0]
            gap = engines.band_gap.predict([crystal])[0]
            hull = engines.e_above_hull.predict([crystal])[0]
            energy = energy_of(crystal, engines)
    context.check_cancelled()
    with watch("known"):
        known = engines.references.search(crystal)
    values = measure(intent.goals, crystal, engines.symmetrizer, gap.value if gap else None, energy)
    return Appraisal(
        crystal, group, checks, alignment, gap, hull, energy, values, description, known, notes, watch.rounded()
    )


def energy_of(crystal: Crystal, engines: Engines) -> float | None:
    """Potential energy in eV/atom, None where the potential cannot judge the crystal."""
    energy = engines.relaxer.energies([crystal])[0]
    return energy if isfinite(energy) else None


def _description(crystal: Crystal, group: SpaceGroup, engines: Engines) -> tuple[str, tuple[str, ...]]:
    """A crystal that cannot be described may still be kept: that is what a person asked for."""
    try:
        return engines.describer.describe(crystal), ()
    except UserCorrectable as error:
        return headline(crystal.formula, group), (f"it could not be described: {error}",)
