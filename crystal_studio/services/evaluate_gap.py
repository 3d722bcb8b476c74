"""Predicted band gaps against those of the MEGNet test split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from crystal_studio.ports.context import JobContext
from crystal_studio.ports.predictor import Predictor
from crystal_studio.services.evaluate import EvaluationRow


@dataclass(frozen=True)
class GapSettings:
    """What is evaluated."""

    quantity: str = "band_gap"

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the journal."""
        return asdict(self)


class GapEvaluation:
    """The shipped predictor on every crystal with a known gap.

    Args:
        gaps_ev: identifier -> band gap of the data set, eV.
    """

    def __init__(self, predictor: Predictor, gaps_ev: Mapping[str, float]) -> None:
        self._predictor = predictor
        self._gaps_ev = gaps_ev

    def outcomes(self, rows: Sequence[EvaluationRow], context: JobContext) -> list[dict[str, Any]]:
        """One plain outcome for each row, energies in eV."""
        context.check_cancelled()
        predicted = self._predictor.predict([row.crystal for row in rows])
        return [
            {
                "id": row.identifier,
                "true": self._gaps_ev[row.identifier],
                "predicted": found.value,
                "error": abs(found.value - self._gaps_ev[row.identifier]),
            }
            for row, found in zip(rows, predicted, strict=True)
        ]
