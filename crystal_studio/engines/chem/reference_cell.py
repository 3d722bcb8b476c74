"""The cell in which known crystals are kept and compared, and what two crystals must share to be compared at all."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL, SYMBOLS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.bridge import from_structure, to_structure
from crystal_studio.engines.chem.geometry import shortest_distance_angstrom
from crystal_studio.engines.chem.mineral import reduced_cell
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer

MAX_ATOMS = 60
MAX_ATOMS_GIVEN = 2_000
MIN_DISTANCE_ANGSTROM = 0.5
SYMPREC_ANGSTROM = 0.1
_PRIMITIVE_SYMPREC_ANGSTROM = 0.01


@dataclass(frozen=True)
class ReferenceCell:
    """A crystal, reduced.

    Attributes:
        crystal: Niggli-reduced primitive cell, as `StructureMatcher` reduces before it matches.
        space_group: number, found within `SYMPREC_ANGSTROM`.
    """

    crystal: Crystal
    space_group: int

    @property
    def num_sites(self) -> int:
        """Atoms in the reduced cell; two crystals with different numbers never match."""
        return len(self.crystal)

    @property
    def volume_per_atom_angstrom3(self) -> float:
        """Volume of the cell over its atoms."""
        return self.crystal.volume_angstrom3 / len(self.crystal)

    def dissimilarity(self, space_group: int, volume_per_atom_angstrom3: float) -> tuple[bool, float]:
        """Sorts crystals of one formula and size by how likely they are the same as this one."""
        return (
            space_group != self.space_group,
            abs(log(volume_per_atom_angstrom3 / self.volume_per_atom_angstrom3)),
        )


def reference_cell(crystal: Crystal) -> ReferenceCell:
    """Reduce a crystal.

    Raises:
        UserCorrectable: more than `MAX_ATOMS` atoms in the primitive cell, or atoms on top of each other.
    """
    if len(crystal) > MAX_ATOMS_GIVEN:
        raise UserCorrectable(f"The cell has more than {MAX_ATOMS_GIVEN} atoms. Give the primitive cell.")
    primitive = _primitive(crystal)
    if len(primitive) > MAX_ATOMS:
        raise UserCorrectable(f"The primitive cell has more than {MAX_ATOMS} atoms. Smaller cells can be compared.")
    if shortest_distance_angstrom(primitive) < MIN_DISTANCE_ANGSTROM:
        raise UserCorrectable(f"Two atoms are less than {MIN_DISTANCE_ANGSTROM} Å apart. Check the positions.")
    reduced = from_structure(reduced_cell(to_structure(primitive)))
    return ReferenceCell(reduced, SpglibSymmetrizer().space_group(reduced, SYMPREC_ANGSTROM).number)


def _primitive(crystal: Crystal) -> Crystal:
    """A primitive cell with positions as they are; the crystal itself where the search fails."""
    import spglib

    numbers = np.array([BY_SYMBOL[symbol].number for symbol in crystal.species], dtype=np.intc)
    cell = (crystal.lattice, crystal.frac_coords, numbers)
    try:
        found = spglib.standardize_cell(cell, to_primitive=True, no_idealize=True, symprec=_PRIMITIVE_SYMPREC_ANGSTROM)
    except spglib.SpglibError:
        found = None
    if found is None:
        return crystal
    lattice, frac_coords, numbers = found
    return Crystal(lattice, tuple(SYMBOLS[number - 1] for number in numbers), frac_coords)
