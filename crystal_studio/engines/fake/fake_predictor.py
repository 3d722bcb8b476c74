"""A property predictor that looks at electronegativities and volumes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.measured import Measured
from crystal_studio.engines.fake.script import Script

_TRAINED_UP_TO_ATOMS = 20
_EASY_VOLUME_ANGSTROM3 = 15.0


class FakePredictor:
    """Calls the spread of electronegativities, times two, a band gap.

    Attributes:
        quantity: "band_gap", "formation_energy" or "e_above_hull".
        script: lists of values, exceptions or stalls, one for each call.
    """

    def __init__(self, quantity: str = "band_gap") -> None:
        self.quantity = quantity
        self.script: Script[list[Measured]] = Script()

    def predict(self, crystals: Sequence[Crystal]) -> list[Measured]:
        """The quantity of each crystal, in eV or eV/atom."""
        scripted = self.script.play()
        return [_FORMULAE[self.quantity](crystal) for crystal in crystals] if scripted is None else scripted


@dataclass(frozen=True)
class FakePropertyModel:
    """Fake predictors by quantity, as one model."""

    predictors: Mapping[str, FakePredictor]

    @property
    def quantities(self) -> tuple[str, ...]:
        """Which properties it has."""
        return tuple(self.predictors)

    def predictor(self, quantity: str) -> FakePredictor:
        """The predictor of one property.

        Raises:
            Unavailable: it is not among them.
        """
        if quantity not in self.predictors:
            raise Unavailable(f"The fake model does not predict '{quantity}'. Name another.")
        return self.predictors[quantity]


def electronegativity_spread(crystal: Crystal) -> float:
    """Largest minus smallest Pauling electronegativity."""
    values = [BY_SYMBOL[symbol].electronegativity or 0.0 for symbol in set(crystal.species)]
    return max(values) - min(values)


def _gap(crystal: Crystal) -> Measured:
    value = 2 * electronegativity_spread(crystal) * (1 + crystal.volume_angstrom3 / len(crystal) / 1000)
    return Measured(value, "eV", 0.3, "PBE", _is_small(crystal), max(value - 1.0, 0.0), value + 1.0)


def _formation_energy(crystal: Crystal) -> Measured:
    value = -electronegativity_spread(crystal)
    return Measured(value, "eV/atom", 0.1, "PBE", _is_small(crystal), value - 0.3, value + 0.3)


def _e_above_hull(crystal: Crystal) -> Measured:
    value = abs(crystal.volume_angstrom3 / len(crystal) - _EASY_VOLUME_ANGSTROM3) / 100
    return Measured(value, "eV/atom", 0.03, "PBE", _is_small(crystal), max(value - 0.1, 0.0), value + 0.1)


def _is_small(crystal: Crystal) -> bool:
    return len(crystal) <= _TRAINED_UP_TO_ATOMS


_FORMULAE = {"band_gap": _gap, "formation_energy": _formation_energy, "e_above_hull": _e_above_hull}
