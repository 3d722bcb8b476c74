"""POSCAR text of a crystal, each element once.

A POSCAR that names an element twice is read in silence with the wrong potential, or refused, depending on the reader
(pymatgen issue 1633). Atoms are therefore grouped, and the file says which atom of the crystal each of its atoms is.
"""

from __future__ import annotations

import re
from itertools import groupby

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.chem.cif import right_handed

_ORDER = re.compile(r"atoms (\d+(?:-\d+)?(?:, \d+(?:-\d+)?)*)\s*")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")


def poscar_text(crystal: Crystal, comment: str) -> tuple[str, tuple[int, ...]]:
    """The text, and which atom of the crystal each atom of the text is, counted from 0.

    The comment line ends with the same order counted from 1, as ``atoms 1, 3-5, 2``.

    Args:
        comment: one line.
    """
    crystal = right_handed(crystal)  # VASP refuses a left-handed cell
    elements = list(dict.fromkeys(crystal.species))
    order = sorted(range(len(crystal)), key=lambda index: elements.index(crystal.species[index]))
    lines = [
        f"{crystal.formula}; {_UNPRINTABLE.sub('?', comment)}; atoms {_ranges(order)}",
        "1.0",
        *(" ".join(f"{value:18.12f}" for value in row) for row in crystal.lattice),
        " ".join(elements),
        " ".join(str(crystal.species.count(element)) for element in elements),
        "Direct",
    ]
    for index in order:
        x, y, z = crystal.frac_coords[index]
        lines.append(f"{x:16.12f} {y:16.12f} {z:16.12f} {crystal.species[index]}")
    return "\n".join(lines) + "\n", tuple(order)


def stored_order(text: str) -> tuple[int, ...] | None:
    """The order that a POSCAR of ours states in its comment line, counted from 0; None where it states none."""
    found = _ORDER.fullmatch(text.split("\n", 1)[0].rpartition("; ")[2])
    if found is None:
        return None
    order: list[int] = []
    for part in found[1].split(","):
        first, _, last = part.strip().partition("-")
        if len(last or first) > 9 or int(last or first) - int(first) > len(text):
            return None  # nobody counts so many atoms in so short a text
        order += range(int(first) - 1, int(last or first))
    return tuple(order)


def _ranges(order: list[int]) -> str:
    """Numbers from 1, runs of neighbours as ``3-5``."""
    parts = []
    for _, run in groupby(enumerate(order), lambda pair: pair[1] - pair[0]):
        numbers = [index + 1 for _, index in run]
        parts.append(f"{numbers[0]}-{numbers[-1]}" if len(numbers) > 1 else str(numbers[0]))
    return ", ".join(parts)
