"""An aligner that compares elements."""

from __future__ import annotations

from collections.abc import Sequence

from crystal_studio.domain.composition import Composition, is_formula
from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.fake.script import Script


class FakeAligner:
    """Scores the share of elements that the text's formula and the crystal have in common.

    Attributes:
        script: lists of scores, exceptions or stalls, one for each call.
    """

    def __init__(self) -> None:
        self.script: Script[list[float]] = Script()

    def score(self, text: str, crystals: Sequence[Crystal]) -> list[float]:
        """Shared elements over all elements, 0 to 1; 0 where the text begins with no formula."""
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        named = _leading_elements(text)
        return [_overlap(named, set(crystal.species)) for crystal in crystals]

    def scores(self, texts: Sequence[str], crystals: Sequence[Crystal]) -> list[list[float]]:
        """`score` of each text."""
        return [self.score(text, crystals) for text in texts]


def _leading_elements(text: str) -> set[str]:
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return set(Composition.parse(first).elements) if is_formula(first) else set()


def _overlap(first: set[str], second: set[str]) -> float:
    return len(first & second) / len(first | second)
