"""Seconds for ten candidates of ten atoms, all from pure noise: the longest way to draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.sampler import Sampler, SampleRequest
from crystal_studio.services.evaluate import EvaluationRow, seed_of
from crystal_studio.services.evaluate_csp import noise_state

ATOMS = 10


@dataclass(frozen=True)
class SpeedSettings:
    """What is measured.

    Raises:
        UserCorrectable: there is nothing to draw.
    """

    seed: int = 0
    candidates: int = 10

    def __post_init__(self) -> None:
        if self.candidates < 1:
            raise UserCorrectable(f"{self.candidates} candidates cannot be timed. Give 1 or more.")

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


class SpeedEvaluation:
    """Times one batch for each row; the first batch of all is drawn once before, as a first call loads and compiles."""

    def __init__(self, sampler: Sampler, settings: SpeedSettings) -> None:
        self._sampler = sampler
        self._settings = settings
        self._warm = False

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """Seconds of wall time for each row's batch."""
        found = []
        for row in rows:
            if not self._warm:
                self._seconds(row, context)
                self._warm = True
            found.append({"id": row.identifier, "seconds_of_batch": self._seconds(row, context)})
        return found

    def _seconds(self, row: EvaluationRow, context: JobContext) -> float:
        states = (noise_state(row),) * self._settings.candidates
        request = SampleRequest(row.text or row.formula, states, seed_of(self._settings.seed, "speed", row.identifier))
        started = perf_counter()
        self._sampler.sample(request, context)
        return perf_counter() - started
