"""What is worked out about one crystal on request."""

from __future__ import annotations

from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.inspection import CellChoice, Reflection, SiteReport, SymmetryReport


class Inspector(Protocol):
    """Symmetry, sites, cells and powder patterns.

    Raises:
        UserCorrectable: from any method, where the crystal does not allow it; says what to change.
    """

    def symmetry(self, crystal: Crystal, symprec_angstrom: float) -> SymmetryReport:
        """Space group, point group and orbits at a tolerance."""

    def sites(self, crystal: Crystal, symprec_angstrom: float) -> tuple[SiteReport, ...]:
        """Neighbours of every atom."""

    def cell(self, crystal: Crystal, choice: CellChoice, symprec_angstrom: float) -> Crystal:
        """The crystal in another cell."""

    def diffraction(
        self, crystal: Crystal, wavelength_angstrom: float, max_two_theta_degree: float
    ) -> tuple[Reflection, ...]:
        """Simulated powder pattern, lines in order of angle."""
