"""How well a crystal fits a text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from crystal_studio.domain.crystal import Crystal


class Aligner(Protocol):
    """Cosine of the embeddings of a text and of crystals."""

    def score(self, text: str, crystals: Sequence[Crystal]) -> list[float]:
        """Alignment of each crystal with the text, -1 to 1."""

    def scores(self, texts: Sequence[str], crystals: Sequence[Crystal]) -> list[list[float]]:
        """Alignment of each text (row) with each crystal (column); every text and crystal is read once."""
