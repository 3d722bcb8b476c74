"""Space groups: number, symbol and crystal system."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.space_group_table import SYMBOLS

CRYSTAL_SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")
_LAST_NUMBER = (2, 15, 74, 142, 167, 194, 230)
_CENTROSYMMETRIC = ((2, 2), (10, 15), (47, 74), (83, 88), (123, 142), (147, 148), (162, 167), (175, 176), (191, 194),
                    (200, 206), (221, 230))  # fmt: skip
_POLAR = ((1, 1), (3, 9), (25, 46), (75, 80), (99, 110), (143, 146), (156, 161), (168, 173), (183, 186))
_BY_SYMBOL = {symbol: number for number, symbol in enumerate(SYMBOLS, 1)}


def _bare(symbol: str) -> str:
    return symbol.replace("_", "").replace(" ", "")


_BY_BARE_SYMBOL = {_bare(symbol): number for symbol, number in _BY_SYMBOL.items()}


@dataclass(frozen=True)
class SpaceGroup:
    """One of the 230 space groups, optionally with the tolerance at which it was found.

    Attributes:
        number: 1 to 230.
        symprec_angstrom: tolerance of the search that found it, None when only asked for.

    Raises:
        UserCorrectable: the number is not 1 to 230.
    """

    number: int
    symprec_angstrom: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.number <= len(SYMBOLS):
            raise UserCorrectable(f"There is no space group {self.number}. Give a number from 1 to 230.")

    @property
    def symbol(self) -> str:
        """Short Hermann-Mauguin symbol as spglib writes it, such as ``Pm-3m``."""
        return SYMBOLS[self.number - 1]

    @property
    def crystal_system(self) -> str:
        """One of `CRYSTAL_SYSTEMS`; rhombohedral groups are trigonal."""
        return next(name for name, last in zip(CRYSTAL_SYSTEMS, _LAST_NUMBER, strict=True) if self.number <= last)

    @classmethod
    def from_symbol(cls, symbol: str) -> SpaceGroup:
        """Look up a symbol such as ``Pm-3m`` or ``P6_3/mmc``.

        Raises:
            UserCorrectable: no such symbol.
        """
        number = _BY_SYMBOL.get(symbol)
        if number is None:
            raise UserCorrectable(f"There is no space group '{symbol[:20]}'. Write it like Pm-3m or P6_3/mmc.")
        return cls(number)

    @classmethod
    def read(cls, text: str) -> SpaceGroup:
        """A number, or a symbol with or without its underscores and blanks: ``194``, ``P6_3/mmc``, ``P63/mmc``.

        Raises:
            UserCorrectable: neither.
        """
        stripped = text.strip()
        if re.fullmatch(r"[+-]?\d{1,9}", stripped):
            return cls(int(stripped))
        return (
            cls(_BY_BARE_SYMBOL[_bare(stripped)]) if _bare(stripped) in _BY_BARE_SYMBOL else cls.from_symbol(stripped)
        )


def numbers_of_system(crystal_system: str) -> range:
    """Space-group numbers of one crystal system."""
    index = CRYSTAL_SYSTEMS.index(crystal_system)
    first = _LAST_NUMBER[index - 1] + 1 if index else 1
    return range(first, _LAST_NUMBER[index] + 1)


def _numbers(ranges: tuple[tuple[int, int], ...]) -> frozenset[int]:
    return frozenset(number for first, last in ranges for number in range(first, last + 1))


# Classes of symmetry that decide what a crystal can do: only polar ones are pyroelectric or ferroelectric, and only
# those without a centre of inversion double the frequency of light.
# Source: International Tables for Crystallography A (2016), table 3.2.1.3 and section 3.2.2 (point groups).
SYMMETRY_CLASSES = {
    "polar": _numbers(_POLAR),
    "non-centrosymmetric": frozenset(range(1, len(SYMBOLS) + 1)) - _numbers(_CENTROSYMMETRIC),
    "centrosymmetric": _numbers(_CENTROSYMMETRIC),
}


def is_of_class(space_group: int, symmetry_class: str | None) -> bool:
    """Whether a space group, by number, belongs to one of `SYMMETRY_CLASSES`; any does to None."""
    return symmetry_class is None or space_group in SYMMETRY_CLASSES[symmetry_class]
