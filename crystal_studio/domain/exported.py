"""What is written to files, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from crystal_studio.domain.crystal import Crystal


class FileFormat(StrEnum):
    """How crystals are written."""

    CIF = "cif"
    CIF_SYMMETRIZED = "cif-symmetrized"
    POSCAR = "poscar"
    XYZ = "xyz"
    EXTXYZ = "extxyz"
    JSON = "json"
    ASE = "ase"

    @property
    def ending(self) -> str:
        """Usual ending of such a file, its dot included."""
        return _ENDINGS[self]

    @property
    def holds_several(self) -> bool:
        """Whether one file may hold several crystals."""
        return self is not FileFormat.POSCAR


_ENDINGS = {
    FileFormat.CIF: ".cif",
    FileFormat.CIF_SYMMETRIZED: ".cif",
    FileFormat.POSCAR: ".vasp",
    FileFormat.XYZ: ".xyz",
    FileFormat.EXTXYZ: ".extxyz",
    FileFormat.JSON: ".json",
    FileFormat.ASE: ".db",
}


@dataclass(frozen=True)
class WritingStyle:
    """How the crystals of one file are written.

    Attributes:
        file_format: format of the file.
        symprec_angstrom: tolerance of the symmetry that is written, and of the conventional cell.
        conventional: the conventional cell in place of the crystal's own.
    """

    file_format: FileFormat
    symprec_angstrom: float = 0.1
    conventional: bool = False


@dataclass(frozen=True)
class LabelledCrystal:
    """A crystal with what a file says of it.

    Attributes:
        crystal: what is written.
        title: a name of one line.
        provenance: one line on what made it.
        node: id of its node, "" where it has none.
        properties: quantity with its unit ("band_gap_ev") -> value.
        frames: the way to it, first to last; only trajectories are written with them.
    """

    crystal: Crystal
    title: str
    provenance: str
    node: str = ""
    properties: Mapping[str, float] = field(default_factory=dict)
    frames: tuple[Crystal, ...] = ()


@dataclass(frozen=True)
class WrittenFile:
    """A file that was written.

    Attributes:
        path: the file.
        nodes: ids of the nodes in it, in order.
        orders: for each node, which atom of its crystal each atom of the file is, counted from 0; empty where another
            cell was written, whose atoms are not the crystal's.
    """

    path: Path
    nodes: tuple[str, ...]
    orders: tuple[tuple[int, ...], ...]
