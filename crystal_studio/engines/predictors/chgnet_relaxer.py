"""The relaxer: CHGNet from its own wheel, ASE's BFGS over cell and positions.

On 13 decorated prototypes of `val` BFGS took 98 steps and FIRE 249 (`tests/benchmarks/relaxing.py`).

Source: B. Deng et al., Nature Machine Intelligence 5, 1031 (2023); A. H. Larsen et al., J. Phys. Condens. Matter 29,
273002 (2017).
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import Unavailable
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.relaxer import Relaxation

if TYPE_CHECKING:
    from crystal_studio.engines.predictors.chgnet_potential import Potential

_FORCE_THRESHOLD_EV_ANGSTROM = 0.1


class ChgnetRelaxer:
    """Energies and relaxations of the CHGNet potential."""

    def __init__(self, weights: Path, sha256: str, force_threshold_ev_angstrom: float) -> None:
        self._weights = weights
        self._sha256 = sha256
        self._force_threshold = force_threshold_ev_angstrom

    @cached_property
    def _potential(self) -> Potential:
        """Loaded at the first use: torch, ASE and CHGNet take seconds to import."""
        try:
            from crystal_studio.engines.predictors.chgnet_potential import Potential
        except ImportError as error:
            raise Unavailable("Relaxing needs chgnet 0.4.2. Install it with: pip install chgnet==0.4.2") from error
        return Potential(self._weights, self._sha256)

    def energies(self, crystals: Sequence[Crystal]) -> list[float]:
        """Potential energy of each crystal as it stands, eV/atom, in one batch.

        Infinite for a crystal that the potential cannot judge (an atom without a neighbour within 6 angstrom, an
        element beyond plutonium), so that it never ranks first.
        """
        return self._potential.energies_per_atom_ev(crystals)

    def relax(self, crystal: Crystal, max_steps: int, context: JobContext) -> Relaxation:
        """Relax cell and positions until the largest force falls below the threshold.

        Raises:
            JobCancelled: stopped between two steps.
            UserCorrectable: the potential cannot treat this crystal.
        """
        potential = self._potential
        from ase.filters import FrechetCellFilter
        from ase.optimize import BFGS

        from crystal_studio.engines.predictors.chgnet_potential import PotentialCalculator, atoms_of, crystal_of

        context.check_cancelled()
        atoms = atoms_of(crystal)
        atoms.calc = PotentialCalculator(potential)
        start_energy = float(atoms.get_potential_energy())
        optimizer = BFGS(FrechetCellFilter(atoms), logfile=None)
        converged, steps = False, 0
        for reached in optimizer.irun(fmax=self._force_threshold, steps=max_steps):
            context.check_cancelled()
            converged, steps = bool(reached), optimizer.nsteps
            context.progress("relaxing", min(steps / max(max_steps, 1), 1.0), f"step {steps}")
        return Relaxation(
            crystal=crystal_of(atoms),
            energy_per_atom_ev=float(atoms.get_potential_energy()) / len(crystal),
            start_energy_per_atom_ev=start_energy / len(crystal),
            max_force_ev_angstrom=float(np.linalg.norm(atoms.get_forces(), axis=1).max()),
            steps=steps,
            converged=converged,
        )


def create(folder: Path, options: Mapping[str, Any]) -> ChgnetRelaxer:
    """Build the relaxer from its card; the weights are the named file of the installed wheel.

    Raises:
        Unavailable: the wheel is not installed.
    """
    specification = importlib.util.find_spec("chgnet")
    if specification is None or specification.origin is None:
        raise Unavailable("Relaxing needs chgnet 0.4.2. Install it with: pip install chgnet==0.4.2")
    return ChgnetRelaxer(
        weights=Path(specification.origin).parent / str(options["weights"]),
        sha256=str(options["sha256"]),
        force_threshold_ev_angstrom=float(options.get("force_threshold_ev_angstrom", _FORCE_THRESHOLD_EV_ANGSTROM)),
    )
