"""Energies, forces and relaxation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.ports.context import JobContext


@dataclass(frozen=True)
class Relaxation:
    """Outcome of one relaxation.

    Attributes:
        crystal: the relaxed crystal.
        energy_per_atom_ev: final potential energy.
        start_energy_per_atom_ev: before relaxing.
        max_force_ev_angstrom: largest force at the end.
        steps: steps taken.
        converged: whether the force threshold was reached.
    """

    crystal: Crystal
    energy_per_atom_ev: float
    start_energy_per_atom_ev: float
    max_force_ev_angstrom: float
    steps: int
    converged: bool


class Relaxer(Protocol):
    """An interatomic potential."""

    def energies(self, crystals: Sequence[Crystal]) -> list[float]:
        """Potential energy of each crystal as it stands, eV/atom, in one batch."""

    def relax(self, crystal: Crystal, max_steps: int, context: JobContext) -> Relaxation:
        """Relax cell and positions.

        Raises:
            JobCancelled: stopped between two steps.
        """
