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
        """Mean and uncertainty for each crystal."""
