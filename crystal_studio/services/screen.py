"""From draws to ranked candidates: check, score, relax the best, rank again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter

from crystal_studio.domain.candidate import Candidate
from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.intent import Goal, Limits, Quantity
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import CheckResult, all_required_pass
from crystal_studio.ports.aligner import Aligner
from crystal_studio.ports.checks import Checker
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.describer import Symmetrizer
from crystal_studio.ports.predictor import Predictor
from crystal_studio.ports.relaxer import Relaxer
from crystal_studio.services.goals import all_met, measure, total_gain
from crystal_studio.services.propose import Draw

SYMPREC_ANGSTROM = 0.1
RELAX_STEPS = 40
SHORTLIST = 3
MOST_RELAXED = 6
LARGEST_VOLUME_CHANGE = 0.2


@dataclass(frozen=True)
class Weights:
    """What one unit of each score is worth in the ranking.

    Attributes:
        alignment: of the cosine between text and crystal.
        goal: of one goal's gain (-1 to 1).
        energy: of 1 eV/atom above the lowest candidate of the same composition.
        composition: a crystal whose formula is the pivot's.
        space_group: a crystal whose space group is the pivot's.
    """

    alignment: float = 1.0
    goal: float = 1.5
    energy: float = 4.0
    composition: float = 1.0
    space_group: float = 0.3


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
    ) -> None:
        self._checker = checker
        self._symmetrizer = symmetrizer
        self._aligner = aligner
        self._band_gap = band_gap
        self._relaxer = relaxer
        self.seconds: dict[str, float] = {}

    def checked(self, draws: Sequence[Draw], question: Question, context: JobContext) -> list[Candidate]:
        """One candidate per draw with its space group and every check, in the order of the draws."""
        started = perf_counter()
        candidates = []
        for index, draw in enumerate(draws):
            context.check_cancelled()
            group, checks = self._checks(draw.crystal, question)
            candidates.append(Candidate(draw.crystal, draw.state.start, draw.state.origin, checks, space_group=group))
            context.progress("checking", (index + 1) / len(draws))
        self._spent("checks", started)
        return candidates

    def ranked(self, candidates: Sequence[Candidate], question: Question, context: JobContext) -> list[Candidate]:
        """All candidates, best first; the best few are relaxed, those that failed a check come last."""
        valid = self._scored([candidate for candidate in candidates if candidate.valid], question, context)
        refused = [candidate for candidate in candidates if not candidate.valid]
        started = perf_counter()
        order = _by_score(valid)
        finished: list[Candidate] = []
        for candidate in order[:MOST_RELAXED]:
            if len(finished) >= SHORTLIST and any(_meets(done, question) for done in finished):
                break
            finished.append(self._relaxed(candidate, question, context))
        self._spent("relax", started)
        best = sorted(finished, key=lambda candidate: _final_key(candidate, question), reverse=True)
        ranking = best + order[len(finished) :]
        return [replace(candidate, rank=rank) for rank, candidate in enumerate(ranking, 1)] + refused

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
            replace(candidate, alignment=alignment, energy_per_atom_ev=energy, band_gap=gap)
            for candidate, alignment, energy, gap in zip(candidates, alignments, energies, gaps, strict=True)
        ]
        return self._with_scores([self._with_goals(candidate, question) for candidate in measured], question)

    def _with_goals(self, candidate: Candidate, question: Question) -> Candidate:
        gap = candidate.band_gap.value if candidate.band_gap else None
        values = measure(question.goals, candidate.crystal, self._symmetrizer, gap, candidate.energy_per_atom_ev)
        return replace(candidate, goal_values=values)

    def _with_scores(self, candidates: list[Candidate], question: Question) -> list[Candidate]:
        lowest: dict[str, float] = {}
        for candidate in candidates:
            energy = _energy(candidate)
            lowest[candidate.drawn.formula] = min(energy, lowest.get(candidate.drawn.formula, energy))
        return [
            replace(candidate, score=_score(candidate, question, lowest[candidate.drawn.formula]))
            for candidate in candidates
        ]

    def _relaxed(self, candidate: Candidate, question: Question, context: JobContext) -> Candidate:
        """The candidate with its relaxed crystal where relaxing holds, scored anew."""
        outcome = self._relaxer.relax(candidate.drawn, RELAX_STEPS, context)
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
            checks=(*checks, verdict),
            relaxed=crystal,
            space_group=group,
            energy_per_atom_ev=outcome.energy_per_atom_ev,
            band_gap=gap,
            alignment=alignment,
        )
        return _unless_strain_is_wanted(self._with_goals(relaxed, question), checked, question)

    def _spent(self, part: str, started: float) -> None:
        self.seconds[part] = self.seconds.get(part, 0.0) + perf_counter() - started


def limits_check(composition: Composition, group: SpaceGroup, limits: Limits) -> CheckResult:
    """The hard limits of the message as a check of its own."""
    found = list(limits.violations(composition))
    if limits.space_group and group.number != limits.space_group:
        found.append(f"the space group is {group.symbol}, not {SpaceGroup(limits.space_group).symbol}")
    if limits.crystal_system and group.crystal_system != limits.crystal_system:
        found.append(f"the crystal is {group.crystal_system}, not {limits.crystal_system}")
    if group.crystal_system in limits.excluded_systems:
        found.append(f"the crystal is {group.crystal_system}, which is excluded")
    detail = "; ".join(found) if found else "every limit heard in the message holds"
    return CheckResult("limits", 1, not found, detail, required=True)


def relaxation_check(candidate: Candidate, relaxed: Crystal, group: SpaceGroup) -> CheckResult:
    """Whether relaxing kept the space group and changed the volume by at most 20 %.

    A crystal drawn without symmetry (P1) has none to lose, so gaining some is no objection.
    """
    before = candidate.space_group
    change = relaxed.volume_angstrom3 / candidate.drawn.volume_angstrom3 - 1
    kept = before is None or before.number in (1, group.number)
    passed = kept and abs(change) <= LARGEST_VOLUME_CHANGE
    detail = (
        f"relaxing takes {before.symbol if before else 'P1'} to {group.symbol} and changes the volume by {change:+.1%} "
        f"(allowed: the same space group, {LARGEST_VOLUME_CHANGE:.0%})"
    )
    return CheckResult("relaxes", 1, passed, detail, {"volume_change": change, "space_group": float(group.number)})


def refusals(candidates: Sequence[Candidate]) -> Iterator[str]:
    """The reasons for which candidates were refused, most frequent first."""
    counts: dict[str, int] = {}
    for candidate in candidates:
        for check in candidate.checks:
            if check.required and check.passed is False:
                counts[f"{check.name}: {check.detail}"] = counts.get(f"{check.name}: {check.detail}", 0) + 1
    yield from sorted(counts, key=lambda reason: -counts[reason])


def _energy(candidate: Candidate) -> float:
    return candidate.energy_per_atom_ev if candidate.energy_per_atom_ev is not None else 0.0


def _score(candidate: Candidate, question: Question, lowest_energy: float) -> float:
    weights = question.weights
    group = candidate.space_group.number if candidate.space_group else None
    return (
        weights.alignment * (candidate.alignment or 0.0)
        + weights.goal * total_gain(question.goals, candidate.goal_values, question.reference)
        - weights.energy * (_energy(candidate) - lowest_energy)
        + weights.composition * (candidate.drawn.formula == question.formula)
        + weights.space_group * (question.space_group is not None and group == question.space_group)
    )


def _by_score(candidates: Sequence[Candidate]) -> list[Candidate]:
    return sorted(candidates, key=lambda candidate: -(candidate.score or 0.0))


def _meets(candidate: Candidate, question: Question) -> bool:
    return all_met(question.goals, candidate.goal_values, question.reference)


def _final_key(candidate: Candidate, question: Question) -> tuple[bool, bool, bool, float]:
    """Goals met first, then unstrained, then relaxed, then the score with the values after relaxing."""
    gain = total_gain(question.goals, candidate.goal_values, question.reference)
    score = (candidate.score or 0.0) + question.weights.goal * gain
    return _meets(candidate, question), not candidate.notes, candidate.relaxed is not None, score


def _unless_strain_is_wanted(relaxed: Candidate, drawn: Candidate, question: Question) -> Candidate:
    """Keep the drawn crystal, marked as strained, where only it has the distance that was asked for."""
    key = Quantity.UNIT_DISTANCE.value
    if _meets(relaxed, question) or not _meets(drawn, question) or key not in drawn.goal_values:
        return relaxed
    reference = question.reference.get(key)
    if reference is None:
        return relaxed
    asked, survives = (candidate.goal_values[key] / reference - 1 for candidate in (drawn, relaxed))
    note = (
        f"strained: the structural units are {asked:+.1%} further apart than in the parent as drawn, "
        f"{survives:+.1%} once relaxed"
    )
    return replace(drawn, notes=(note,))
