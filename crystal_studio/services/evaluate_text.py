"""Is the text used? Draws under the true text, under another crystal's text, and under none.

Each row is drawn from noise with its elements left free and with its species given, and as the mixture that ships.
The shuffled text belongs to a row with the same number of atoms and another formula.

Source: faithfulness as CrysText reports it (composition, space group, both), and the shuffled-text control.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar import PivotSyntaxError, parse_pivot
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.sampler import SampleRequest, StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import EvaluationRow, Stopwatch, seed_of
from crystal_studio.services.evaluate_csp import CspSettings, noise_state, template_states
from crystal_studio.services.request import MOST_GUIDANCE
from crystal_studio.services.screen import SYMPREC_ANGSTROM, Weights, prior

CONDITIONS = ("true", "shuffled", "none")
VARIANTS = ("free", "locked", "default")
_WEIGHTS = Weights()


@dataclass(frozen=True)
class TextSettings:
    """What is evaluated.

    Attributes:
        draws: draws from noise for each row, condition and variant.
        prototypes: prototype starts in the mixture that ships, beside the locked noise draws.
        strength: denoising strength alpha of prototype starts.
        guidance: classifier-free guidance scale, None for the model's default.

    Raises:
        UserCorrectable: a number is out of its range.
    """

    seed: int = 0
    draws: int = 2
    prototypes: int = 8
    strength: float = 0.1
    guidance: float | None = None

    def __post_init__(self) -> None:
        if self.draws < 1 or self.prototypes < 1 or not 0 < self.strength <= 1:
            raise UserCorrectable("Draws and prototypes must be at least 1, the strength above 0 and at most 1.")
        if self.guidance is not None and not 0 <= self.guidance <= MOST_GUIDANCE:
            raise UserCorrectable(f"The guidance scale is {self.guidance:g}. Give 0 to {MOST_GUIDANCE:g}.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal; the model's own guidance scale is left out, as older journals do."""
        return {name: value for name, value in asdict(self).items() if name != "guidance" or value is not None}


@dataclass(frozen=True)
class TextRow:
    """A row and the text that is put in place of its own."""

    row: EvaluationRow
    shuffled: str

    def text(self, condition: str) -> str:
        """The text drawn under."""
        return {"true": self.row.text, "shuffled": self.shuffled, "none": ""}[condition]


def with_shuffled_texts(rows: Sequence[EvaluationRow], seed: int) -> list[TextRow]:
    """Pair each described row with the text of another row with as many atoms and another formula.

    Rows without a text, or without such a partner, are left out.
    """
    by_size: dict[int, list[EvaluationRow]] = defaultdict(list)
    described = [row for row in rows if row.text]
    for row in described:
        by_size[row.crystal.num_sites].append(row)
    paired = []
    for row in described:
        others = [other for other in by_size[row.crystal.num_sites] if other.formula != row.formula]
        if others:
            other = random.Random(seed_of(seed, "shuffle", row.identifier)).choice(others)
            paired.append(TextRow(row, other.text))
    return paired


class TextEvaluation:
    """Draws one row under every condition."""

    def __init__(self, engines: Engines, settings: TextSettings) -> None:
        self._engines = engines
        self._settings = settings

    def outcome(self, row: TextRow, context: JobContext) -> dict[str, Any]:
        """One plain outcome."""
        watch = Stopwatch()
        states = self._states(row.row)
        conditions = {name: self._drawn(row, name, states, watch, context) for name in CONDITIONS}
        return {"id": row.row.identifier, "conditions": conditions, "seconds": watch.shared(1)}

    def _states(self, row: EvaluationRow) -> dict[str, list[StartState]]:
        locked, size = noise_state(row), row.crystal.num_sites
        free = StartState(Start.NOISE, f"noise, {size} atoms", None, size, (None,) * size)
        count = self._settings.prototypes
        csp = CspSettings(columns=("B",), starts=("default",), draws=count, strength=self._settings.strength)
        prototypes = template_states(row, self._engines.prototypes, csp)
        return {"free": [free] * self._settings.draws, "locked": [locked] * self._settings.draws, "default": prototypes}

    def _drawn(
        self,
        row: TextRow,
        condition: str,
        states: Mapping[str, list[StartState]],
        watch: Stopwatch,
        context: JobContext,
    ) -> dict[str, list[dict[str, Any]]]:
        """Every variant in one batch; one seed for all conditions, so that only the text differs."""
        context.check_cancelled()
        flat = [(variant, state) for variant, of_variant in states.items() for state in of_variant]
        seed = seed_of(self._settings.seed, "text", row.row.identifier)
        text, guidance = row.text(condition), self._settings.guidance
        request = SampleRequest(text, tuple(state for _, state in flat), seed, guidance=guidance)
        with watch("draw"):
            crystals = self._engines.sampler.sample(request, context)
        drawn: dict[str, list[Crystal]] = {variant: [] for variant in VARIANTS}
        for (variant, state), crystal in zip(flat, crystals, strict=True):
            drawn[variant].append(self._finished(state, crystal))
        with watch("rank"):
            mixture = [*drawn["default"], *drawn["locked"]]
            shares = [state.share for variant in ("default", "locked") for state in states[variant]]
            drawn["default"] = [self._best(mixture, shares, row.text(condition))]
        with watch("compare"):
            return {variant: [self._measured(one, row.row) for one in found] for variant, found in drawn.items()}

    def _finished(self, state: StartState, crystal: Crystal) -> Crystal:
        if state.crystal is None:
            return crystal
        return self._engines.symmetrizer.impose(crystal, state.crystal)

    def _best(self, crystals: list[Crystal], shares: Sequence[float | None], text: str) -> Crystal:
        """What the mixture that ships shows under this text: valid first, then the program's score without energies."""
        scores = [prior(share, _WEIGHTS) for share in shares]
        if text:
            group = _space_group_in(text)
            alignments = self._engines.aligner.score(text, crystals)
            found = [self._engines.symmetrizer.space_group(one, SYMPREC_ANGSTROM).number for one in crystals]
            scores = [
                score + _WEIGHTS.alignment * alignment + _WEIGHTS.space_group * (number == group)
                for score, alignment, number in zip(scores, alignments, found, strict=True)
            ]
        valid = [all_required_pass(self._engines.checker.check(one, formula_is_named=True)) for one in crystals]
        return crystals[max(range(len(crystals)), key=lambda index: (valid[index], scores[index]))]

    def _measured(self, crystal: Crystal, row: EvaluationRow) -> dict[str, Any]:
        group = self._engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM)
        composition_right = crystal.formula == row.crystal.formula
        rms = self._engines.comparer.rms_distance(crystal, row.crystal) if composition_right else None
        system = SpaceGroup(row.space_group).crystal_system if row.space_group else None
        return {
            "match": rms is not None,
            "composition": composition_right,
            "elements": _overlap(crystal, row.crystal),
            "space_group": group.number == row.space_group,
            "crystal_system": group.crystal_system == system,
            "both": composition_right and group.number == row.space_group,
            "crystal": _rounded(crystal),
        }


def _space_group_in(text: str) -> int | None:
    """The number of the space group that a text names, as the program reads it; None where it reads none."""
    try:
        named = parse_pivot(text, strict=False).space_group
    except PivotSyntaxError:
        return None
    return named.number if named else None


def _overlap(crystal: Crystal, truth: Crystal) -> float:
    """Elements in common over elements in either: partial credit where a whole formula is rarely right."""
    first, second = set(crystal.species), set(truth.species)
    return len(first & second) / len(first | second)


def _rounded(crystal: Crystal) -> dict[str, Any]:
    """The crystal to five decimals, for the count of distinct draws."""
    return {
        "lattice": crystal.lattice.round(5).tolist(),
        "species": list(crystal.species),
        "frac": crystal.frac_coords.round(5).tolist(),
    }
