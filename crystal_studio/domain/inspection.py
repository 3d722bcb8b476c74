"""What is worked out about one crystal on request: symmetry, sites, powder pattern."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crystal_studio.domain.crystal import Array
from crystal_studio.domain.symmetry import SpaceGroup


@dataclass(frozen=True)
class Orbit:
    """Symmetry-equivalent sites.

    Attributes:
        element: symbol.
        wyckoff: letter of the Wyckoff position.
        multiplicity: sites of the position in the conventional cell.
        site_symmetry: oriented site-symmetry symbol, such as ``m-3m``.
        sites: indices of its atoms in the crystal inspected.
        frac_coords: (3,) fractional coordinates of its first atom.
    """

    element: str
    wyckoff: str
    multiplicity: int
    site_symmetry: str
    sites: tuple[int, ...]
    frac_coords: Array


@dataclass(frozen=True)
class SymmetryReport:
    """The symmetry of a crystal at one tolerance.

    Attributes:
        space_group: with the tolerance of the search.
        point_group: Hermann-Mauguin symbol of the crystal class.
        hall: Hall symbol of the setting.
        orbits: every atom of the crystal is in exactly one.
    """

    space_group: SpaceGroup
    point_group: str
    hall: str
    orbits: tuple[Orbit, ...]


@dataclass(frozen=True)
class SiteReport:
    """One atom and its neighbours.

    Attributes:
        index: position in the crystal.
        element: symbol.
        wyckoff: letter of its Wyckoff position.
        coordination: number of bonded neighbours (CrystalNN).
        geometry: name of the coordination geometry, "" where none is recognised.
        neighbours: element and distance in angstrom of each bonded neighbour, nearest first.
    """

    index: int
    element: str
    wyckoff: str
    coordination: int
    geometry: str
    neighbours: tuple[tuple[str, float], ...]


class CellChoice(StrEnum):
    """Which cell of a crystal is shown."""

    INPUT = "as generated"
    PRIMITIVE = "primitive"
    CONVENTIONAL = "conventional"
    NIGGLI = "Niggli"


@dataclass(frozen=True)
class Reflection:
    """One line of a powder pattern.

    Attributes:
        two_theta_degree: position.
        intensity: 0 to 100, scaled to the strongest.
        d_angstrom: lattice spacing.
        hkl: indices of every family on the line.
    """

    two_theta_degree: float
    intensity: float
    d_angstrom: float
    hkl: tuple[tuple[int, ...], ...]
