"""Draws that a language model writes: what it is asked for, and what came of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Quantity
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import CrystalTask, CrystalWriter, WrittenCrystal
from crystal_studio.ports.prototype_library import PrototypeLibrary
from crystal_studio.ports.sampler import StartState
from crystal_studio.services.proposal import Draw, Plan, Proposal, is_in_system
from crystal_studio.services.trajectory import CRYSTAL_TEXT, FRAMES

WRITING_CRYSTALS = "writing crystals"  # a part of a job's progress
_TOKEN, _WRITING = "token", "writing"
_MOST_PROTOTYPES = 20  # whose space groups are considered
_MOST_REASONS = 3
# The commonest groups of each crystal system among the 14.6 k crystals of `train` with at most 20 atoms, commonest
# first: for a system that no known prototype of a composition has.
_COMMON_GROUPS = (2, 1, 12, 14, 15, 62, 63, 71, 139, 123, 129, 166, 164, 148, 194, 189, 187, 225, 221, 216)


@dataclass(frozen=True)
class WrittenDraws:
    """The crystals that were written, and every answer of the language model, those without a crystal included."""

    draws: tuple[Draw, ...] = ()
    answers: tuple[WrittenCrystal, ...] = ()


def written_plans(proposal: Proposal, prototypes: PrototypeLibrary) -> list[Plan]:
    """One task for each crystal that the language model is to write.

    Raises:
        UserCorrectable: no space group is known in which the composition could be written.
    """
    if not proposal.num_written:
        return []
    groups = _shared_out(_group_weights(proposal, prototypes), proposal.num_written)
    return [_plan(proposal, group) for group in groups]


def write_draws(
    planned: Sequence[Plan], seed: int, first: int, writer: CrystalWriter, context: JobContext
) -> WrittenDraws:
    """Have every planned crystal written; one that could not be written becomes no draw.

    Args:
        planned: with a task each.
        seed: decides every random number.
        first: number of the first of them among the draws of its batch.
        writer: writes them.
        context: told the progress; gets the text as `CRYSTAL_TEXT` and the atoms so far as `FRAMES`.

    Raises:
        UserCorrectable: a composition fits no Wyckoff positions of the space group that was asked for.
        Unavailable: the model is missing.
        JobCancelled: stopped between two tokens.
    """
    tasks = [plan.task for plan in planned if plan.task is not None]
    answers = writer.write(tasks, seed, _WriterContext(context, first))
    pairs = zip(planned, (_within_limits(*pair) for pair in zip(tasks, answers, strict=True)), strict=True)
    kept = [(index, plan, answer) for index, (plan, answer) in enumerate(pairs, first)]
    draws = tuple(
        Draw(_state_of(plan.state, answer.crystal), answer.crystal, index)
        for index, plan, answer in kept
        if answer.crystal is not None
    )
    return WrittenDraws(draws, tuple(answer for _, _, answer in kept))


def refused_texts(answers: Sequence[WrittenCrystal]) -> str:
    """How many texts were refused and why, in a sentence without its full stop; "" where none was."""
    refusals = [reason for answer in answers for reason in answer.refusals]
    return refusals_line(refusals, sum(answer.attempts for answer in answers))


def refusals_line(refusals: Sequence[str], texts: int) -> str:
    """The same of the reasons themselves, for so many texts."""
    reasons = Counter(_bare(reason) for reason in refusals)
    if not reasons:
        return ""
    listed = [f"{reason} ({count}x)" if count > 1 else reason for reason, count in reasons.most_common(_MOST_REASONS)]
    more = len(reasons) - len(listed)
    listed += [f"{more} more {'reason' if more == 1 else 'reasons'}"] if more else []
    verb = "was" if reasons.total() == 1 else "were"
    return f"{reasons.total()} of {texts} texts of the language model {verb} refused: {'; '.join(listed)}"


def hull_wish(goals: Sequence[Goal]) -> float | None:
    """Energy above the hull to aim at, eV/atom: 0 where stability is wished for, else None."""
    lower = (Direction.LOWER, Direction.AT_MOST)
    return 0.0 if any(goal.quantity is Quantity.ENERGY and goal.direction in lower for goal in goals) else None


class _WriterContext:
    """A job context for a writer, whose text is no pivot and whose draws are counted from `first`."""

    def __init__(self, context: JobContext, first: int) -> None:
        self._first = first
        self._context = context
        self.check_cancelled = context.check_cancelled

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Handed on as a part of its own: the description was written before."""
        self._context.progress(WRITING_CRYSTALS if part == _WRITING else part, fraction, message)

    def partial(self, kind: str, payload: object) -> None:
        """Handed on; frames are renumbered and marked as written."""
        if kind == FRAMES and isinstance(payload, tuple):
            payload = tuple(replace(one, draw=one.draw + self._first, is_written=True) for one in payload)
        self._context.partial(CRYSTAL_TEXT if kind == _TOKEN else kind, payload)


def _group_weights(proposal: Proposal, prototypes: PrototypeLibrary) -> dict[int, float]:
    """Space group -> weight: the one asked for, else the pivot's where it fits, else those that are known."""
    if proposal.limits.space_group is not None:
        return {proposal.limits.space_group: 1.0}
    named = proposal.pivot.space_group
    if named is not None and is_in_system(named.number, proposal.limits) and _fits(named.number, proposal, prototypes):
        return {named.number: 1.0}
    return _known_groups(proposal, prototypes) or _common_group(proposal, prototypes)


def _known_groups(proposal: Proposal, prototypes: PrototypeLibrary) -> dict[int, float]:
    """The groups of the likeliest prototypes with the sums of their shares, the likeliest first."""
    composition = proposal.pivot.composition
    weights: dict[int, float] = {}
    for one in prototypes.decorate(composition, _MOST_PROTOTYPES, max_atoms=proposal.most_atoms):
        if is_in_system(one.space_group, proposal.limits):
            weights[one.space_group] = weights.get(one.space_group, 0.0) + one.share
    return dict(sorted(weights.items(), key=lambda pair: -pair[1]))


def _common_group(proposal: Proposal, prototypes: PrototypeLibrary) -> dict[int, float]:
    """The commonest group that the composition can have.

    Raises:
        UserCorrectable: there is none.
    """
    for group in _COMMON_GROUPS:
        if is_in_system(group, proposal.limits) and _fits(group, proposal, prototypes):
            return {group: 1.0}
    system = f"{proposal.limits.crystal_system} " if proposal.limits.crystal_system else ""
    raise UserCorrectable(
        f"No {system}space group is known in which {proposal.pivot.formula} could be written with at most "
        f"{proposal.most_atoms} atoms. Name a space group, or let the diffusion model draw."
    )


def _fits(group: int, proposal: Proposal, prototypes: PrototypeLibrary) -> bool:
    """Whether the composition can have a space group in a cell that may be drawn."""
    composition, most = proposal.pivot.composition, proposal.most_atoms
    if prototypes.decorate(composition, 1, space_group=group, max_atoms=most):
        return True
    try:
        prototypes.drafts(composition, 1, space_group=group, seed=proposal.seed, max_atoms=most)
    except UserCorrectable:
        return False
    return True


def _shared_out(weights: dict[int, float], count: int) -> list[int]:
    """So many groups by their weights, the heaviest first; each gets its place in turn (the method of D'Hondt)."""
    places = dict.fromkeys(weights, 0)
    for _ in range(count):
        chosen = max(weights, key=lambda group: weights[group] / (places[group] + 1))
        places[chosen] += 1
    return [group for group, number in places.items() for _ in range(number)]


def _plan(proposal: Proposal, group: int) -> Plan:
    composition = proposal.pivot.composition.reduced
    task = CrystalTask(composition, group, hull_wish(proposal.goals), max_atoms=proposal.most_atoms)
    state = StartState(
        start=Start.WRITTEN,
        origin=f"written for {SpaceGroup(group).symbol}",
        crystal=None,
        num_atoms=composition.num_atoms,
        species=composition.species(),
        excluded=proposal.limits.excluded,
    )
    return Plan(state, task=task)


def _state_of(state: StartState, crystal: Crystal) -> StartState:
    """The state with the atoms that were written: their number was the model's choice."""
    return replace(state, num_atoms=crystal.num_sites, species=crystal.species)


def _within_limits(task: CrystalTask, answer: WrittenCrystal) -> WrittenCrystal:
    """The answer; without its crystal where that has more atoms than the cell may hold."""
    if answer.crystal is None or answer.crystal.num_sites <= task.max_atoms:
        return answer
    reason = f"{answer.crystal.num_sites} atoms were written, more than {task.max_atoms}"
    return replace(answer, crystal=None, refusals=(*answer.refusals, reason))


def _bare(reason: str) -> str:
    return reason.strip().rstrip(".")
