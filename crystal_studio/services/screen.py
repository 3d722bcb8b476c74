"""From draws to ranked candidates: check, score, relax the best, rank again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, log
from time import perf_counter

from crystal_studio.domain.candidate import Candidate
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Goal, Limits, Quantity
from crystal_studio.domain.symmetry import SpaceGroup, is_of_class
from crystal_studio.domain.validity import CheckResult, all_required_pass
from crystal_studio.ports.aligner import Aligner
from crystal_studio.ports.checks import Checker
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.describer import StructureComparer, Symmetrizer
from crystal_studio.ports.predictor import Predictor
from crystal_studio.ports.relaxer import Relaxer
from crystal_studio.services.goals import all_met, is_met, measure, total_gain
from crystal_studio.services.propose import Draw

SYMPREC_ANGSTROM = 0.1
RELAX_STEPS = 40
SHORTLIST = 3
MOST_RELAXED = 5
LARGEST_VOLUME_CHANGE = 0.2
_HOPELESS_EV_PER_ATOM = 0.6  # this far above the lowest draw of its composition, relaxing is wasted time
_UNKNOWN_EV_PER_ATOM = 1.0  # penalty of a crystal that the potential cannot judge
_SAME_RMS, _SAME_VOLUME = 0.05, 0.02
_RELAXES = "relaxes"
_PROTOTYPE = "prototype"
_UNKNOWN_SHARE = 0.02  # of a draw that starts from no prototype


@dataclass(frozen=True)
class Weights:
    """What one unit of each score is worth in the ranking.

    Attributes:
        alignment: of the cosine between text and crystal.
        goal: of one goal's gain (-1 to 1).
        energy: of 1 eV/atom above the lowest candidate of the same composition.
        share: of the logarithm of the prototype's share of the votes.
        composition: a crystal whose formula is the pivot's.
        space_group: a crystal whose space group is the pivot's.
    """

    alignment: float = 1.0
    goal: float = 1.5
    energy: float = 4.0
    share: float = 0.125
    composition: float = 1.0
    space_group: float = 0.6


@dataclass(frozen=True)
class Question:
    """What the candidates are screened for.

    Attributes:
        text: the pivot.
        formula: reduced formula of the pivot.
        space_group: number the pivot names, or None.
        reference: quantity -> value of the parent.
        formula_is_named: the person wrote the formula; SMACT may flag it but not refuse it.
    """

    text: str
    formula: str
    space_group: int | None
    limits: Limits
    goals: tuple[Goal, ...]
    reference: Mapping[str, float] = field(default_factory=dict)
    formula_is_named: bool = False
    weights: Weights = Weights()


class Screen:
    """Screens the draws of one round; `seconds` tells where the time went."""

    def __init__(
        self,
        checker: Checker,
        symmetrizer: Symmetrizer,
        aligner: Aligner,
        band_gap: Predictor,
        relaxer: Relaxer,
        comparer: StructureComparer,
    ) -> None:
        self._checker = checker
        self._symmetrizer = symmetrizer
        self._aligner = aligner
        self._band_gap = band_gap
        self._relaxer = relaxer
        self._comparer = comparer
        self.seconds: dict[str, float] = {}

    def checked(self, draws: Sequence[Draw], question: Question, context: JobContext) -> list[Candidate]:
        """One candidate per draw with its space group and every check, in the order of the draws."""
        started = perf_counter()
        candidates = []
        for index, draw in enumerate(draws):
            context.check_cancelled()
            group, checks = self._checks(draw.crystal, question)
            known = prototype_check(draw.state.share)
            found = Candidate(draw.crystal, draw.state.start, draw.state.origin, (*checks, *known), space_group=group)
            candidates.append(replace(found, draw=draw.index))
            context.progress("checking", (index + 1) / len(draws))
        self._spent("checks", started)
        return candidates

    def ranked(self, candidates: Sequence[Candidate], question: Question, context: JobContext) -> list[Candidate]:
        """All candidates, best first; the best few are relaxed, those that failed a check come last."""
        valid = self._scored([candidate for candidate in candidates if candidate.valid], question, context)
        refused = [candidate for candidate in candidates if not candidate.valid]
        started = perf_counter()
        # Those that meet the goals as drawn come first, however usual or low in energy the others are.
        promising = sorted(_by_score(valid), key=lambda one: not _meets(one, question))
        finished, left = self._relaxed_best(promising, question, context)
        self._spent("relax", started)
        return _in_order(_with_scores(finished, question), left, refused, question)

    def _relaxed_best(
        self, order: list[Candidate], question: Question, context: JobContext
    ) -> tuple[list[Candidate], list[Candidate]]:
        """The best few relaxed, until enough are and one meets the goals; and those that were left alone."""
        lowest = _lowest_energies(order)
        finished: list[Candidate] = []
        tried: list[Candidate] = []
        left: list[Candidate] = []
        for candidate in order:
            met = any(_meets(done, question) for done in finished)
            enough = len(finished) >= (SHORTLIST if met else MOST_RELAXED)
            hopeless = bool(lowest) and _above(candidate, lowest) > _HOPELESS_EV_PER_ATOM
            if enough or hopeless or any(self._is_same(candidate, other) for other in tried):
                left.append(candidate)
                continue
            context.progress("relaxing", len(finished) / MOST_RELAXED)
            tried.append(candidate)
            finished.append(self._relaxed(candidate, question, context))
        return finished, left

    def _is_same(self, first: Candidate, second: Candidate) -> bool:
        """Whether two draws are one crystal, volume included."""
        sizes = (one.drawn.volume_angstrom3 / one.drawn.num_sites for one in (first, second))
        if abs(next(sizes) / next(sizes) - 1) > _SAME_VOLUME:
            return False
        distance = self._comparer.rms_distance(first.drawn, second.drawn)
        return distance is not None and distance < _SAME_RMS

    def _checks(self, crystal: Crystal, question: Question) -> tuple[SpaceGroup, tuple[CheckResult, ...]]:
        checks = self._checker.check(crystal, formula_is_named=question.formula_is_named)
        group = self._symmetrizer.space_group(crystal, SYMPREC_ANGSTROM)
        return group, (*checks, limits_check(crystal.composition, group, question.limits))

    def _scored(self, candidates: list[Candidate], question: Question, context: JobContext) -> list[Candidate]:
        if not candidates:
            return []
        crystals = [candidate.drawn for candidate in candidates]
        started = perf_counter()
        alignments = self._aligner.score(question.text, crystals)
        self._spent("alignment", started)
        context.check_cancelled()
        started = perf_counter()
        energies = self._relaxer.energies(crystals)
        self._spent("energy", started)
        context.check_cancelled()
        started = perf_counter()
        gaps = self._band_gap.predict(crystals)
        self._spent("predict", started)
        measured = [
            replace(
                candidate,
                alignment=alignment,
                energy_per_atom_ev=energy if isfinite(energy) else None,
                band_gap=gap,
            )
            for candidate, alignment, energy, gap in zip(candidates, alignments, energies, gaps, strict=True)
        ]
        return _with_scores([self._with_goals(candidate, question) for candidate in measured], question)

    def _with_goals(self, candidate: Candidate, question: Question) -> Candidate:
        gap = candidate.band_gap.value if candidate.band_gap else None
        values = measure(question.goals, candidate.crystal, self._symmetrizer, gap, candidate.energy_per_atom_ev)
        return replace(candidate, goal_values=values)

    def _relaxed(self, candidate: Candidate, question: Question, context: JobContext) -> Candidate:
        """The candidate with its relaxed crystal where relaxing holds, scored anew."""
        try:
            outcome = self._relaxer.relax(candidate.drawn, RELAX_STEPS, context)
        except UserCorrectable as error:  # the potential does not know an element, or an atom stands alone
            verdict = CheckResult(_RELAXES, 1, None, str(error))
            return replace(candidate, checks=(*candidate.checks, verdict))
        crystal = self._symmetrizer.symmetrized(outcome.crystal, SYMPREC_ANGSTROM)
        group, checks = self._checks(crystal, question)
        verdict = relaxation_check(candidate, crystal, group)
        checked = replace(candidate, checks=(*candidate.checks, verdict))
        if not verdict.passed or not all_required_pass(checks):
            return checked
        gap = self._band_gap.predict([crystal])[0]
        alignment = self._aligner.score(question.text, [crystal])[0]
        relaxed = replace(
            checked,
            checks=(*checks, *(check for check in candidate.checks if check.name == _PROTOTYPE), verdict),
            relaxed=crystal,
            space_group=group,
            energy_per_atom_ev=outcome.energy_per_atom_ev,
            band_gap=gap,
            alignment=alignment,
        )
        return _unless_strain_is_wanted(self._with_goals(relaxed, question), checked, question)

    def _spent(self, part: str, started: float) -> None:
        self.seconds[part] = self.seconds.get(part, 0.0) + perf_counter() - started


def merged(batches: Sequence[Sequence[Candidate]], question: Question) -> list[Candidate]:
    """The candidates of several batches in one order, judged against each other."""
    valid = _with_scores([one for batch in batches for one in batch if one.valid], question)
    finished = [one for one in valid if _was_relaxed(one)]
    left = _by_score([one for one in valid if not _was_relaxed(one)])
    return _in_order(finished, left, [one for batch in batches for one in batch if not one.valid], question)


def meets_goals(candidate: Candidate, question: Question) -> bool:
    """Whether no goal that can be judged is missed, without strain."""
    return _meets(candidate, question) and not candidate.notes


def prototype_check(share: float | None) -> tuple[CheckResult, ...]:
    """How usual the prototype is for such a composition; nothing for a draw that starts from none."""
    if share is None:
        return ()
    detail = f"{share:.0%} of the votes of chemically near compounds are for this prototype"
    return (CheckResult(_PROTOTYPE, 1, None, detail, {"share": share}),)


def prior(share: float | None, weights: Weights) -> float:
    """What the prototype's share of the votes (None for a start from none) adds to a score."""
    return weights.share * log(max(share or 0.0, _UNKNOWN_SHARE))


def limits_check(composition: Composition, group: SpaceGroup, limits: Limits) -> CheckResult:
    """The hard limits of the message as a check of its own."""
    found = list(limits.violations(composition))
    if limits.space_group and group.number != limits.space_group:
        found.append(f"the space group is {group.symbol}, not {SpaceGroup(limits.space_group).symbol}")
    if limits.crystal_system and group.crystal_system != limits.crystal_system:
        found.append(f"the crystal is {group.crystal_system}, not {limits.crystal_system}")
    if group.crystal_system in limits.excluded_systems:
        found.append(f"the crystal is {group.crystal_system}, which is excluded")
    if not is_of_class(group.number, limits.symmetry_class):
        found.append(f"the space group {group.symbol} is not {limits.symmetry_class}")
    detail = "; ".join(found) if found else "every limit heard in the message holds"
    return CheckResult("limits", 1, not found, detail, required=True)


def relaxation_check(candidate: Candidate, relaxed: Crystal, group: SpaceGroup) -> CheckResult:
    """Whether relaxing lost no symmetry and changed the volume by at most 20 %.

    Forces have the symmetry of the crystal, so relaxing can only gain some; a supergroup of the drawn crystal's group
    has a higher number. Where a space group was asked for, the limits refuse any other.
    """
    before = candidate.space_group or SpaceGroup(1)
    change = relaxed.volume_angstrom3 / candidate.drawn.volume_angstrom3 - 1
    passed = group.number >= before.number and abs(change) <= LARGEST_VOLUME_CHANGE
    detail = (
        f"relaxing takes {before.symbol} to {group.symbol} and changes the volume by {change:+.1%} "
        f"(allowed: no symmetry lost, {LARGEST_VOLUME_CHANGE:.0%})"
    )
    return CheckResult(_RELAXES, 1, passed, detail, {"volume_change": change, "space_group": float(group.number)})


def refusals(candidates: Sequence[Candidate]) -> Iterator[str]:
    """The reasons for which candidates were refused, most frequent first."""
    counts: dict[str, int] = {}
    for candidate in candidates:
        for check in candidate.checks:
            if check.required and check.passed is False:
                counts[f"{check.name}: {check.detail}"] = counts.get(f"{check.name}: {check.detail}", 0) + 1
    yield from sorted(counts, key=lambda reason: -counts[reason])


def _lowest_energies(candidates: Sequence[Candidate]) -> dict[str, float]:
    """Lowest energy per atom of each composition."""
    lowest: dict[str, float] = {}
    for candidate in candidates:
        energy = candidate.energy_per_atom_ev
        if energy is not None:
            formula = candidate.drawn.formula
            lowest[formula] = min(energy, lowest.get(formula, energy))
    return lowest


def _above(candidate: Candidate, lowest: Mapping[str, float]) -> float:
    """Energy above the lowest candidate of the same composition, eV/atom."""
    if candidate.energy_per_atom_ev is None:
        return _UNKNOWN_EV_PER_ATOM
    return candidate.energy_per_atom_ev - lowest[candidate.drawn.formula]


def _with_scores(candidates: Sequence[Candidate], question: Question) -> list[Candidate]:
    lowest = _lowest_energies(candidates)
    return [replace(one, score=_score(one, question, _above(one, lowest))) for one in candidates]


def _score(candidate: Candidate, question: Question, above_ev_per_atom: float) -> float:
    weights = question.weights
    group = candidate.space_group.number if candidate.space_group else None
    return (
        weights.alignment * (candidate.alignment or 0.0)
        + weights.goal * total_gain(question.goals, candidate.goal_values, question.reference)
        - weights.energy * above_ev_per_atom
        + prior(_share(candidate), weights)
        + weights.composition * (candidate.drawn.formula == question.formula)
        + weights.space_group * (question.space_group is not None and group == question.space_group)
    )


def _was_relaxed(candidate: Candidate) -> bool:
    """Whether relaxing was tried, whatever came of it."""
    return any(check.name == _RELAXES for check in candidate.checks)


def _in_order(
    finished: Sequence[Candidate], left: Sequence[Candidate], refused: Sequence[Candidate], question: Question
) -> list[Candidate]:
    """Those that were relaxed, best first, then those that were left alone, then those that failed a check."""
    best = sorted(finished, key=lambda one: _final_key(one, question), reverse=True)
    ranked = [replace(candidate, rank=rank) for rank, candidate in enumerate([*best, *left], 1)]
    return [*ranked, *refused]


def _share(candidate: Candidate) -> float | None:
    return next((check.numbers["share"] for check in candidate.checks if check.name == _PROTOTYPE), None)


def _by_score(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda candidate: -(candidate.score or 0.0))


def _meets(candidate: Candidate, question: Question) -> bool:
    return all_met(question.goals, candidate.goal_values, question.reference)


def _final_key(candidate: Candidate, question: Question) -> tuple[bool, bool, bool, float]:
    """Goals met first, then unstrained, then relaxed, then the score."""
    return _meets(candidate, question), not candidate.notes, candidate.relaxed is not None, candidate.score or 0.0


def _unless_strain_is_wanted(relaxed: Candidate, drawn: Candidate, question: Question) -> Candidate:
    """Keep the drawn crystal, marked as strained, where relaxing undoes the distance that was asked for, and only that.

    A wish for more distance may be a wish for strain; a wider gap that vanishes on relaxing is no crystal at all.
    """
    lost = [
        goal
        for goal in question.goals
        if is_met(goal, relaxed.goal_values.get(goal.quantity), question.reference.get(goal.quantity)) is False
    ]
    if not lost or any(goal.quantity is not Quantity.UNIT_DISTANCE for goal in lost) or not _meets(drawn, question):
        return relaxed
    return replace(drawn, notes=(_strain_note(drawn, relaxed, question),))


def _strain_note(drawn: Candidate, relaxed: Candidate, question: Question) -> str:
    """By how much the distance is strained; it was measured on both, since both were judged."""
    key = Quantity.UNIT_DISTANCE.value
    before, after = (one.goal_values[key] / question.reference[key] - 1 for one in (drawn, relaxed))
    return (
        f"strained: the structural units are {before:+.1%} further apart than in the parent as drawn, "
        f"{after:+z.1%} once relaxed"
    )
