"""A relaxer that knows one spring."""

from __future__ import annotations

from collections.abc import Sequence

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.fake.fake_predictor import electronegativity_spread
from crystal_studio.engines.fake.geometry import nearest_distances_angstrom
from crystal_studio.engines.fake.script import Script
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.relaxer import Relaxation

_REST_ANGSTROM = 2.5
_LARGEST_STEP = 0.002  # of a length, so that ten steps stay within 6 % of the volume
_STEPS = 10


class FakeRelaxer:
    """Pulls the mean nearest distance towards 2.5 Å by scaling the cell.

    Attributes:
        script: relaxations, exceptions or stalls, one for each call of `relax`.
    """

    def __init__(self) -> None:
        self.script: Script[Relaxation] = Script()

    def energies(self, crystals: Sequence[Crystal]) -> list[float]:
        """Spring energy minus the spread of electronegativities, eV/atom."""
        return [_energy(crystal) for crystal in crystals]

    def relax(self, crystal: Crystal, max_steps: int, context: JobContext) -> Relaxation:
        """Scale the cell step by step.

        Raises:
            JobCancelled: stopped between two steps.
        """
        scripted = self.script.play(context)
        relaxed, steps = crystal, min(_STEPS, max_steps)
        for step in range(steps):
            context.check_cancelled()
            relaxed = _step(relaxed)
            context.progress("relaxing", (step + 1) / steps)
        return _outcome(crystal, relaxed, steps) if scripted is None else scripted


def _strain(crystal: Crystal) -> float:
    return float(nearest_distances_angstrom(crystal).mean()) / _REST_ANGSTROM - 1


def _energy(crystal: Crystal) -> float:
    return _strain(crystal) ** 2 - electronegativity_spread(crystal)


def _step(crystal: Crystal) -> Crystal:
    factor = 1 - max(-_LARGEST_STEP, min(_LARGEST_STEP, _strain(crystal)))
    return crystal.scaled_to(crystal.volume_angstrom3 * factor**3)


def _outcome(start: Crystal, end: Crystal, steps: int) -> Relaxation:
    force = abs(_strain(end))
    return Relaxation(end, _energy(end), _energy(start), force, steps, converged=force < _LARGEST_STEP)
