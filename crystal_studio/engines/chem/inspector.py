"""What is worked out about one crystal on request: symmetry, sites, other cells, powder pattern."""

from __future__ import annotations

import warnings
from math import pi, radians, sin
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.inspection import CellChoice, Orbit, Reflection, SiteReport, SymmetryReport
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.geometry import shortest_distance_angstrom
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer, symmetry_dataset

MOST_ATOMS_SEARCHED = 2000
MOST_ATOMS_BONDED = 300
MOST_RECIPROCAL_POINTS = 200_000
WAVELENGTHS_ANGSTROM = (0.1, 10.0)

_MIN_DISTANCE_ANGSTROM = 0.5
_PATTERN_SYMPREC_ANGSTROM = 0.01  # finds the cell that reflections are named after; moves no atom that matters
_GEOMETRY_SYMPREC_ANGSTROM = 0.01  # as the descriptions
_DISTORTED_LIKENESS = 0.6  # below it, Robocrystallographer calls a geometry distorted

_EXTINCT = 1e-9  # of the intensity of all electrons in phase: rounding, not scattering


class SpglibInspector:
    """Symmetry by spglib, neighbours by CrystalNN, patterns by pymatgen."""

    def __init__(self) -> None:
        self._symmetrizer = SpglibSymmetrizer()

    def symmetry(self, crystal: Crystal, symprec_angstrom: float) -> SymmetryReport:
        """Space group, point group and orbits at a tolerance.

        Raises:
            UserCorrectable: too many atoms, or no symmetry search succeeds.
        """
        dataset = _dataset(crystal, symprec_angstrom)
        members: dict[int, list[int]] = {}
        for site, orbit in enumerate(dataset.crystallographic_orbits.tolist()):
            members.setdefault(orbit, []).append(site)
        return SymmetryReport(
            space_group=SpaceGroup(int(dataset.number), symprec_angstrom),
            point_group=str(dataset.pointgroup).strip(),
            hall=str(dataset.hall),
            orbits=tuple(_orbit(crystal, dataset, sites) for sites in members.values()),
        )

    def sites(self, crystal: Crystal, symprec_angstrom: float) -> tuple[SiteReport, ...]:
        """Bonded neighbours and geometry of every atom, as the descriptions have them.

        Raises:
            UserCorrectable: too many atoms, atoms on top of each other, or no neighbours can be found.
        """
        _refuse_unbondable(crystal)
        letters = _dataset(crystal, symprec_angstrom).wyckoffs
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # CrystalNN warns of each element without a tabulated radius
            try:
                facts = _facts(crystal)
                return tuple(_site(crystal, facts, index, str(letters[index])) for index in range(len(crystal)))
            except (ValueError, RuntimeError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
                # The libraries state no errors of their own; see `describer`.
                raise UserCorrectable(
                    f"The neighbours in this {crystal.formula} cannot be found ({error}). Relax the crystal, or look "
                    "at another candidate."
                ) from error

    def cell(self, crystal: Crystal, choice: CellChoice, symprec_angstrom: float) -> Crystal:
        """The crystal in another cell.

        Raises:
            UserCorrectable: too many atoms, or no symmetry search succeeds.
        """
        if choice is CellChoice.INPUT:
            return crystal
        _refuse_large(crystal)
        if choice is CellChoice.CONVENTIONAL:
            return self._symmetrizer.conventional(crystal, symprec_angstrom)
        primitive = self._symmetrizer.primitive(crystal, symprec_angstrom)
        return primitive if choice is CellChoice.PRIMITIVE else _niggli(primitive)

    def diffraction(
        self, crystal: Crystal, wavelength_angstrom: float, max_two_theta_degree: float
    ) -> tuple[Reflection, ...]:
        """Simulated powder pattern; reflections are named after the conventional cell.

        Raises:
            UserCorrectable: wavelength or angle out of range, too large a cell, or an element without scattering
                factors.
        """
        _refuse_angle(wavelength_angstrom, max_two_theta_degree)
        crystal = self._conventional(crystal)
        _refuse_many_reflections(crystal, wavelength_angstrom, max_two_theta_degree)
        lines = _lines(crystal, wavelength_angstrom, max_two_theta_degree)
        if not lines:
            raise UserCorrectable(
                f"No reflection lies below {max_two_theta_degree:g} degrees. Give a larger angle, or a shorter "
                "wavelength."
            )
        return lines

    def _conventional(self, crystal: Crystal) -> Crystal:
        """The conventional cell; the cell as it is where it is large or has no symmetry."""
        if len(crystal) > MOST_ATOMS_SEARCHED or symmetry_dataset(crystal, _PATTERN_SYMPREC_ANGSTROM) is None:
            return crystal
        return self._symmetrizer.conventional(crystal, _PATTERN_SYMPREC_ANGSTROM)


def _dataset(crystal: Crystal, symprec_angstrom: float) -> Any:
    _refuse_large(crystal)
    dataset = symmetry_dataset(crystal, symprec_angstrom)
    if dataset is None:
        raise UserCorrectable(
            f"No symmetry was found within {symprec_angstrom:g} Å. Use another tolerance; atoms that lie on each other "
            "have none."
        )
    return dataset


def _orbit(crystal: Crystal, dataset: Any, sites: list[int]) -> Orbit:
    first = sites[0]
    primitive_atoms = len(set(dataset.mapping_to_primitive[sites].tolist()))
    cells = len(dataset.std_types) // len(set(dataset.mapping_to_primitive.tolist()))
    return Orbit(
        element=crystal.species[first],
        wyckoff=str(dataset.wyckoffs[first]),
        multiplicity=primitive_atoms * cells,
        site_symmetry=str(dataset.site_symmetry_symbols[first]),
        sites=tuple(sites),
        frac_coords=np.mod(crystal.frac_coords[first], 1.0),
    )


def _facts(crystal: Crystal) -> Any:
    from crystal_studio.engines.chem.coordination import SharedNeighbours
    from crystal_studio.engines.chem.site_facts import site_facts

    shared = SharedNeighbours(to_structure(crystal))
    return site_facts(shared.bonded_structure(), shared.site_fingerprints(), _GEOMETRY_SYMPREC_ANGSTROM)


def _site(crystal: Crystal, facts: Any, index: int, wyckoff: str) -> SiteReport:
    bonds = facts.bonded_structure.get_connected_sites(index)
    neighbours = tuple((crystal.species[bond.index], float(bond.dist)) for bond in bonds)
    return SiteReport(index, crystal.species[index], wyckoff, len(bonds), _geometry(facts, index), neighbours)


def _geometry(facts: Any, index: int) -> str:
    found = facts.get_site_geometry(index)
    name = str(found["type"])
    if name.endswith("-coordinate"):
        return ""
    return f"distorted {name}" if float(found["likeness"]) < _DISTORTED_LIKENESS else name


def _lines(crystal: Crystal, wavelength_angstrom: float, max_two_theta_degree: float) -> tuple[Reflection, ...]:
    """Reflections scaled to the strongest, without those that the structure extinguishes."""
    from pymatgen.analysis.diffraction.xrd import ATOMIC_SCATTERING_PARAMS, XRDCalculator

    unknown = sorted(set(crystal.species) - ATOMIC_SCATTERING_PARAMS.keys())
    if unknown:
        raise UserCorrectable(f"No scattering factors are tabulated for {unknown[0]}. Use a crystal without it.")
    calculator, limits = XRDCalculator(wavelength=wavelength_angstrom), (0, max_two_theta_degree)
    try:
        pattern = calculator.get_pattern(to_structure(crystal), scaled=False, two_theta_range=limits)
    except ValueError:  # the maximum of no reflections at all
        return ()
    strongest = float(max(pattern.y, default=0.0))
    electrons = sum(BY_SYMBOL[symbol].number for symbol in crystal.species)
    if strongest < _EXTINCT * electrons**2:
        return ()
    return tuple(
        Reflection(float(angle), 100 * float(value) / strongest, float(d), tuple(tuple(one["hkl"]) for one in families))
        for angle, value, d, families in zip(pattern.x, pattern.y, pattern.d_hkls, pattern.hkls, strict=True)
    )


def _niggli(crystal: Crystal) -> Crystal:
    """The crystal in the Niggli-reduced cell of its lattice, right-handed, in the same place in space."""
    import spglib

    reduced = spglib.niggli_reduce(np.array(crystal.lattice), eps=1e-5)
    if reduced is None:
        raise UserCorrectable("This cell cannot be reduced to its Niggli cell. Use the primitive cell.")
    change: NDArray[np.float64] = np.rint(np.asarray(reduced) @ np.linalg.inv(crystal.lattice))
    if np.linalg.det(change) < 0:
        change = -change
    frac_coords = np.mod(crystal.frac_coords @ np.linalg.inv(change), 1.0)
    return Crystal(change @ crystal.lattice, crystal.species, frac_coords)


def _refuse_large(crystal: Crystal) -> None:
    if len(crystal) > MOST_ATOMS_SEARCHED:
        raise UserCorrectable(
            f"The cell has {len(crystal):,} atoms; symmetry is searched for in up to {MOST_ATOMS_SEARCHED:,}. Use a "
            "smaller cell."
        )


def _refuse_unbondable(crystal: Crystal) -> None:
    if len(crystal) > MOST_ATOMS_BONDED:
        raise UserCorrectable(
            f"The cell has {len(crystal):,} atoms; neighbours are searched for in up to {MOST_ATOMS_BONDED}. Use the "
            "primitive cell."
        )
    shortest = shortest_distance_angstrom(crystal)
    if shortest < _MIN_DISTANCE_ANGSTROM:
        raise UserCorrectable(
            f"Two atoms are {shortest:.2f} Å apart, too near for neighbours to be told. Scale the volume, or look at "
            "another candidate."
        )


def _refuse_angle(wavelength_angstrom: float, max_two_theta_degree: float) -> None:
    low, high = WAVELENGTHS_ANGSTROM
    if not low <= wavelength_angstrom <= high:
        raise UserCorrectable(f"A wavelength of {wavelength_angstrom:g} Å is out of range. Give {low} to {high:g} Å.")
    if not 0 < max_two_theta_degree <= 180:
        raise UserCorrectable(f"An angle of {max_two_theta_degree:g} degrees is out of range. Give up to 180 degrees.")


def _refuse_many_reflections(crystal: Crystal, wavelength_angstrom: float, max_two_theta_degree: float) -> None:
    """Counts the points of the reciprocal lattice in the limiting sphere."""
    radius = 2 * sin(radians(max_two_theta_degree / 2)) / wavelength_angstrom
    points = 4 / 3 * pi * radius**3 * crystal.volume_angstrom3
    if points > MOST_RECIPROCAL_POINTS:
        raise UserCorrectable(
            f"The pattern would have about {points:,.0f} reflections, more than {MOST_RECIPROCAL_POINTS:,}. Give a "
            "smaller angle, or a longer wavelength."
        )
