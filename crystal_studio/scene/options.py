"""What a person chooses about how a crystal is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.scene.colours import ColourScheme, Rgb
from crystal_studio.scene.drawable import Style
from crystal_studio.scene.radii import RadiusKind

MAX_SUPERCELL = 20
_LONGEST_CUTOFF_ANGSTROM = 10.0


class BondRule(StrEnum):
    """How bonded pairs are found; cut-offs of single pairs come on top."""

    NEAREST = "nearest neighbours"
    RADII = "sum of covalent radii"


class LabelKind(StrEnum):
    """What is written beside each atom."""

    NONE = "none"
    ELEMENT = "element"
    SITE = "element and number"


def pair_of(first: str, second: str) -> tuple[str, str]:
    """Two elements in the order in which `SceneOptions.cutoffs_angstrom` names them."""
    return (first, second) if first <= second else (second, first)


@dataclass(frozen=True)
class SceneOptions:
    """How a crystal is drawn; the defaults are what users of VESTA expect.

    Attributes:
        style: ball and stick, space filling, sticks or polyhedra.
        scheme: whose element colours.
        colours: own colours of elements, before the scheme's.
        hidden: elements whose atoms are not drawn, nor their bonds, nor the polyhedra around them.
        supercell: repeats along a, b, c.
        boundary: whether an atom on a face, edge or corner of the cell appears on all of them.
        complete: whether molecules and complex anions (SiO4, CO3) that the boundary cuts are drawn whole, and, where
            polyhedra are drawn, all of these.
        cell: whether the unit cell is drawn.
        bonds: whether bonds are drawn (in the styles that have any).
        labels: what is written beside each atom.
        rule: how bonded pairs are found.
        bond_factor: with `BondRule.RADII`, the longest bond over the sum of the covalent radii.
        cutoffs_angstrom: longest bond of a pair of elements (see `pair_of`), before any rule; 0 draws none.
        weak_bonds: whether bonds to large, weakly bonded cations (Sr in SrTiO3) are drawn too.
        radius: which radii the spheres are drawn with.
        sphere_scale: size of all spheres; 1 is the style's own.
        centres: elements whose polyhedra are drawn; None for all cations with 4 to 12 anions around them.

    Raises:
        UserCorrectable: a number is out of its range or a symbol is no element.
    """

    style: Style = Style.BALL_AND_STICK
    scheme: ColourScheme = ColourScheme.JMOL
    colours: Mapping[str, Rgb] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()
    supercell: tuple[int, int, int] = (1, 1, 1)
    boundary: bool = True
    complete: bool = True
    cell: bool = True
    bonds: bool = True
    labels: LabelKind = LabelKind.NONE
    rule: BondRule = BondRule.NEAREST
    bond_factor: float = 1.15
    cutoffs_angstrom: Mapping[tuple[str, str], float] = field(default_factory=dict)
    weak_bonds: bool = False
    radius: RadiusKind = RadiusKind.AUTOMATIC
    sphere_scale: float = 1.0
    centres: frozenset[str] | None = None

    def __post_init__(self) -> None:
        if not all(1 <= n <= MAX_SUPERCELL for n in self.supercell):
            raise UserCorrectable(f"A supercell repeats the cell 1 to {MAX_SUPERCELL} times along each axis.")
        if not 0.2 <= self.sphere_scale <= 5:
            raise UserCorrectable("The size of the spheres is between 0.2 and 5.")
        if not 0.5 <= self.bond_factor <= 2:
            raise UserCorrectable("The longest bond is 0.5 to 2 times the sum of the covalent radii.")
        for pair, cutoff in self.cutoffs_angstrom.items():
            if not 0 <= cutoff <= _LONGEST_CUTOFF_ANGSTROM:
                raise UserCorrectable(
                    f"The cut-off of {'-'.join(pair)} is 0 (no bonds) to {_LONGEST_CUTOFF_ANGSTROM:g} Å."
                )
        self._check_symbols()

    def _check_symbols(self) -> None:
        paired = {symbol for pair in self.cutoffs_angstrom for symbol in pair}
        named = paired.union(self.colours, self.hidden, self.centres or ())
        unknown = sorted(named - BY_SYMBOL.keys())
        if unknown:
            raise UserCorrectable(f"There is no element '{unknown[0]}'. Use symbols such as Sr or Ti.")
