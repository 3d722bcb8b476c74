"""Symmetry of crystals, found by spglib."""

from __future__ import annotations

from typing import Any

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL, SYMBOLS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.impose import impose_symmetry, symmetrized
from crystal_studio.engines.chem.units import unit_distance_angstrom

Cell = tuple[Any, Any, Any]

_MIN_VOLUME_ANGSTROM3 = 0.1


class SpglibSymmetrizer:
    """Finds space groups and standard cells."""

    def space_group(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> SpaceGroup:
        """The space group within a tolerance; P1 where the search finds nothing."""
        dataset = symmetry_dataset(crystal, symprec_angstrom)
        return SpaceGroup(1 if dataset is None else int(dataset.number), symprec_angstrom)

    def conventional(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The conventional standard cell, positions moved onto the symmetry found.

        Raises:
            UserCorrectable: no symmetry search succeeds on this crystal.
        """
        return _standard(crystal, symprec_angstrom, to_primitive=False)

    def primitive(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The primitive standard cell, positions moved onto the symmetry found.

        Raises:
            UserCorrectable: no symmetry search succeeds on this crystal.
        """
        return _standard(crystal, symprec_angstrom, to_primitive=True)

    def impose(self, crystal: Crystal, template: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """Give a distorted copy of `template` the template's symmetry back; see `impose`."""
        return impose_symmetry(crystal, template, symprec_angstrom)

    def symmetrized(self, crystal: Crystal, symprec_angstrom: float = 0.1) -> Crystal:
        """The crystal moved onto the symmetry that it has within a tolerance; see `impose`."""
        return symmetrized(crystal, symprec_angstrom)

    def unit_distance_angstrom(self, crystal: Crystal) -> float | None:
        """Mean nearest distance between centres of structural units; see `units`."""
        return unit_distance_angstrom(crystal)


def symmetry_dataset(crystal: Crystal, symprec_angstrom: float) -> Any:
    """spglib's dataset (operations, Wyckoff letters, orbits), None where the search fails."""
    import spglib

    if crystal.volume_angstrom3 < _MIN_VOLUME_ANGSTROM3:
        return None  # the search may take seconds where every atom is near every other
    try:
        return spglib.get_symmetry_dataset(_cell(crystal), symprec=symprec_angstrom)
    except spglib.SpglibError:
        return None


def _standard(crystal: Crystal, symprec_angstrom: float, *, to_primitive: bool) -> Crystal:
    import spglib

    try:
        cell = spglib.standardize_cell(_cell(crystal), to_primitive=to_primitive, symprec=symprec_angstrom)
    except spglib.SpglibError:
        cell = None
    if cell is None:
        raise UserCorrectable(
            f"No symmetry was found within {symprec_angstrom} Å, so there is no standard cell. "
            "Use another tolerance, or the cell as it is."
        )
    lattice, frac_coords, numbers = cell
    return Crystal(lattice, tuple(SYMBOLS[number - 1] for number in numbers), frac_coords)


def _cell(crystal: Crystal) -> Cell:
    numbers = np.array([BY_SYMBOL[symbol].number for symbol in crystal.species], dtype=np.intc)
    return crystal.lattice, crystal.frac_coords, numbers
