"""Crystal to text, and crystal to symmetry."""

from __future__ import annotations

from typing import Protocol

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.symmetry import SpaceGroup


class Describer(Protocol):
    """Writes Robocrystallographer's description."""

    def describe(self, crystal: Crystal) -> str:
        """The description.

        Raises:
            UserCorrectable: the crystal cannot be described (too large, atoms on top of each other).
        """


class Symmetrizer(Protocol):
    """Finds symmetry."""

    def space_group(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> SpaceGroup:
        """The space group within a tolerance; P1 where the search finds nothing."""

    def conventional(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The conventional standard cell."""

    def primitive(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The primitive standard cell."""

    def impose(self, crystal: Crystal, template: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """Give a distorted copy of `template` (same cell choice, same order of sites) the template's symmetry back.

        The metric tensor and the minimum-image displacements are averaged over the template's operations, so the
        lattice and the free parameters of the distorted crystal survive.
        """

    def symmetrized(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The crystal moved onto the symmetry that it has within a tolerance, in its own cell."""

    def unit_distance_angstrom(self, crystal: Crystal) -> float | None:
        """Mean nearest distance between centres of structural units.

        Units are coordination polyhedra (cation-centred), or the components of a layered or molecular crystal.
        None where the crystal has no units.
        """


class StructureComparer(Protocol):
    """Compares crystals as StructureMatcher does."""

    def rms_distance(self, first: Crystal, second: Crystal) -> float | None:
        """Normalised RMS displacement, None when the two do not match."""
