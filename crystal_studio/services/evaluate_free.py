"""Elements chosen by the model: are free draws from noise valid, and do they follow the text they are drawn under?

Nothing is given but the number of atoms, and in one of the two draws the text. No symmetry is enforced, no draw is
refused.

Source: validity as CDVAE defines it (0.5 angstrom, SMACT); composition and space group together as CrysText reports.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.validity import all_required_pass
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.sampler import SampleRequest, StartState
from crystal_studio.services.engines import Engines
from crystal_studio.services.evaluate import EvaluationRow, Stopwatch, seed_of
from crystal_studio.services.screen import SYMPREC_ANGSTROM


@dataclass(frozen=True)
class FreeSettings:
    """What is evaluated."""

    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


class FreeEvaluation:
    """Two draws a row: without a text, and under the row's own."""

    def __init__(self, engines: Engines, settings: FreeSettings) -> None:
        self._engines = engines
        self._settings = settings

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row."""
        return [self._outcome(row, context) for row in rows]

    def _outcome(self, row: EvaluationRow, context: JobContext) -> dict[str, Any]:
        context.check_cancelled()
        watch = Stopwatch()
        size = row.crystal.num_sites
        state = StartState(Start.NOISE, f"noise, {size} atoms", None, size, (None,) * size)
        seed = seed_of(self._settings.seed, "free", row.identifier)
        judged = {}
        for condition, text in (("none", ""), ("text", row.text)):
            with watch("draw"):
                (crystal,) = self._engines.sampler.sample(SampleRequest(text, (state,), seed), context)
            with watch("check"):
                judged[condition] = self._judged(crystal, row)
        return {"id": row.identifier, **judged, "seconds": watch.shared(1)}

    def _judged(self, crystal: Crystal, row: EvaluationRow) -> dict[str, Any]:
        group = self._engines.symmetrizer.space_group(crystal, SYMPREC_ANGSTROM).number
        composition = crystal.formula == row.crystal.formula
        return {
            "formula": crystal.formula,
            "valid_structure": all_required_pass(self._engines.checker.check(crystal, formula_is_named=True)),
            "valid_composition": self._is_composition_valid(crystal),
            "composition": composition,
            "space_group": group == row.space_group,
            "both": composition and group == row.space_group,
        }

    def _is_composition_valid(self, crystal: Crystal) -> bool:
        """Whether the checks pass that are only required of a formula that nobody named: SMACT."""
        named = {one.name for one in self._engines.checker.check(crystal, formula_is_named=True) if one.required}
        unnamed = self._engines.checker.check(crystal)
        return all_required_pass(tuple(one for one in unnamed if one.name not in named))
