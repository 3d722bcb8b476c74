"""CIF text of a crystal, ours to the last byte."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.chem.impose import averaged

CREATOR = "crystal-studio"
Operation = tuple[Any, Any]  # rotation (3, 3) and translation (3,)
_FRACTIONS = 24

_CELL_KEYS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
_SITE_KEYS = ("type_symbol", "label", "symmetry_multiplicity", "fract_x", "fract_y", "fract_z", "occupancy")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9_.+()-]+")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_UNQUOTABLE = re.compile(r"[^\x20-\x26\x28-\x7e]")


@dataclass(frozen=True)
class _Group:
    """A space group as it is written: the items that name it, and its operations."""

    names: tuple[str, ...]
    operations: tuple[str, ...]


_P1 = _Group(("_space_group_name_H-M_alt 'P 1'", "_space_group_IT_number 1"), ("x, y, z",))


def p1_cif(crystal: Crystal, title: str = "", comment: str = "", made_by: str = CREATOR) -> str:
    """The crystal as it is, in P1.

    Lengths and angles have eight decimals, positions ten: a reader gets the crystal back to better than 1e-6.

    Args:
        title: name of the data block; the formula where empty.
        comment: free text, kept as comment lines.
        made_by: the audit's creation method.
    """
    crystal = right_handed(crystal)
    sites = [(symbol, 1, position) for symbol, position in zip(crystal.species, crystal.frac_coords, strict=True)]
    return _cif(crystal, _Labels(title, comment, made_by), _P1, sites)


def symmetrized_cif(
    crystal: Crystal, symprec_angstrom: float, title: str = "", comment: str = "", made_by: str = CREATOR
) -> str:
    """The crystal with its symmetry operations and one site for each orbit.

    The tolerance of the search is recorded. Where nothing is found, or it cannot be written, the crystal is in P1. In
    a cell that is not a standard one of its space group, the group's symbol would mislead readers that trust it more
    than the operations: it is then left to a comment; its number stays.

    Args:
        crystal: in any cell; it is moved onto its symmetry, and to the origin that the tables have.
        symprec_angstrom: tolerance with which the symmetry is found.
        title: name of the data block; the formula where empty.
        comment: free text, kept as comment lines.
        made_by: the audit's creation method.
    """
    from crystal_studio.engines.chem.symmetry import symmetry_dataset

    crystal = right_handed(crystal)
    dataset = symmetry_dataset(crystal, symprec_angstrom)
    if dataset is None:
        return p1_cif(crystal, title, comment, made_by)
    found = f"space group {dataset.international} ({dataset.number}) found within {symprec_angstrom:g} angstrom"
    if not _is_writable(dataset.rotations):
        found += "; in this cell its operations have no form that is read everywhere, so it is written in P 1"
        return p1_cif(crystal, title, f"{comment}\n{found}".strip(), made_by)
    crystal, operations = _settled(crystal, dataset)
    group = _group(dataset, operations)
    if len(group.names) == 1:
        found += ", in a cell that is not a standard one"
    orbits = Counter(dataset.equivalent_atoms.tolist())
    sites = [(crystal.species[index], count, crystal.frac_coords[index]) for index, count in sorted(orbits.items())]
    return _cif(crystal, _Labels(title, f"{comment}\n{found}".strip(), made_by), group, sites)


def right_handed(crystal: Crystal) -> Crystal:
    """The same crystal in a right-handed cell: lengths and angles alone would make a mirror image of a left-handed one.

    All three vectors are turned round and all positions with them, which leaves every atom where it is.
    """
    if np.linalg.det(crystal.lattice) > 0:
        return crystal
    return Crystal(-crystal.lattice, crystal.species, -crystal.frac_coords)


@dataclass(frozen=True)
class _Labels:
    """What is said of the crystal."""

    title: str
    comment: str
    made_by: str


def _settled(crystal: Crystal, dataset: Any) -> tuple[Crystal, list[Operation]]:
    """The crystal moved onto its operations, and the operations, whose translations are fractions.

    All atoms are first moved by the same s, to the origin that the tables have: an operation (W, t) of the crystal is
    (W, t + (1 - W) s) of the crystal moved by s. What then lacks for fractions is made small in the same way.
    """
    rotations = dataset.rotations
    turned = np.eye(3) - rotations
    shift = np.linalg.solve(dataset.transformation_matrix, dataset.origin_shift)
    translations = dataset.translations + turned @ shift
    missing = _to_fractions(translations) - translations
    rest = np.linalg.lstsq(turned.reshape(-1, 3), missing.reshape(-1), rcond=None)[0]
    fractions = _to_fractions(translations + turned @ rest)
    operations = list(zip(rotations, fractions, strict=True))
    moved = Crystal(crystal.lattice, crystal.species, crystal.frac_coords + shift + rest)
    return averaged(moved, operations), operations


def _is_writable(rotations: np.ndarray) -> bool:
    """Whether the operations need no factor but 1 and no part of a vector but 24ths: gemmi knows no other.

    A cell of 5, 7, ... primitive ones would need fifths, sevenths, ...
    """
    cells = sum(bool((rotation == np.eye(3)).all()) for rotation in rotations)
    return bool(np.abs(rotations).max() == 1) and _FRACTIONS**4 % cells == 0


def _to_fractions(translations: np.ndarray) -> np.ndarray:
    """The nearest multiples of 1/24."""
    return np.asarray(np.round(translations * _FRACTIONS) / _FRACTIONS)


def _group(dataset: Any, operations: Sequence[Operation]) -> _Group:
    """The group of spglib's dataset, named in full only where the cell is a standard one."""
    written = tuple(_operation(rotation, translation) for rotation, translation in operations)
    number = f"_space_group_IT_number {dataset.number}"
    if not np.allclose(dataset.transformation_matrix, np.eye(3), atol=1e-4):
        return _Group((number,), written)
    symbol = str(dataset.international).replace("_", "")
    hall = f'_space_group_name_Hall "{dataset.hall}"'  # it may hold a prime
    return _Group((f"_space_group_name_H-M_alt '{symbol}'", hall, number), written)


def _cif(crystal: Crystal, labels: _Labels, group: _Group, sites: list[tuple[str, int, np.ndarray]]) -> str:
    """Put the blocks together."""
    composition = crystal.composition
    lines = [f"# {_UNPRINTABLE.sub('?', line)}" for line in labels.comment.splitlines()]
    lines += [
        f"data_{_NOT_PLAIN.sub('_', labels.title or crystal.formula).strip('_')[:60] or 'crystal'}",
        f"_audit_creation_method '{_UNQUOTABLE.sub('?', labels.made_by)}'",
        f"_chemical_formula_structural '{crystal.formula}'",
        f"_chemical_formula_sum '{' '.join(f'{name}{count}' for name, count in composition.amounts)}'",
        f"_cell_formula_units_Z {composition.factor}",
        *group.names,
    ]
    cell = np.concatenate([crystal.lengths_angstrom, crystal.angles_degree])
    lines += [f"_cell_{key} {_fixed(value, 8)}" for key, value in zip(_CELL_KEYS, cell, strict=True)]
    lines.append(f"_cell_volume {_fixed(crystal.volume_angstrom3, 6)}")
    lines += ["loop_", " _space_group_symop_id", " _space_group_symop_operation_xyz"]
    lines += [f"{index} '{operation}'" for index, operation in enumerate(group.operations, 1)]
    lines += ["loop_", *(f" _atom_site_{key}" for key in _SITE_KEYS), *_site_lines(sites)]
    return "\n".join(lines) + "\n"


def _site_lines(sites: list[tuple[str, int, np.ndarray]]) -> list[str]:
    seen: Counter[str] = Counter()
    lines = []
    for symbol, multiplicity, position in sites:
        seen[symbol] += 1
        x, y, z = (_fixed(value, 10) for value in position)
        lines.append(f"{symbol} {symbol}{seen[symbol]} {multiplicity} {x} {y} {z} 1")
    return lines


def _fixed(value: float, decimals: int) -> str:
    """Fixed decimals without a negative zero, whose sign would depend on rounding."""
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}"


def _operation(rotation: np.ndarray, translation: np.ndarray) -> str:
    """A symmetry operation as ``-x+1/2, y, z``."""
    return ", ".join(_row(row, shift) for row, shift in zip(rotation, translation, strict=True))


def _row(coefficients: np.ndarray, shift: float) -> str:
    terms = "".join(
        ("+" if coefficient > 0 else "-") + axis
        for coefficient, axis in zip(coefficients, "xyz", strict=True)
        if coefficient
    )
    fraction = Fraction(round(float(shift) * _FRACTIONS) % _FRACTIONS, _FRACTIONS)
    return terms.removeprefix("+") + (f"+{fraction}" if fraction else "")
