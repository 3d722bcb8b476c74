"""What are the candidates to be ranked by? The match rate of the one that each score would choose.

Every row's composition and number of atoms are given. Its candidates are its likeliest prototypes, as decorated: no
noise, no relaxing, so that the order alone is judged. Scores are added with the weights of the program.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.sampler import StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import EvaluationRow, Stopwatch
from crystal_studio.services.evaluate_csp import CspSettings, template_states
from crystal_studio.services.screen import SYMPREC_ANGSTROM, Weights, prior

TEXTS = ("formula", "pivot", "description")
_WEIGHTS = Weights()


@dataclass(frozen=True)
class RankingSettings:
    """What is evaluated.

    Attributes:
        seed: of the shuffle of the rows.
        templates: candidates of each row at most.

    Raises:
        UserCorrectable: fewer than two candidates cannot be ranked.
    """

    seed: int = 0
    templates: int = 10

    def __post_init__(self) -> None:
        if self.templates < 2:
            raise UserCorrectable(f"{self.templates} templates cannot be ranked. Give 2 or more.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


@dataclass(frozen=True)
class Template:
    """One candidate with everything that it could be ranked by.

    Attributes:
        matches: whether it is the row's crystal.
        share: of the votes.
        of_pivots_group: whether its space group is the row's, which the short pivot names.
        alignment: with the formula alone, with the short pivot (formula and space group), and with the description
            where the row has one.
        above_hull: predicted, eV/atom.
    """

    matches: bool
    share: float | None
    of_pivots_group: bool
    alignment: Mapping[str, float]
    above_hull: float


Score = Callable[[Template], float | None]


def _share(template: Template) -> float:
    return prior(template.share, _WEIGHTS)


def _aligned(template: Template, text: str) -> float | None:
    found = template.alignment.get(text)
    return None if found is None else _WEIGHTS.alignment * found


def _added(template: Template, text: str) -> float | None:
    found = _aligned(template, text)
    return None if found is None else _share(template) + found


def _group(template: Template) -> float:
    return _WEIGHTS.space_group * template.of_pivots_group


def _as_it_ships(template: Template) -> float:
    return _share(template) + (_aligned(template, "pivot") or 0.0) + _group(template)


RANKINGS: Mapping[str, Score] = {
    "share of the votes": _share,
    "alignment with the formula": lambda one: _aligned(one, "formula"),
    "share and alignment with the formula": lambda one: _added(one, "formula"),
    "alignment with the short pivot": lambda one: _aligned(one, "pivot"),
    "share and alignment with the short pivot": lambda one: _added(one, "pivot"),
    "share and bonus for the pivot's space group": lambda one: _share(one) + _group(one),
    "all three, as the program adds them": _as_it_ships,
    "alignment with the description": lambda one: _aligned(one, "description"),
    "share and alignment with the description": lambda one: _added(one, "description"),
    "predicted energy above the hull": lambda one: -one.above_hull,
    "share and predicted energy": lambda one: _share(one) - _WEIGHTS.energy * one.above_hull,
}


class RankingEvaluation:
    """Measures the candidates of each row."""

    def __init__(self, engines: Engines, settings: RankingSettings) -> None:
        self._engines = engines
        self._settings = settings

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row."""
        return [self._outcome(row, context) for row in rows]

    def _outcome(self, row: EvaluationRow, context: JobContext) -> dict[str, Any]:
        context.check_cancelled()
        watch = Stopwatch()
        with watch("templates"):
            csp = CspSettings(columns=("B",), starts=("prototype",), draws=self._settings.templates)
            states = template_states(row, self._engines.prototypes, csp)
            crystals = [state.crystal for state in states if state.crystal is not None]
        templates = self._measured(row, states, crystals, watch) if crystals else []
        return {"id": row.identifier, "templates": [asdict(one) for one in templates], "seconds": watch.shared(1)}

    def _measured(
        self, row: EvaluationRow, states: Sequence[StartState], crystals: Sequence[Crystal], watch: Stopwatch
    ) -> list[Template]:
        engines = self._engines
        with watch("compare"):
            distances = [engines.comparer.rms_distance(crystal, row.crystal) for crystal in crystals]
        with watch("symmetry"):
            groups = [engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM).number for crystal in crystals]
        with watch("alignment"):
            asked = [row.formula, headline(row.formula, row.space_group), *([row.text] if row.text else [])]
            alignment = dict(zip(TEXTS, engines.aligner.scores(asked, crystals), strict=False))
        with watch("predict"):
            above_hull = engines.e_above_hull.predict(crystals)
        return [
            Template(
                matches=distances[index] is not None,
                share=state.share,
                of_pivots_group=groups[index] == row.space_group,
                alignment={text: scores[index] for text, scores in alignment.items()},
                above_hull=above_hull[index].value,
            )
            for index, state in enumerate(states)
        ]


def chosen(templates: Sequence[Template], score: Score) -> Template | None:
    """The candidate of the highest score, the first of equals; None where there is nothing to score."""
    scores = [score(template) for template in templates]
    known = [(value, -index) for index, value in enumerate(scores) if value is not None]
    return templates[-max(known)[1]] if known else None
