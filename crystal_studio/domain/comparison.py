"""How two crystals, or two nodes, differ."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.symmetry import SpaceGroup


@dataclass(frozen=True)
class Side:
    """What a comparison needs of one of the two.

    Attributes:
        crystal: as committed.
        space_group: of it.
        band_gap: predicted, None where unknown.
        e_above_hull: predicted, eV/atom, None where unknown.
        pivot: the text that conditioned it, "" where there was none.
        node: id of its node, "" for a crystal that is none.
    """

    crystal: Crystal
    space_group: SpaceGroup
    band_gap: Measured | None = None
    e_above_hull: Measured | None = None
    pivot: str = ""
    node: str = ""


@dataclass(frozen=True)
class LatticeChange:
    """Conventional cells set side by side; each change is (second - first) in % of the first, angles in degrees.

    Attributes:
        lengths_percent: a, b, c.
        angles_degree: alpha, beta, gamma, second minus first.
        volume_per_atom_percent: of the volume per atom, which does not depend on the cell.
    """

    lengths_percent: tuple[float, float, float]
    angles_degree: tuple[float, float, float]
    volume_per_atom_percent: float


@dataclass(frozen=True)
class SiteMove:
    """One site of the first crystal and the site of the second that it is matched with.

    Attributes:
        site: index in the first crystal.
        matched: index in the second crystal.
        before, after: element symbols.
        vector_angstrom: Cartesian displacement in the frame of the first crystal.
        distance_angstrom: its length.
    """

    site: int
    matched: int
    before: str
    after: str
    vector_angstrom: tuple[float, float, float]
    distance_angstrom: float


@dataclass(frozen=True)
class Surroundings:
    """Mean coordination and bond lengths around one element.

    Attributes:
        element: symbol of the central atom.
        coordination: mean number of neighbours.
        bonds_angstrom: neighbour's symbol -> mean bond length.
    """

    element: str
    coordination: float
    bonds_angstrom: dict[str, float]


@dataclass(frozen=True)
class Comparison:
    """Two crystals set side by side.

    Attributes:
        first, second: what was compared.
        lattice: how the cell changed.
        moves: matched sites; empty where the two do not match.
        rms_displacement_angstrom: over the matched sites, None where the two do not match.
        is_same_structure: whether `StructureMatcher` finds the same structure with the same elements.
        is_same_framework: whether it does when elements are ignored.
        second_in_frame: the second crystal in the cell and origin of the first, for an overlay; None without a match.
        surroundings_first, surroundings_second: coordination and bonds of each element.
        unmatched_reason: why there are no moves, "" where there are.
    """

    first: Side
    second: Side
    lattice: LatticeChange
    moves: tuple[SiteMove, ...]
    rms_displacement_angstrom: float | None
    is_same_structure: bool
    is_same_framework: bool
    second_in_frame: Crystal | None
    surroundings_first: tuple[Surroundings, ...]
    surroundings_second: tuple[Surroundings, ...]
    unmatched_reason: str = ""
