"""How strong must the noise on the parent be for each kind of feedback to be met?

The crystal of each row is a parent that answers one message of each kind, heard as the program hears it. Only the draws
of a round that start from the parent are drawn, and nothing is relaxed. No language model: where the composition is
kept, the pivot is the parent's own description; else it is the headline, rewritten by a rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any

import numpy as np

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Intent
from crystal_studio.domain.pivot import Pivot, PivotSource
from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.ports.context import JobContext
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import EvaluationRow, Stopwatch, seed_of
from crystal_studio.services.evaluate_alignment import with_atoms_moved, with_one_element_swapped
from crystal_studio.services.evaluate_feedback_verdict import Judge, Verdict, reference_of
from crystal_studio.services.listen import ParentFacts, listen
from crystal_studio.services.propose import Draw, Plan, Proposal, draw, plans
from crystal_studio.services.screen import SYMPREC_ANGSTROM

WIDER, NARROWER, STABLER = "wider gap", "narrower gap", "lower energy"
MENDED, FURTHER = "lower energy, parent distorted", "more distance"
REPLACED, RESHAPED = "another element", "another crystal system"
KINDS = (WIDER, NARROWER, STABLER, MENDED, FURTHER, REPLACED, RESHAPED)
_KEPT = {
    WIDER: "Make the band gap wider but keep the composition.",
    NARROWER: "Make the band gap narrower but keep the composition.",
    STABLER: "Make it more stable but keep the composition.",
}
_LEAST_GAP_EV = 0.1  # of a parent whose gap is spoken of
_SHARE_FROM_PARENT = 0.4  # of a round's draws
_OTHER_TEMPLATES = 20  # looked through for one of another crystal system


@dataclass(frozen=True)
class FeedbackSettings:
    """What is evaluated.

    Attributes:
        strengths: denoising strengths alpha, one round of each kind for each.
        draws: parent starts of a round; every other one keeps the parent's symmetry, and so does a stretched one.

    Raises:
        UserCorrectable: a number is out of its range.
    """

    seed: int = 0
    strengths: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.4)
    draws: int = 4

    def __post_init__(self) -> None:
        if self.draws < 1 or not self.strengths or not all(0 < one <= 1 for one in self.strengths):
            raise UserCorrectable("Draws must be at least 1, every strength above 0 and at most 1.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


@dataclass(frozen=True)
class Asked:
    """Messages that lead to the same draws: one parent, one pivot.

    Attributes:
        messages: kind -> what is said.
        parent: the crystal that is answered.
        text: the pivot.
    """

    messages: Mapping[str, str]
    parent: Crystal
    text: str


class FeedbackEvaluation:
    """Draws and judges the rounds of each row.

    A kind is left out where the parent has nothing of what is spoken of: no gap, no units that could move apart.
    """

    def __init__(self, engines: Engines, settings: FeedbackSettings) -> None:
        self._engines = engines
        self._settings = settings

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row."""
        return [self._outcome(row, context) for row in rows]

    def _outcome(self, row: EvaluationRow, context: JobContext) -> dict[str, Any]:
        watch = Stopwatch()
        kinds: dict[str, list[dict[str, Any]]] = {}
        for asked in self._feedback(row):
            context.check_cancelled()
            rounds = self._rounds(row, asked, watch, context)
            kinds |= {kind: [asdict(one) for one in judged] for kind, judged in rounds.items()}
        return {"id": row.identifier, "kinds": kinds, "seconds": watch.shared(1)}

    def _feedback(self, row: EvaluationRow) -> Iterator[Asked]:
        """What is said of the row's crystal, and the pivot that answers it."""
        crystal, generator = row.crystal, np.random.default_rng(seed_of(self._settings.seed, "said", row.identifier))
        group = self._engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM)
        own = row.text or headline(row.formula, group)
        yield Asked(_KEPT, crystal, own)
        yield Asked({MENDED: _KEPT[STABLER]}, with_atoms_moved(crystal, generator), own)
        further = "Increase the distance between the structural units but keep the composition."
        yield Asked({FURTHER: further}, crystal, own)
        yield _with_another_element(row, group, generator)
        yield self._with_another_system(row, group)

    def _with_another_system(self, row: EvaluationRow, group: SpaceGroup) -> Asked:
        """The pivot names the likeliest prototype of another crystal system, or leaves the group open."""
        templates = self._engines.prototypes.decorate(row.crystal.composition, _OTHER_TEMPLATES)
        systems = {one.space_group: SpaceGroup(one.space_group).crystal_system for one in templates}
        others = [one for one in templates if systems[one.space_group] != group.crystal_system]
        named = others[0].space_group if others else None
        message = f"Keep the composition, but it must not be {group.crystal_system}."
        return Asked({RESHAPED: message}, row.crystal, headline(row.formula, named))

    def _rounds(
        self, row: EvaluationRow, asked: Asked, watch: Stopwatch, context: JobContext
    ) -> dict[str, list[Verdict]]:
        """Verdicts on the draws of every kind at every strength; one batch for all of them."""
        with watch("parent"):
            parent = self._node(row, asked)
            intents = {kind: self._heard(message, parent) for kind, message in asked.messages.items()}
        applicable = {kind: intent for kind, intent in intents.items() if self._applies(kind, intent, parent)}
        if not applicable:
            return {}
        with watch("draw"):
            draws = self._drawn(row, asked, parent, next(iter(applicable.values())), context)
        judge = Judge(self._engines, parent, draws, watch)
        return {kind: judge.verdicts(intent, against_start=kind == REPLACED) for kind, intent in applicable.items()}

    def _node(self, row: EvaluationRow, asked: Asked) -> Node:
        """The parent as if it had been committed, with what is predicted of it."""
        crystal = asked.parent
        (gap,), (energy,) = self._engines.band_gap.predict([crystal]), self._engines.relaxer.energies([crystal])
        candidate = Candidate(
            crystal, Start.FILE, row.identifier, energy_per_atom_ev=energy if isfinite(energy) else None
        )
        return Node(
            id=row.identifier,
            parent=None,
            round=1,
            message="",
            intent=Intent(""),
            pivot=asked.text,
            pivot_source=PivotSource.DESCRIBED,
            crystal=crystal,
            relaxed=False,
            description=asked.text,
            space_group=self._engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM),
            alignment=None,
            checks=(),
            band_gap=gap,
            chosen=0,
            candidates=(candidate,),
            seed=self._settings.seed,
            strength=1.0,
        )

    def _heard(self, message: str, parent: Node) -> Intent:
        gap = parent.band_gap.value if parent.band_gap else None
        distance = self._engines.symmetrizer.unit_distance_angstrom(parent.crystal)
        facts = ParentFacts(parent.crystal.formula, parent.space_group.number, gap, unit_distance_angstrom=distance)
        return listen(message, facts)

    def _applies(self, kind: str, intent: Intent, parent: Node) -> bool:
        """Whether the parent has what is spoken of: a gap to change, units to move apart, an energy."""
        if kind in (WIDER, NARROWER):
            return parent.band_gap is not None and parent.band_gap.value >= _LEAST_GAP_EV
        values = reference_of(intent, parent, self._engines)
        return all(goal.quantity.value in values for goal in intent.goals)

    def _drawn(
        self, row: EvaluationRow, asked: Asked, parent: Node, intent: Intent, context: JobContext
    ) -> list[tuple[Plan, Draw]]:
        """The parent starts that a design round plans, at every strength."""
        proposal = Proposal(
            text=asked.text,
            pivot=Pivot(intent.limits.formula or row.formula),
            limits=intent.limits,
            goals=intent.goals,
            parent=parent,
            count=round(self._settings.draws / _SHARE_FROM_PARENT),
            strength=1.0,
            seed=seed_of(self._settings.seed, "feedback", row.identifier, *asked.messages),
        )
        engines = self._engines
        found = plans(proposal, engines.prototypes, engines.symmetrizer)
        of_parent = [plan for plan in found if plan.state.start is Start.PARENT]
        planned = [
            replace(plan, state=replace(plan.state, strength=strength))
            for strength in self._settings.strengths
            for plan in of_parent
        ]
        drawn = draw(proposal, planned, engines.sampler, engines.symmetrizer, context)
        return list(zip(planned, drawn, strict=True))


def _with_another_element(row: EvaluationRow, group: SpaceGroup, generator: np.random.Generator) -> Asked:
    """One element, drawn at random, is to become the nearest of its group; the pivot keeps the space group."""
    swapped = with_one_element_swapped(row.crystal, generator)
    pairs = zip(row.crystal.species, swapped.species, strict=True)
    old, new = next((BY_SYMBOL[one].name, BY_SYMBOL[other].name) for one, other in pairs if one != other)
    return Asked({REPLACED: f"Replace {old} with {new}."}, row.crystal, headline(swapped.formula, group))
