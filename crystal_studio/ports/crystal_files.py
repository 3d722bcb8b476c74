"""Crystals on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from crystal_studio.domain.crystal import Crystal


class CrystalFiles(Protocol):
    """Reads crystals under limits of time and memory, and writes them."""

    def read(self, path: Path) -> Crystal:
        """Read one crystal (CIF, POSCAR, pymatgen JSON).

        Raises:
            UserCorrectable: missing, too large, damaged, disordered; says what to do.
        """

    def to_cif(self, crystal: Crystal, title: str = "", comment: str = "") -> str:
        """CIF text in P1 as generated; equal crystals give equal bytes."""
