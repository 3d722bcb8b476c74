"""Predicted properties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.measured import Measured


class Predictor(Protocol):
    """Predicts one property."""

    @property
    def quantity(self) -> str:
        """Which property, such as "band_gap"."""

    def predict(self, crystals: Sequence[Crystal]) -> list[Measured]:
        """Best estimate and uncertainty for each crystal."""


class PropertyModel(Protocol):
    """One installed model with a predictor for each property that it knows."""

    @property
    def quantities(self) -> tuple[str, ...]:
        """Which properties: "band_gap", "formation_energy", "e_above_hull"."""

    def predictor(self, quantity: str) -> Predictor:
        """The predictor of one property.

        Raises:
            Unavailable: the model does not predict it.
        """
