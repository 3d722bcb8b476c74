"""Two crystals set side by side."""

from __future__ import annotations

from typing import Protocol

from crystal_studio.domain.comparison import Comparison, Side


class CrystalComparer(Protocol):
    """Finds which atom became which, and how lattice and surroundings changed."""

    def compare(self, first: Side, second: Side) -> Comparison:
        """Every difference of the second from the first; two that do not match are told with a reason, in seconds.

        Raises:
            UserCorrectable: a cell has no volume at all.
        """
