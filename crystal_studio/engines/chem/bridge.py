"""Crystal to pymatgen and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable

if TYPE_CHECKING:
    from pymatgen.core import Structure


def to_structure(crystal: Crystal) -> Structure:
    """The crystal as a pymatgen `Structure`: same cell, same order, same numbers."""
    from pymatgen.core import Lattice, Structure

    return Structure(Lattice(crystal.lattice), list(crystal.species), crystal.frac_coords)


def from_structure(structure: Structure) -> Crystal:
    """The structure as a crystal, oxidation states left behind.

    Raises:
        UserCorrectable: a site is shared or only partly filled, or holds something that is no element.
    """
    if not structure.is_ordered:
        raise UserCorrectable("The structure has shared or partly filled sites. Give one with every site filled.")
    species = tuple(_symbol(site.specie) for site in structure)
    return Crystal(structure.lattice.matrix, species, structure.frac_coords)


def _symbol(specie: object) -> str:
    """Element symbol; deuterium and tritium are hydrogen."""
    element = getattr(specie, "element", specie)
    symbol = str(getattr(element, "symbol", element))
    return "H" if symbol in {"D", "T"} else symbol
