"""Which elements bond with which, and who is whose centre.

Bonds are of three kinds. A metal or metalloid is the centre, or cation, of more electronegative atoms, its ligands.
Two non-metals, or two atoms of one metalloid, share a covalent bond. Metals bond with metals only where no anion is
near: Sr and Ti in SrTiO3 are closer than the sum of their radii, and not bonded.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.scene.radii import covalent_radius

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

NOBLE = frozenset(("He", "Ne", "Ar", "Kr", "Xe", "Rn"))
NON_METALS = NOBLE | {"H", "C", "N", "O", "F", "P", "S", "Cl", "Se", "Br", "I", "At"}
METALLOIDS = frozenset(("B", "Si", "Ge", "As", "Sb", "Te"))
ANIONS = frozenset(("N", "O", "F", "S", "Cl", "Se", "Br", "Te", "I"))
# Difference of Pauling electronegativities from which the lesser atom counts as positive: C-O, Si-O, P-O and O-H are,
# Ga-As, P-S and B-H are not.
POLAR = 0.3


# Cordero's radius is that of Tl(III); Tl(I), the usual ion, is as large as Rb (Shannon: 1.50 and 1.52 angstrom).
_THALLIUM_ANGSTROM = 1.75


class Kind(IntEnum):
    """The bond that a pair of elements can have, seen from the first."""

    NONE = 0
    COVALENT = 1
    CENTRE = 2
    LIGAND = 3
    METALLIC = 4


def is_metal(symbol: str) -> bool:
    """Whether an element is neither a non-metal nor a metalloid."""
    return symbol not in NON_METALS and symbol not in METALLOIDS


def electronegativity(symbol: str) -> float:
    """Pauling's; 0 for the noble gases that have none, 1.3 for the few heavy metals that have none."""
    listed = BY_SYMBOL[symbol].electronegativity
    return listed if listed is not None else 0.0 if symbol in NOBLE else 1.3


def charge(symbol: str) -> int:
    """The highest common oxidation state, at least 1."""
    return max(1, *BY_SYMBOL[symbol].common_oxidation_states, 1)


def kind(first: str, second: str) -> Kind:
    """The bond that two elements can have, seen from the first."""
    if is_metal(first) and is_metal(second):
        return Kind.METALLIC
    if first == second or (first in NON_METALS and second in NON_METALS):
        return Kind.COVALENT
    if {first, second} & NOBLE:
        return Kind.NONE
    if is_metal(first) or is_metal(second):
        return Kind.CENTRE if is_metal(first) else Kind.LIGAND
    return Kind.CENTRE if _order(first) < _order(second) else Kind.LIGAND


def _order(symbol: str) -> tuple[float, int]:
    return electronegativity(symbol), -BY_SYMBOL[symbol].number


@dataclass(frozen=True)
class Elements:
    """The elements of one crystal as arrays: E elements, N atoms.

    Attributes:
        symbols: of the E elements.
        of_N: which of them each atom is.
        radius_E: covalent radius in angstrom, of thallium a larger one.
        negativity_E: Pauling electronegativity.
        metal_E: whether it is a metal.
        kind_EE: `Kind` of each pair.
    """

    symbols: tuple[str, ...]
    of_N: Integers
    radius_E: Floats
    negativity_E: Floats
    metal_E: NDArray[np.bool_]
    kind_EE: Integers

    @classmethod
    def of(cls, species: tuple[str, ...]) -> Elements:
        """The elements of a crystal's atoms."""
        symbols = tuple(sorted(set(species)))
        number = {symbol: index for index, symbol in enumerate(symbols)}
        return cls(
            symbols=symbols,
            of_N=np.array([number[symbol] for symbol in species], dtype=np.int64),
            radius_E=np.array([_THALLIUM_ANGSTROM if one == "Tl" else covalent_radius(one) for one in symbols]),
            negativity_E=np.array([electronegativity(symbol) for symbol in symbols]),
            metal_E=np.array([is_metal(symbol) for symbol in symbols]),
            kind_EE=np.array([[kind(one, other) for other in symbols] for one in symbols], dtype=np.int64),
        )

    @property
    def reach_EE(self) -> Floats:
        """Sum of the covalent radii of each pair, angstrom."""
        return np.asarray(self.radius_E[:, None] + self.radius_E[None, :], dtype=np.float64)

    def among(self, chosen: frozenset[str]) -> NDArray[np.bool_]:
        """Which of the atoms are of the chosen elements, shape (N,)."""
        return np.array([symbol in chosen for symbol in self.symbols], dtype=bool)[self.of_N]
