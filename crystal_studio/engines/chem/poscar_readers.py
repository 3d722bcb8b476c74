"""A POSCAR, read by ourselves and checked by pymatgen and ASE; to be called only in a process that may die."""

from __future__ import annotations

import re
from io import StringIO
from math import isfinite

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.cascade import Reader, recorded
from crystal_studio.engines.chem.reading import MAX_ATOMS, Reading, element_symbol, ordered_reading

_POTENTIAL_SUFFIX = re.compile(r"[_/.].*$")


def poscar_readers(text: str) -> dict[str, tuple[Reader, float]]:
    """Name -> reader, and its share of processor time in seconds.

    Ours comes first: the libraries guess symbols that are missing. They read only what ours found to be a POSCAR of
    VASP 5, whose counts are small.

    Raises:
        UserCorrectable: it is none.
    """
    own = ordered_reading("Crystal Studio", crystal_of_poscar(text))
    return {
        own.reader: (lambda: own, 0.2),
        "pymatgen": (lambda: recorded(lambda: _by_pymatgen(text)), 1.0),
        "ase": (lambda: recorded(lambda: _by_ase(text)), 0.8),
    }


def crystal_of_poscar(text: str) -> Crystal:
    """The crystal of a POSCAR of VASP 5, with a line of symbols.

    Raises:
        UserCorrectable: damaged, without symbols, or too large.
    """
    lines = text.splitlines()
    if len(lines) < 8:
        raise UserCorrectable("The POSCAR ends too early. It needs scale, lattice, symbols, counts and positions.")
    symbols = [_POTENTIAL_SUFFIX.sub("", word) for word in lines[5].split()]
    if not symbols or any(symbol not in BY_SYMBOL for symbol in symbols):
        raise UserCorrectable("The POSCAR does not name its elements. Add the line of symbols above the counts.")
    counts = _counts(lines[6], len(symbols))
    given = np.array([_numbers(line, 3) for line in lines[2:5]])
    factors = _factors(lines[1], given)
    lattice = given * factors
    start = 8 if lines[7].strip()[:1].lower() == "s" else 7
    rows = lines[start + 1 : start + 1 + sum(counts)]
    if len(rows) < sum(counts):
        raise UserCorrectable(f"The POSCAR counts {sum(counts)} atoms but has {len(rows)} positions. Complete them.")
    positions = np.array([_numbers(row, 3) for row in rows]).reshape(-1, 3)
    if lines[start].strip()[:1].lower() in {"c", "k"}:
        positions = positions * factors @ np.linalg.inv(lattice)
    species = tuple(symbol for symbol, count in zip(symbols, counts, strict=True) for _ in range(count))
    return Crystal(lattice, species, positions)


def _counts(line: str, num_symbols: int) -> list[int]:
    words = line.split()
    counts = [int(word) for word in words if word.isascii() and word.isdigit() and len(word) < 10]
    if len(counts) != len(words) or len(counts) != num_symbols or min(counts) < 1 or sum(counts) > MAX_ATOMS:
        raise UserCorrectable(
            f"The POSCAR needs one count for each symbol, {MAX_ATOMS} atoms in all at most. Correct the counts."
        )
    return counts


def _factors(line: str, lattice: np.ndarray) -> np.ndarray:
    """What lattice and Cartesian positions are multiplied with, (3,): one scale, three, or a volume if negative."""
    words = line.split()
    scales = np.array(_numbers(line, 3 if len(words) >= 3 and _is_number(words[2]) else 1))
    if len(scales) == 1 and scales[0] < 0:
        volume = abs(float(np.linalg.det(lattice)))
        scales = np.array([(-scales[0] / volume) ** (1 / 3)]) if volume > 0 else scales
    if not (scales > 0).all():
        raise UserCorrectable("The scale of the POSCAR is no length and no volume. Give a number other than 0.")
    return np.full(3, scales[0]) if len(scales) == 1 else scales


def _numbers(line: str, count: int) -> list[float]:
    words = line.split()[:count]
    if len(words) < count or not all(map(_is_number, words)):
        raise UserCorrectable(f"The POSCAR needs {count} numbers where it has '{line.strip()[:40]}'. Correct the line.")
    return [float(word) for word in words]


def _is_number(word: str) -> bool:
    try:
        return isfinite(float(word))
    except ValueError:
        return False


def _by_pymatgen(text: str) -> Reading:
    from pymatgen.io.vasp.inputs import Poscar

    structure = Poscar.from_str(text, read_velocities=False).structure
    species = tuple(element_symbol(site.specie.symbol) for site in structure)
    return ordered_reading("pymatgen", Crystal(structure.lattice.matrix, species, structure.frac_coords))


def _by_ase(text: str) -> Reading:
    from ase.io.vasp import read_vasp

    atoms = read_vasp(StringIO(text))
    species = tuple(element_symbol(symbol) for symbol in atoms.get_chemical_symbols())
    return ordered_reading("ase", Crystal(np.array(atoms.cell), species, atoms.get_scaled_positions(wrap=False)))
