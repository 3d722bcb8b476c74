"""What a person is told of each file format, and which choices it has."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.exported import FileFormat


@dataclass(frozen=True)
class FormatWords:
    """One file format.

    Attributes:
        title: in the list of formats.
        hint: what it is for, in a sentence.
        together: whether several crystals usually go into one file.
        has_tolerance: whether a symmetry is searched in any case.
        has_trajectory: whether the denoising can be written too.
    """

    title: str
    hint: str
    together: bool = False
    has_tolerance: bool = False
    has_trajectory: bool = False


FORMATS = {
    FileFormat.CIF: FormatWords(
        "CIF, as generated",
        "Every atom of the cell in P1, exactly as it is in the history. Read by everything.",
    ),
    FileFormat.CIF_SYMMETRIZED: FormatWords(
        "CIF, with symmetry",
        "Space group and asymmetric unit as found within a tolerance, which is written into the file.",
        has_tolerance=True,
    ),
    FileFormat.POSCAR: FormatWords(
        "POSCAR (VASP)",
        "Atoms grouped by element, as VASP wants them; the order they had is stored beside them.",
    ),
    FileFormat.XYZ: FormatWords(
        "XYZ", "Cartesian positions without the cell: for programs that know no crystals.", together=True
    ),
    FileFormat.EXTXYZ: FormatWords(
        "Extended XYZ",
        "Cartesian positions with the cell, for ASE, OVITO and machine-learned potentials.",
        together=True,
        has_trajectory=True,
    ),
    FileFormat.JSON: FormatWords("pymatgen JSON", "A pymatgen Structure with its properties, for scripts."),
    FileFormat.ASE: FormatWords(
        "ASE database", "All crystals in one SQLite file with their properties as columns.", together=True
    ),
}
