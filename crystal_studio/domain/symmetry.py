"""Space groups: number, symbol and crystal system."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.space_group_table import SYMBOLS

CRYSTAL_SYSTEMS = ("triclinic", "monoclinic", "orthorhombic", "tetragonal", "trigonal", "hexagonal", "cubic")
_LAST_NUMBER = (2, 15, 74, 142, 167, 194, 230)
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
