"""A band-gap predictor that looks at electronegativities."""

from __future__ import annotations

from collections.abc import Sequence

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.measured import Measured
from crystal_studio.engines.fake.script import Script

_TRAINED_UP_TO_ATOMS = 20


class FakePredictor:
    """Calls the spread of electronegativities, times two, a band gap.

    Attributes:
        script: lists of values, exceptions or stalls, one for each call.
    """

    quantity = "band_gap"

    def __init__(self) -> None:
        self.script: Script[list[Measured]] = Script()

    def predict(self, crystals: Sequence[Crystal]) -> list[Measured]:
        """Gap of each crystal in eV, a little larger in a larger volume an atom."""
        scripted = self.script.play()
        return [_gap(crystal) for crystal in crystals] if scripted is None else scripted


def electronegativity_spread(crystal: Crystal) -> float:
    """Largest minus smallest Pauling electronegativity."""
    values = [BY_SYMBOL[symbol].electronegativity or 0.0 for symbol in set(crystal.species)]
    return max(values) - min(values)


def _gap(crystal: Crystal) -> Measured:
    value = 2 * electronegativity_spread(crystal) * (1 + crystal.volume_angstrom3 / len(crystal) / 1000)
    return Measured(value, "eV", 0.3, "PBE", in_distribution=len(crystal) <= _TRAINED_UP_TO_ATOMS)
