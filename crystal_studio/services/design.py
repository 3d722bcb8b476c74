"""One message in, one committed node out: the loop of LapidaryEngine's Algorithm A.1."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import uuid4

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.clauses import stated_dimensionality
from crystal_studio.domain.errors import NothingValid
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Intent, Limits
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.domain.trajectory import Frame
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import WrittenCrystal
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.ports.predictor import Predictor
from crystal_studio.ports.prototype_library import DecoratedPrototype
from crystal_studio.services.engines import Engines
from crystal_studio.services.goals import is_met, measure, total_gain
from crystal_studio.services.interpret import Answered, WrittenPivot, person_pivot, write_pivot
from crystal_studio.services.listen_structure import NOT_HELD
from crystal_studio.services.propose import Drawn, Preference, Proposal, draw_all, plans
from crystal_studio.services.provenance import ENVIRONMENT
from crystal_studio.services.request import DesignRequest, heard
from crystal_studio.services.request_plain import asked
from crystal_studio.services.screen import Question, Screen, meets_goals, merged, prior, refusals
from crystal_studio.services.stopwatch import Stopwatch
from crystal_studio.services.trajectory import TrajectoryKeeper
from crystal_studio.services.written_draws import refused_texts

__all__ = ["Composed", "DesignRequest", "compose", "heard", "pivot_of", "respond", "run_rounds"]

MOST_REDRAWS = 3
_IDLE = {SamplingEngine.DIFFUSION: ModelKind.CRYSTAL_WRITER, SamplingEngine.CRYSTEXT: ModelKind.DENOISER}


@dataclass(frozen=True)
class Composed:
    """A round that is done and not committed.

    Attributes:
        node: what would be committed.
        frames: how its crystal was denoised.
    """

    node: Node
    frames: tuple[Frame, ...]


def respond(request: DesignRequest, engines: Engines, store: HistoryStore, context: JobContext) -> Node:
    """Run one round and commit its node.

    Raises:
        UserCorrectable: the message cannot be acted on; says what to change.
        NothingValid: no candidate passed the checks within the bounded number of draws.
        Unavailable: a model is missing.
        JobCancelled: stopped; nothing was committed.
    """
    composed = compose(request, engines, context)
    context.check_cancelled()
    store.commit(composed.node, composed.frames)
    return composed.node


def compose(
    request: DesignRequest, engines: Engines, context: JobContext, written: WrittenPivot | None = None
) -> Composed:
    """Run one round and commit nothing.

    Args:
        request: what is asked for.
        engines: do the work.
        context: told the progress.
        written: its pivot where that is there already, as `pivot_of` gives it; None to have it written.

    Raises:
        StudioError: as `respond`.
    """
    this = _Round(request, engines, context)
    written = written or this.write()
    node = this.node(written, this.drawn_until_valid(written))
    return Composed(node, this.frames(node))


def pivot_of(request: DesignRequest, engines: Engines, context: JobContext) -> WrittenPivot:
    """The pivot of a round, and no more of it.

    Raises:
        StudioError: as `respond`.
    """
    return _Round(request, engines, context).write()


class _Round:
    """One round in progress: the request, what was heard in it, and the time spent."""

    def __init__(self, request: DesignRequest, engines: Engines, context: JobContext) -> None:
        self._request = request
        self._engines = engines
        self._context = TrajectoryKeeper(context)
        self._watch = Stopwatch()
        self._intent = heard(request, engines.symmetrizer)
        self._reference = _reference(request.parent, self._intent, engines)
        self._seed = request.round_seed
        self._answers: list[WrittenCrystal] = []  # of the language model that writes crystals

    def write(self) -> WrittenPivot:
        """The pivot of this round.

        Raises:
            Unavailable: a model is missing; that of the crystals is missed before a pivot is written for it.
        """
        if self._request.engine is not SamplingEngine.DIFFUSION:
            self._context.progress("loading", 0.0, self._engines.crystal_writer.identity.partition("@")[0])
        self._context.progress("writing", 0.0)
        with self._watch("write"):
            written = self._written()
        self._context.partial("pivot", written.text)
        return written

    def _written(self) -> WrittenPivot:
        request, engines = self._request, self._engines
        if request.pivot is not None and request.has_pivot:
            return person_pivot(request.pivot, self._intent.limits)
        parent = Answered.node(request.parent) if request.parent else None
        seed = request.round_writing_seed
        return write_pivot(self._intent, parent, engines.language_model, engines.prototypes, seed, self._context)

    def frames(self, node: Node) -> tuple[Frame, ...]:
        """How the committed crystal was denoised."""
        return self._context.frames(node.candidates[node.chosen].draw)

    def drawn_until_valid(self, written: WrittenPivot) -> list[Candidate]:
        """Ranked candidates of all batches: drawn until one has a valid crystal, and once more where it misses a goal.

        Raises:
            NothingValid: no batch had a valid crystal; says why.
        """
        question = self._question(written)
        batches: list[list[Candidate]] = []
        for attempt in range(MOST_REDRAWS):
            drawn_before = frozenset(one.origin for batch in batches for one in batch if one.valid)
            batches.append(self._screened(written, question, drawn_before, self._seed + attempt))
            valid = [batch for batch in batches if batch and batch[0].valid]
            if len(valid) > 1 or (valid and meets_goals(valid[0][0], question)):
                break
        if not valid:
            texts = refused_texts(self._answers)
            checks = list(refusals([one for batch in batches for one in batch]))[:3]
            reasons = "; ".join([*([texts] if texts else []), *checks])
            raise NothingValid(
                f"None of {len(batches) * self._request.candidates} draws of {question.formula} passed the checks "
                f"({reasons}). Loosen a limit, name another formula, or try another seed."
            )
        return merged(batches, question)

    def _screened(self, written: WrittenPivot, question: Question, skip: frozenset[str], seed: int) -> list[Candidate]:
        """One batch, ranked."""
        engines = self._engines
        screen = Screen(
            engines.checker,
            engines.symmetrizer,
            engines.aligner,
            engines.band_gap,
            engines.relaxer,
            engines.comparer,
        )
        preference = self._preference(question) if skip and question.goals else None
        drawn = self._drawn(written, skip, seed, preference)
        draws = [replace(one, index=self._context.drawn + one.index) for one in drawn.draws]
        self._context.drawn += self._request.candidates
        self._answers += drawn.answers
        if not draws:
            return []
        candidates = screen.checked(draws, question, self._context)
        ranked = screen.ranked(candidates, question, self._context)
        with self._watch("predict"):
            ranked = _with_hull_energies(ranked, engines.e_above_hull)
        for part, seconds in screen.seconds.items():
            self._watch.add(part, seconds)
        return ranked

    def node(self, written: WrittenPivot, ranked: Sequence[Candidate]) -> Node:
        """The node to commit: the first candidate, described."""
        best, request, parent = ranked[0], self._request, self._request.parent
        self._context.progress("describing", 0.0)
        with self._watch("describe"):
            description = self._engines.describer.describe(best.crystal)
        with self._watch("known"):
            known = self._engines.references.search(best.crystal)
        return Node(
            id=uuid4().hex,
            parent=parent.id if parent else None,
            round=parent.round + 1 if parent else 1,
            message=self._intent.message,
            intent=self._intent,
            pivot=written.text,
            pivot_source=written.source,
            crystal=best.crystal,
            relaxed=best.relaxed is not None,
            description=description,
            space_group=best.space_group or self._engines.symmetrizer.space_group(best.crystal),
            alignment=best.alignment,
            checks=best.checks,
            band_gap=best.band_gap,
            chosen=0,
            candidates=tuple(ranked),
            seed=self._seed,
            strength=request.strength,
            models=self._models(written),
            parameters={**request.parameters, **asked(request), ENVIRONMENT: self._engines.environment()},
            seconds=self._watch.rounded(),
            notes=(*self._notes(best, written), *_dimensionality_notes(self._intent.limits, description)),
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            e_above_hull=best.e_above_hull,
            known=known,
        )

    def _question(self, written: WrittenPivot) -> Question:
        pivot, limits = written.pivot, self._intent.limits
        formula = pivot.composition.formula
        return Question(
            text=written.text,
            formula=formula,
            space_group=pivot.space_group.number if pivot.space_group else None,
            limits=limits,
            goals=self._intent.goals,
            reference=self._reference,
            formula_is_named=formula == limits.formula or written.source is PivotSource.PERSON,
        )

    def _models(self, written: WrittenPivot) -> dict[str, str]:
        """Models in use; one that is loaded did nothing where the person wrote the pivot, or another model drew."""
        models = self._engines.identities()
        idle = [_IDLE[self._request.engine]] if self._request.engine in _IDLE else []
        idle += [ModelKind.LANGUAGE_MODEL] if written.source is PivotSource.PERSON else []
        return {kind: name for kind, name in models.items() if kind not in idle}

    def _preference(self, question: Question) -> Preference:
        """A second batch looks for what the first one missed: prototypes that meet the goals as decorated."""

        def scores(prototypes: Sequence[DecoratedPrototype]) -> list[float]:
            gaps = self._engines.band_gap.predict([one.crystal for one in prototypes])
            symmetrizer, weights = self._engines.symmetrizer, question.weights
            values = [
                measure(question.goals, one.crystal, symmetrizer, gap.value, None)
                for one, gap in zip(prototypes, gaps, strict=True)
            ]
            return [
                weights.goal * total_gain(question.goals, value, question.reference) + prior(one.share, weights)
                for one, value in zip(prototypes, values, strict=True)
            ]

        return scores

    def _drawn(self, written: WrittenPivot, skip: frozenset[str], seed: int, preference: Preference | None) -> Drawn:
        request, engines = self._request, self._engines
        proposal = Proposal(
            text=written.text,
            pivot=written.pivot,
            limits=self._intent.limits,
            goals=self._intent.goals,
            parent=request.parent,
            count=request.candidates,
            strength=request.strength,
            seed=seed,
            skip=skip,
            guidance=request.guidance,
            engine=request.engine,
        )
        with self._watch("propose"):
            planned = plans(proposal, engines.prototypes, engines.symmetrizer, preference)
        with self._watch("sample"):
            return draw_all(proposal, planned, engines, self._context)

    def _notes(self, best: Candidate, written: WrittenPivot) -> Iterator[str]:
        yield from best.notes
        yield from self._context.notices
        yield from (heard for heard in self._intent.heard if heard.endswith(NOT_HELD))
        for goal in self._intent.goals:
            key = goal.quantity.value
            if is_met(goal, best.goal_values.get(key), self._reference.get(key)) is False:
                target = f" {goal.target:g}" if goal.target is not None else ""
                yield f"goal not met: {key} {goal.direction.value}{target}".replace("_", " ")
        for reason in written.refused:
            yield f"a text of the language model was refused: {reason}"
        if texts := refused_texts(self._answers):
            yield texts
        if self._request.parent and best.start is Start.WRITTEN:
            yield f"{best.origin} by the language model, not started from the parent"
        elif self._request.parent and best.start is not Start.PARENT:
            yield f"started from {best.origin} ({best.start.value}), not from the parent"


def _with_hull_energies(ranked: Sequence[Candidate], predictor: Predictor) -> list[Candidate]:
    """The candidates with the predicted energy above the hull of what they would commit, where their checks passed."""
    energies = iter(predictor.predict([candidate.crystal for candidate in ranked if candidate.valid]))
    return [replace(one, e_above_hull=next(energies)) if one.valid else one for one in ranked]


def _dimensionality_notes(limits: Limits, description: str) -> Iterator[str]:
    """Whether the crystal is as layered or as molecular as was asked for, read in its own description."""
    if limits.dimensionality is None:
        return
    try:
        found = stated_dimensionality(parse_pivot(description, strict=False))
    except PivotSyntaxError:
        return  # a description of an unknown form says nothing that could be compared
    if found is not None and found != limits.dimensionality:
        yield f"the crystal is {found}-dimensional, not {limits.dimensionality}-dimensional as asked"


def _reference(parent: Node | None, intent: Intent, engines: Engines) -> dict[str, float]:
    """The parent's value of every quantity that a goal names."""
    if parent is None:
        return {}
    gap = parent.band_gap.value if parent.band_gap else None
    energy = parent.candidates[parent.chosen].energy_per_atom_ev
    return measure(intent.goals, parent.crystal, engines.symmetrizer, gap, energy)


def run_rounds(
    messages: Sequence[str | None],
    first: DesignRequest,
    engines: Engines,
    store: HistoryStore,
    context: JobContext,
    committed: Callable[[Node], None],
) -> None:
    """Run one round per message, each answering the node before; `committed` is called after every commit.

    What the person set by hand is for the first round.
    """
    request = first
    for message in messages:
        node = respond(replace(request, message=message), engines, store, context)
        committed(node)
        request = replace(request, message="", parent=node, pivot=None, limits=None, goals=None)
