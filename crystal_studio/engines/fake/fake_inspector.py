"""An inspector that sees no symmetry but the identity."""

from __future__ import annotations

from math import asin, degrees, inf

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.inspection import CellChoice, Orbit, Reflection, SiteReport, SymmetryReport
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.fake.geometry import nearest_distances_angstrom
from crystal_studio.engines.fake.script import Script

_NEAR = 1.05  # times the nearest distance still counts as bonded


class FakeInspector:
    """P1 with one orbit an atom, the nearest atoms as neighbours, the first reflections of the axes.

    Attributes:
        script: symmetry reports, exceptions or stalls, one for each call of `symmetry`.
    """

    def __init__(self) -> None:
        self.script: Script[SymmetryReport] = Script()

    def symmetry(self, crystal: Crystal, symprec_angstrom: float) -> SymmetryReport:
        """Triclinic, every atom by itself."""
        scripted = self.script.play()
        if scripted is not None:
            return scripted
        orbits = tuple(
            Orbit(symbol, "a", 1, "1", (index,), np.mod(crystal.frac_coords[index], 1.0))
            for index, symbol in enumerate(crystal.species)
        )
        return SymmetryReport(SpaceGroup(1, symprec_angstrom), "1", "P 1", orbits)

    def sites(self, crystal: Crystal, symprec_angstrom: float) -> tuple[SiteReport, ...]:
        """The atoms of the home cell about as near as the nearest.

        Raises:
            UserCorrectable: atoms lie on top of each other.
        """
        nearest = nearest_distances_angstrom(crystal)
        if nearest.min() < 0.5:
            raise UserCorrectable("Atoms lie on top of each other. Scale the volume.")
        return tuple(_site(crystal, index, float(nearest[index])) for index in range(len(crystal)))

    def cell(self, crystal: Crystal, choice: CellChoice, symprec_angstrom: float) -> Crystal:
        """The crystal as it is; doubled along c for the conventional cell, so that something is seen to change."""
        if choice is not CellChoice.CONVENTIONAL:
            return crystal
        half = crystal.frac_coords * np.array([1.0, 1.0, 0.5])
        frac_coords = np.vstack([half, half + np.array([0.0, 0.0, 0.5])])
        return Crystal(crystal.lattice * np.array([[1.0], [1.0], [2.0]]), crystal.species * 2, frac_coords)

    def diffraction(
        self, crystal: Crystal, wavelength_angstrom: float, max_two_theta_degree: float
    ) -> tuple[Reflection, ...]:
        """(100), (010) and (001), where the wavelength reaches them.

        Raises:
            UserCorrectable: the wavelength or the angle is out of range.
        """
        if not 0.1 <= wavelength_angstrom <= 10 or not 0 < max_two_theta_degree <= 180:
            raise UserCorrectable("Give a wavelength of 0.1 to 10 Å and an angle of up to 180 degrees.")
        spacings = 1 / np.linalg.norm(np.linalg.inv(crystal.lattice), axis=0)
        lines = []
        for axis, spacing in enumerate(spacings.tolist()):
            sine = wavelength_angstrom / (2 * spacing) if spacing else inf
            if sine < 1 and degrees(2 * asin(sine)) <= max_two_theta_degree:
                hkl = tuple(int(index == axis) for index in range(3))
                lines.append(Reflection(degrees(2 * asin(sine)), 100.0, spacing, (hkl,)))
        return tuple(sorted(lines, key=lambda line: line.two_theta_degree))


def _site(crystal: Crystal, index: int, nearest_angstrom: float) -> SiteReport:
    difference = crystal.frac_coords - crystal.frac_coords[index]
    distances = np.linalg.norm((difference - np.round(difference)) @ crystal.lattice, axis=1)
    order = [other for other in np.argsort(distances).tolist() if other != index]
    near = [other for other in order if distances[other] <= _NEAR * nearest_angstrom]
    neighbours = tuple((crystal.species[other], float(distances[other])) for other in near)
    return SiteReport(index, crystal.species[index], "a", len(near), "", neighbours)
