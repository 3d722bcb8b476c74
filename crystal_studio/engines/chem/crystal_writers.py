"""Crystals to files of every format; each file carries one line on what made its crystals."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.exported import FileFormat, LabelledCrystal, WritingStyle
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.cif import p1_cif, symmetrized_cif
from crystal_studio.engines.chem.poscar import poscar_text
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer

Orders = tuple[tuple[int, ...], ...]
_UNQUOTABLE = re.compile(r'[^\x20-\x7e]|["\\{}\[\]]')


def write_crystals(path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> Orders:
    """Write a new file.

    Args:
        path: must not be there yet.
        crystals: at least one.
        style: format, and which cell is written.

    Returns:
        For each crystal which of its atoms each atom of the file is; empty where another cell was written.

    Raises:
        UserCorrectable: the format holds one crystal only, or no symmetry is found.
        OSError: the disk refuses.
    """
    if len(crystals) > 1 and not style.file_format.holds_several:
        raise UserCorrectable("A POSCAR holds one crystal. Name a folder to write one file for each.")
    shown = [_in_cell(one, style) for one in crystals]
    _WRITERS[style.file_format](path, shown, style)
    is_own_cell = not style.conventional and style.file_format is not FileFormat.CIF_SYMMETRIZED
    return tuple(_order(one.crystal, style.file_format) if is_own_cell else () for one in crystals)


def _in_cell(labelled: LabelledCrystal, style: WritingStyle) -> LabelledCrystal:
    """The crystal in the cell that is asked for."""
    if not style.conventional:
        return labelled
    return replace(labelled, crystal=SpglibSymmetrizer().conventional(labelled.crystal, style.symprec_angstrom))


def _order(crystal: Crystal, file_format: FileFormat) -> tuple[int, ...]:
    return poscar_text(crystal, "")[1] if file_format is FileFormat.POSCAR else tuple(range(len(crystal)))


def _cif(path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> None:
    blocks = (p1_cif(one.crystal, one.title, "", one.provenance) for one in crystals)
    path.write_text("\n".join(blocks), encoding="utf-8")


def _cif_symmetrized(path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> None:
    tolerance = style.symprec_angstrom
    blocks = (symmetrized_cif(one.crystal, tolerance, one.title, "", one.provenance) for one in crystals)
    path.write_text("\n".join(blocks), encoding="utf-8")


def _poscar(path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> None:
    text, _ = poscar_text(crystals[0].crystal, crystals[0].provenance)
    path.write_text(text, encoding="utf-8")


def _xyz(path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> None:
    """Atoms alone: this format knows no cell."""
    texts = (f"{len(one.crystal)}\n{_line(one.provenance)}\n{_atoms(one.crystal)}" for one in crystals)
    path.write_text("".join(texts), encoding="utf-8")


def _extxyz(path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> None:
    """The frames of each crystal before it, all with the lattice.

    Source: the extended XYZ specification, https://github.com/libAtoms/extxyz.
    """
    with path.open("w", encoding="utf-8") as file:
        for one in crystals:
            for number, frame in enumerate(one.frames, 1):
                label = f'frame={number} frames={len(one.frames)} node="{_line(one.node)}"'
                file.write(_extxyz_frame(frame, label))
            numbers = " ".join(f"{name}={value:.10g}" for name, value in one.properties.items())
            label = f'name="{_line(one.title)}" node="{_line(one.node)}" provenance="{_line(one.provenance)}" {numbers}'
            file.write(_extxyz_frame(one.crystal, label.strip()))


def _extxyz_frame(crystal: Crystal, label: str) -> str:
    lattice = " ".join(f"{value:.12g}" for value in crystal.lattice.ravel())
    head = f'Lattice="{lattice}" Properties=species:S:1:pos:R:3 {label} pbc="T T T"'
    return f"{len(crystal)}\n{head}\n{_atoms(crystal)}"


def _atoms(crystal: Crystal) -> str:
    rows = zip(crystal.species, crystal.cart_coords, strict=True)
    return "".join(f"{symbol:<2} {x:18.10f} {y:18.10f} {z:18.10f}\n" for symbol, (x, y, z) in rows)


def _line(text: str) -> str:
    """One line that needs no escapes between double quotes."""
    return _UNQUOTABLE.sub("?", text)


def _json(path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> None:
    """As pymatgen's `Structure.as_dict`, a list where there are several."""
    structures = []
    for one in crystals:
        structure = to_structure(one.crystal)
        structure.properties = {**_said_of(one), **one.properties}
        structures.append(structure.as_dict())
    text = json.dumps(structures[0] if len(structures) == 1 else structures, indent=1, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _ase(path: Path, crystals: Sequence[LabelledCrystal], style: WritingStyle) -> None:
    """One row each. ASE takes no text that reads as a number, as an id may do, hence the word before it."""
    from ase import Atoms
    from ase.db import connect

    with connect(str(path), type="db", use_lock_file=False) as rows:
        for one in crystals:
            crystal = one.crystal
            atoms = Atoms(crystal.species, cell=crystal.lattice, scaled_positions=crystal.frac_coords, pbc=True)
            pairs: dict[str, str | float] = {"node": f"node-{one.node}", **one.properties}
            rows.write(atoms, key_value_pairs=pairs, data=_said_of(one))


def _said_of(one: LabelledCrystal) -> dict[str, str]:
    return {"name": one.title, "node": one.node, "provenance": one.provenance}


_WRITERS: dict[FileFormat, Callable[[Path, Sequence[LabelledCrystal], WritingStyle], None]] = {
    FileFormat.CIF: _cif,
    FileFormat.CIF_SYMMETRIZED: _cif_symmetrized,
    FileFormat.POSCAR: _poscar,
    FileFormat.XYZ: _xyz,
    FileFormat.EXTXYZ: _extxyz,
    FileFormat.JSON: _json,
    FileFormat.ASE: _ase,
}
