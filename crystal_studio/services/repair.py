"""Mending a crystal: scale its volume, relax it, swap an element; each becomes a child node."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Intent, Limits
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.domain.validity import CheckResult
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.appraise import Appraisal, appraise
from crystal_studio.services.engines import Engines
from crystal_studio.services.jobs import Repair, RepairKind
from crystal_studio.services.provenance import ENVIRONMENT
from crystal_studio.services.screen import SYMPREC_ANGSTROM, relaxation_check
from crystal_studio.services.swaps import swaps

RELAX_STEPS = 200
_TOO_DENSE_OR_LOOSE = {"min_distance", "volume", "distance_over_radii", "density"}
_UNBALANCED = {"smact", "charge_sums"}
_LEAST_CHANGE = 0.005  # of a volume; less is no scaling
_LEAST_GAIN_EV_PER_ATOM = 1e-3
_NOTHING_TO_MEND = "this made it no better: no check had failed before"


def repairs(node: Node) -> tuple[Repair, ...]:
    """What may mend a node's crystal: by its failed checks, and relaxing wherever it was not relaxed."""
    failed = {check.name for check in node.checks if check.passed is False}
    offered = []
    if failed & _TOO_DENSE_OR_LOOSE:
        offered.append(Repair(RepairKind.SCALE_VOLUME))
    if not node.relaxed:
        offered.append(Repair(RepairKind.RELAX))
    if failed & _UNBALANCED:
        pairs = swaps(node.crystal.composition.reduced, node.intent.limits)
        offered += [Repair(RepairKind.SWAP_ELEMENT, old, new) for old, new in pairs]
    return tuple(offered)


def repair(
    node: Node,
    mend: Repair,
    engines: Engines,
    store: HistoryStore,
    context: JobContext,
    parameters: Mapping[str, Any] | None = None,
) -> Node:
    """Mend a node's crystal and commit what comes of it as a child; a note says so where it is no better.

    Args:
        node: whose crystal is mended.
        mend: how.
        engines: mend and measure.
        store: where the child is committed.
        context: told the progress.
        parameters: stored with the node.

    Raises:
        UserCorrectable: this crystal cannot be mended so; says why.
        Unavailable: a model is missing.
        JobCancelled: stopped; nothing was committed.
    """
    child = repaired(node, mend, engines, context, parameters)
    context.check_cancelled()
    store.commit(child)
    return child


def repaired(
    node: Node, mend: Repair, engines: Engines, context: JobContext, parameters: Mapping[str, Any] | None = None
) -> Node:
    """What `repair` commits, without committing it.

    Raises:
        StudioError: as `repair`.
    """
    context.check_cancelled()
    mended = _MENDERS[mend.kind](node, mend, engines, context)
    found = appraise(mended.crystal, mended.pivot or node.pivot, mended.intent, engines, context)
    if mended.relaxed_from is not None:
        verdict = relaxation_check(mended.relaxed_from, mended.crystal, found.space_group)
        found = replace(found, checks=(*found.checks, verdict))
    child = _child(node, mended, found, engines)
    named = {"repair": mend.kind.value, "old": mend.old, "new": mend.new, "repaired": node.id}
    return replace(child, parameters={**(parameters or {}), **named, ENVIRONMENT: engines.environment()})


@dataclass(frozen=True)
class _Mended:
    """What mending gave.

    Attributes:
        crystal: the new crystal.
        intent: message, limits and goals of the child.
        notes: what changed and what did not.
        pivot: where another text than the parent's belongs to it.
        relaxed_from: the candidate that was relaxed.
        is_better: whether it is better whatever the checks say.
    """

    crystal: Crystal
    intent: Intent
    notes: tuple[str, ...]
    pivot: str | None = None
    relaxed_from: Candidate | None = None
    is_better: bool = False


def _scaled(node: Node, mend: Repair, engines: Engines, context: JobContext) -> _Mended:
    """To the volume that the prototype model expects of these elements."""
    context.progress("scaling", 0.0)
    before = node.crystal.volume_angstrom3
    expected = engines.prototypes.expected_volume_angstrom3(node.crystal.composition)
    change = expected / before - 1
    notes = [f"volume scaled by {change:+.1%} to {expected:.1f} Å3, which is expected of {node.crystal.formula}"]
    if abs(change) < _LEAST_CHANGE:
        notes = [f"the volume of {before:.1f} Å3 was already the one expected of {node.crystal.formula}"]
    notes.append("elements, fractional positions and the shape of the cell are unchanged")
    return _Mended(node.crystal.scaled_to(expected), _intent(node, "Scale the volume."), tuple(notes))


def _relaxed(node: Node, mend: Repair, engines: Engines, context: JobContext) -> _Mended:
    """By the potential, and moved onto the symmetry that came out."""
    outcome = engines.relaxer.relax(node.crystal, RELAX_STEPS, context)
    crystal = engines.symmetrizer.symmetrized(outcome.crystal, SYMPREC_ANGSTROM)
    fall = outcome.start_energy_per_atom_ev - outcome.energy_per_atom_ev
    change = crystal.volume_angstrom3 / node.crystal.volume_angstrom3 - 1
    notes = [
        f"relaxed in {outcome.steps} steps: the energy changed by {-fall:+.3f} eV/atom, the volume by {change:+.1%}",
        "elements are unchanged",
    ]
    if not outcome.converged:
        notes.insert(1, f"forces of up to {outcome.max_force_ev_angstrom:.2f} eV/Å are left")
    drawn = Candidate(node.crystal, Start.PARENT, f"node {node.id[:8]}", space_group=node.space_group)
    is_better = fall > _LEAST_GAIN_EV_PER_ATOM
    return _Mended(crystal, _intent(node, "Relax the crystal."), tuple(notes), None, drawn, is_better)


def _swapped(node: Node, mend: Repair, engines: Engines, context: JobContext) -> _Mended:
    """The new element on the old one's sites, at the volume that this should take."""
    crystal = node.crystal
    _refuse_swap(crystal, mend, node.intent.limits)
    context.progress("swapping", 0.0)
    swapped = crystal.with_species([mend.new if symbol == mend.old else symbol for symbol in crystal.species])
    expected = engines.prototypes.expected_volume_angstrom3
    growth = expected(swapped.composition) / expected(crystal.composition)
    limits, dropped = _limits_after(node.intent.limits, mend, swapped)
    notes = (
        f"{mend.new} takes the place of {mend.old}, the volume changes by {growth - 1:+.1%}",
        "fractional positions and the shape of the cell are unchanged",
        *dropped,
    )
    message = f"Swap {mend.old} for {mend.new}."
    intent = replace(_intent(node, message), limits=limits)
    group = engines.symmetrizer.space_group(swapped, SYMPREC_ANGSTROM)
    text = headline(swapped.formula, group)
    return _Mended(swapped.scaled_to(crystal.volume_angstrom3 * growth), intent, notes, text)


_MENDERS = {
    RepairKind.SCALE_VOLUME: _scaled,
    RepairKind.RELAX: _relaxed,
    RepairKind.SWAP_ELEMENT: _swapped,
}


def _refuse_swap(crystal: Crystal, mend: Repair, limits: Limits) -> None:
    if mend.old not in crystal.species:
        named = mend.old or "such element"
        raise UserCorrectable(f"There is no {named} in {crystal.formula}. Swap one of its elements.")
    if mend.new not in BY_SYMBOL:
        raise UserCorrectable(f"There is no element '{mend.new[:20]}'. Use symbols such as Sr or Ti.")
    if mend.new in crystal.species:
        raise UserCorrectable(f"{mend.new} is already in {crystal.formula}. Choose an element that is not.")
    if mend.new in limits.excluded:
        raise UserCorrectable(f"{mend.new} is excluded. Allow it in the limits, or choose another element.")


def _limits_after(limits: Limits, mend: Repair, swapped: Crystal) -> tuple[Limits, list[str]]:
    """Limits that the swap itself cannot keep are dropped, each with a note."""
    kept, dropped = limits, []
    if limits.formula is not None and limits.formula != swapped.formula:
        kept = replace(kept, formula=None)
        dropped.append(f"the limit on the formula {limits.formula} was dropped")
    if mend.old in limits.required:
        kept = replace(kept, required=limits.required - {mend.old})
        dropped.append(f"the limit that {mend.old} be present was dropped")
    if limits.replaced:
        kept = replace(kept, replaced=())
    return kept, dropped


def _intent(node: Node, message: str) -> Intent:
    return Intent(message, node.intent.limits, node.intent.goals, ("a repair",))


def _child(node: Node, mended: _Mended, found: Appraisal, engines: Engines) -> Node:
    is_relaxed = mended.relaxed_from is not None
    candidate = Candidate(
        drawn=node.crystal if is_relaxed else mended.crystal,
        start=Start.PARENT,
        origin=f"node {node.id[:8]}, {mended.intent.message.rstrip('.').lower()}",
        checks=found.checks,
        alignment=found.alignment,
        space_group=found.space_group,
        band_gap=found.band_gap,
        energy_per_atom_ev=found.energy_per_atom_ev,
        relaxed=mended.crystal if is_relaxed else None,
        goal_values=found.goal_values,
        rank=1,
        e_above_hull=found.e_above_hull,
    )
    models = engines.identities()
    models.pop(ModelKind.LANGUAGE_MODEL.value, None)
    bare = replace(
        node,
        id=uuid4().hex,
        parent=node.id,
        round=node.round + 1,
        message=mended.intent.message,
        intent=mended.intent,
        pivot=mended.pivot or node.pivot,
        pivot_source=PivotSource.DRAFT if mended.pivot else node.pivot_source,
        relaxed=is_relaxed,
        chosen=0,
        candidates=(candidate,),
        strength=0.0,  # nothing was noised
        models=models,
        notes=(*mended.notes, *_verdict(node.checks, found.checks, mended.is_better)),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    return found.of(bare)


def _verdict(before: Sequence[CheckResult], after: Sequence[CheckResult], is_better: bool) -> Iterator[str]:
    """Which checks were mended, which are broken now, and whether that is any better."""
    old, new = _failed(before), _failed(after)
    if old.keys() - new.keys():
        yield f"mended: {_listed(old.keys() - new.keys())}"
    if new.keys() - old.keys():
        yield f"fails now: {_listed(new.keys() - old.keys())}"
    required_before, required_now = sum(old.values()), sum(new.values())
    if (required_now, len(new)) > (required_before, len(old)):
        yield f"this made it worse: {_listed(new)} fails"
    elif required_now and required_now == required_before:
        yield f"this made it no better: {_listed(name for name, required in new.items() if required)} still fails"
    elif len(new) == len(old) and not is_better:
        yield f"this made it no better: {_listed(new)} still fails" if new else _NOTHING_TO_MEND


def _failed(checks: Sequence[CheckResult]) -> dict[str, bool]:
    """Failed checks and whether each is required."""
    return {check.name: check.required for check in checks if check.passed is False}


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(name.replace("_", " ") for name in names))
