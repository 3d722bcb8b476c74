"""Extended XYZ, read by ourselves and checked by ASE; to be called only in a process that may die.

Source: the extended XYZ specification, https://github.com/libAtoms/extxyz.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import SYMBOLS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.chem.cascade import Reader, recorded
from crystal_studio.engines.chem.reading import MAX_ATOMS, Reading, element_symbol, ordered_reading

MAX_FRAMES = 10_000
_LATTICE = re.compile(r"""(?:^|\s)Lattice\s*=\s*(?:"([^"]*)"|'([^']*)'|\{([^}]*)\})""", re.IGNORECASE)
_PROPERTIES = re.compile(r"""(?:^|\s)Properties\s*=\s*["']?([A-Za-z0-9_:.\-]+)""", re.IGNORECASE)
_PERIODIC = re.compile(r"""(?:^|\s)pbc\s*=\s*(?:"([^"]*)"|(\S+))""", re.IGNORECASE)
_NO_LATTICE = (
    "The XYZ file has no lattice, so it is no crystal. Export it as extended XYZ with its Lattice, or as CIF or POSCAR."
)


@dataclass(frozen=True)
class XyzFrame:
    """One frame: its comment line and its atom lines."""

    comment: str
    rows: tuple[str, ...]

    @property
    def text(self) -> str:
        """The frame as a file of its own."""
        return "\n".join([str(len(self.rows)), self.comment, *self.rows]) + "\n"

    @property
    def is_ours(self) -> bool:
        """Whether we wrote it: then each frame that is not on the way to another is a crystal of its own."""
        return " node=" in self.comment

    @property
    def is_on_the_way(self) -> bool:
        """Whether it is a frame of ours before a crystal."""
        return self.is_ours and " frame=" in self.comment

    @property
    def symbols(self) -> tuple[str, ...]:
        """The first word of each row, by which frames of one trajectory are told."""
        return tuple(row.split(maxsplit=1)[0] if row.strip() else "" for row in self.rows)


def xyz_frames(text: str) -> list[XyzFrame]:
    """The frames of a file, cut without being read.

    Raises:
        UserCorrectable: a count does not fit what follows it, or there are too many atoms or frames.
    """
    lines = text.splitlines()
    frames = []
    for start, count in _starts(lines):
        if start + 2 + count > len(lines):
            raise UserCorrectable(
                f"The XYZ file counts {count} atoms but ends after {len(lines) - start - 2}. It was cut short; export "
                "it again."
            )
        frames.append(XyzFrame(lines[start + 1], tuple(lines[start + 2 : start + 2 + count])))
    if not frames:
        raise UserCorrectable("The XYZ file holds no atoms. Export it again.")
    return frames


def _starts(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Line and number of atoms of each frame."""
    start, found = 0, 0
    while start < len(lines):
        word = lines[start].strip()
        if not word:
            start += 1  # blank lines at the end
            continue
        if not (word.isascii() and word.isdigit()) or len(word) > 9 or not 0 < int(word) <= MAX_ATOMS:
            raise UserCorrectable(
                f"The XYZ file has '{word[:30]}' where the number of atoms should be; 1 to {MAX_ATOMS} are read. "
                "Correct it."
            )
        found += 1
        if found > MAX_FRAMES:
            raise UserCorrectable(f"The file has more than {MAX_FRAMES} frames. Export fewer.")
        yield start, int(word)
        start += 2 + int(word)


def extxyz_readers(frame: XyzFrame) -> dict[str, tuple[Reader, float]]:
    """Name -> reader of one frame, and its share of processor time in seconds.

    Raises:
        UserCorrectable: the frame has no lattice, or its atoms cannot be read.
    """
    own = _own(frame)
    return {own.reader: (lambda: own, 0.2), "ase": (lambda: recorded(lambda: _by_ase(frame)), 1.0)}


def _own(frame: XyzFrame) -> Reading:
    found = _LATTICE.search(frame.comment)
    if found is None:
        raise UserCorrectable(_NO_LATTICE)
    numbers = [float(word) for word in next(filter(None, found.groups()), "").split()]
    if len(numbers) != 9:
        raise UserCorrectable(f"The Lattice of the XYZ file has {len(numbers)} numbers; it needs nine.")
    lattice = np.array(numbers).reshape(3, 3)
    species_at, position_at = _columns(frame.comment)
    words = [row.split() for row in frame.rows]
    species = tuple(_symbol(row[species_at]) for row in words)
    positions = np.array([[float(word) for word in row[position_at : position_at + 3]] for row in words])
    if abs(np.linalg.det(lattice)) < 1e-6:
        raise UserCorrectable("The Lattice of the XYZ file spans no volume. Check its nine numbers.")
    crystal = Crystal(lattice, species, positions @ np.linalg.inv(lattice))
    return ordered_reading("Crystal Studio", crystal, _said(frame.comment))


def _columns(comment: str) -> tuple[int, int]:
    """Where the species and the position begin in a row."""
    found = _PROPERTIES.search(comment)
    fields = (found[1] if found else "species:S:1:pos:R:3").split(":")
    at, places = 0, {}
    for name, _, width in zip(*[iter(fields)] * 3, strict=True):
        places[name.lower()] = at
        at += int(width)
    species = next((places[name] for name in ("species", "symbols", "element", "z", "numbers") if name in places), None)
    position = next((places[name] for name in ("pos", "positions") if name in places), None)
    if species is None or position is None:
        raise UserCorrectable("The Properties of the XYZ file name no species or no pos. Export it again.")
    return species, position


def _symbol(word: str) -> str:
    if word.isascii() and word.isdigit() and 0 < int(word[:4]) <= len(SYMBOLS):
        return SYMBOLS[int(word) - 1]
    return element_symbol(word)


def _said(comment: str) -> list[str]:
    found = _PERIODIC.search(comment)
    words = re.findall(r"[A-Za-z]+|[01]", (found[1] or found[2]) if found else "")
    if any(word[0] in "Ff0" for word in words):
        return ["The file says that it is not periodic in every direction; it is taken as a crystal all the same."]
    return []


def _by_ase(frame: XyzFrame) -> Reading:
    from ase.io.extxyz import read_xyz

    atoms = next(read_xyz(StringIO(frame.text), slice(0, 1)))
    if atoms.cell.rank < 3:
        raise ValueError("it has no cell")
    species = tuple(element_symbol(symbol) for symbol in atoms.get_chemical_symbols())
    return ordered_reading("ase", Crystal(np.array(atoms.cell), species, atoms.get_scaled_positions(wrap=False)))
