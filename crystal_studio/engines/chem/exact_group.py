"""Whether sites can have a space group and no more: Ga on 4a and As on 4b of F-43m are rock salt, which is Fm-3m.

The sites are put where nothing but the group relates them, and the symmetry of that crystal is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.elements import SYMBOLS
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.orbits import lattice_from_parameters
from crystal_studio.engines.chem.site_coordinates import SiteCoordinates, site_coordinates
from crystal_studio.engines.chem.symmetry import symmetry_dataset
from crystal_studio.engines.chem.wyckoff import primitive_vectors

_TOLERANCE_ANGSTROM = 1e-3
_LENGTHS_ANGSTROM, _ANGLES_DEGREE = (31.0, 37.3, 41.9), (83.1, 97.7, 104.3)
_EQUAL_AXES = {"cubic": (0, 0, 0), "tetragonal": (0, 0, 2), "trigonal": (0, 0, 2), "hexagonal": (0, 0, 2)}
_IRRATIONAL = (0.7548776662466927, 0.5698402909980532, 0.3819660112501051)


@lru_cache(maxsize=20_000)
def can_have_exactly(space_group: int, sites: tuple[tuple[int, str], ...]) -> bool:
    """Whether a crystal on these sites can have this group, not one with more operations.

    Args:
        space_group: number.
        sites: element, by any number that tells it from the others, and Wyckoff letter of each site.
    """
    places = {place.letter: place for place in site_coordinates(space_group)}
    dataset = symmetry_dataset(
        _crystal(space_group, [(element, places[letter]) for element, letter in sites]), _TOLERANCE_ANGSTROM
    )
    operations = len(site_coordinates(space_group)[-1].position.rotations)
    return dataset is not None and int(dataset.number) == space_group and len(dataset.rotations) == operations


def _crystal(space_group: int, sites: Sequence[tuple[int, SiteCoordinates]]) -> Crystal:
    """A crystal with free parameters that nothing relates."""
    species: list[str] = []
    frac_coords: list[Array] = []
    for number, (element, place) in enumerate(sites, 1):
        # Squares: plain multiples lie at equal distances, which an inversion relates.
        orbit = place.sites(np.array(_IRRATIONAL)[: place.num_free] * number**2 % 1.0)
        species += [SYMBOLS[element]] * len(orbit)
        frac_coords.append(orbit)
    lattice = primitive_vectors(space_group).T @ _conventional(SpaceGroup(space_group).crystal_system)
    return Crystal(lattice, tuple(species), np.concatenate(frac_coords) % 1.0)


def _conventional(system: str) -> Array:
    """A conventional cell (3, 3) of a crystal system, angstrom, with free parameters that nothing relates."""
    a, b, c = (_LENGTHS_ANGSTROM[axis] for axis in _EQUAL_AXES.get(system, (0, 1, 2)))
    alpha, beta, gamma = {
        "triclinic": _ANGLES_DEGREE,
        "monoclinic": (90.0, _ANGLES_DEGREE[1], 90.0),
        "trigonal": (90.0, 90.0, 120.0),
        "hexagonal": (90.0, 90.0, 120.0),
    }.get(system, (90.0, 90.0, 90.0))
    return lattice_from_parameters(a, b, c, alpha, beta, gamma)
