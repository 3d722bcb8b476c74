"""A comparer for crystals in the same cell."""

from __future__ import annotations

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.engines.fake.script import Script

_LARGEST_DISTANCE = 0.5


class FakeComparer:
    """Pairs atoms of one element in the order of their positions; no search over cells or origins.

    Attributes:
        script: distances, exceptions or stalls, one for each call.
    """

    def __init__(self) -> None:
        self.script: Script[float] = Script()

    def rms_distance(self, first: Crystal, second: Crystal) -> float | None:
        """RMS displacement over the cube root of the volume an atom; None above 0.5 or for another composition."""
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        if first.composition != second.composition:
            return None
        displacement = _sorted_coords(first) - _sorted_coords(second)
        displacement -= np.round(displacement)
        rms_angstrom = float(np.sqrt((np.linalg.norm(displacement @ first.lattice, axis=1) ** 2).mean()))
        distance = rms_angstrom / (first.volume_angstrom3 / len(first)) ** (1 / 3)
        return distance if distance <= _LARGEST_DISTANCE else None


def _sorted_coords(crystal: Crystal) -> Array:
    wrapped = crystal.frac_coords % 1
    order = sorted(range(len(crystal)), key=lambda atom: (crystal.species[atom], *np.round(wrapped[atom], 2) % 1))
    return np.asarray(wrapped[order], dtype=np.float64)
