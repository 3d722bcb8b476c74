"""What the language model is measured against: diffusion and retrieval, which are told the size of the cell as well."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.sampler import SampleRequest, StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import EvaluationRow, TemplateRanking, seed_of
from crystal_studio.services.evaluate_crystext import (
    Author,
    CrystextEvaluation,
    CrystextSettings,
    Shown,
    Try,
    WritingAuthor,
    WritingEngines,
)
from crystal_studio.services.evaluate_csp import noise_state
from crystal_studio.services.evaluate_pivot import Asked, PivotSettings, pivot_states

NOISE, PROTOTYPE, RETRIEVAL = "noise", "prototype", "retrieval"


class DiffusionAuthor:
    """One draw a try under "SrTiO3 crystallizes in the cubic Pm-3m space group.", finished as the product does it.

    From noise, or from the likeliest prototypes that have the space group, with their symmetry given back.
    """

    def __init__(self, engines: Engines, settings: CrystextSettings) -> None:
        self._engines = engines
        self._settings = settings

    def tries(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[list[Try]]:
        """Draws of each row."""
        return [self._drawn(row, context) for row in rows]

    def shown(self, rows: Sequence[EvaluationRow], firsts: Sequence[Try], context: JobContext) -> list[Shown] | None:
        """None: a draw is kept as it is."""
        return None

    def _drawn(self, row: EvaluationRow, context: JobContext) -> list[Try]:
        context.check_cancelled()
        text = headline(row.crystal.formula, row.space_group)
        states = tuple(self._states(row, text))
        seed = seed_of(self._settings.seed, self._settings.line, row.identifier)
        crystals = self._engines.sampler.sample(SampleRequest(text, states, seed), context)
        return [Try(self._finished(*pair)) for pair in zip(states, crystals, strict=True)]

    def _states(self, row: EvaluationRow, text: str) -> list[StartState]:
        draws = self._settings.draws
        if self._settings.line == NOISE:
            return [noise_state(row)] * draws
        asked = Asked(text, row.crystal.formula, row.space_group, None)
        settings = PivotSettings(self._settings.seed, self._settings.strength, attempts=draws)
        return pivot_states(row, asked, self._engines.prototypes, settings)

    def _finished(self, state: StartState, crystal: Crystal) -> Crystal:
        if state.crystal is None:
            return self._engines.symmetrizer.symmetrized(crystal)
        return self._engines.symmetrizer.impose(crystal, state.crystal)


class RetrievalAuthor:
    """Training crystals of the space group with their elements swapped, chemically nearest first."""

    def __init__(self, ranking: TemplateRanking, settings: CrystextSettings) -> None:
        self._ranking = ranking
        self._settings = settings

    def tries(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[list[Try]]:
        """The nearest templates of each row; none where no training crystal fits."""
        return [[Try(crystal) for crystal in self._nearest(row)] for row in rows]

    def shown(self, rows: Sequence[EvaluationRow], firsts: Sequence[Try], context: JobContext) -> list[Shown] | None:
        """None: there is nothing to refuse."""
        return None

    def _nearest(self, row: EvaluationRow) -> list[Crystal]:
        excluded = frozenset({row.formula})
        return self._ranking.nearest(row.crystal.species, self._settings.draws, excluded, space_group=row.space_group)


def crystext_evaluation(
    engines: WritingEngines, settings: CrystextSettings, known: Sequence[Mapping[str, Any]]
) -> CrystextEvaluation:
    """The evaluation of one line; `known` are the training rows that retrieval needs."""
    author: Author
    if settings.model:
        writer = engines.crystal_writer_of(settings.model, constrained=settings.constrained)
        author = WritingAuthor(writer, engines, settings)
    elif settings.line == RETRIEVAL:
        author = RetrievalAuthor(engines.nearest_templates(known), settings)
    else:
        author = DiffusionAuthor(engines, settings)
    return CrystextEvaluation(engines, author, settings)
