"""Whether a text is a crystal, from a glance at its first lines: reading it is the engine host's work."""

from __future__ import annotations

import re
from enum import StrEnum

LONGEST_TEXT = 5_000_000  # characters; longer ones belong in a file
_GLANCE = 20_000
_COUNT_LINE = 5  # of a POSCAR, from 0; in VASP 4 the counts stand here, else the symbols
_CIF_BLOCK = re.compile(r"^\s*data_\S*", re.IGNORECASE | re.MULTILINE)
_CIF_ITEM = re.compile(r"^\s*_(cell|atom_site|symmetry|space_group)[_.]", re.IGNORECASE | re.MULTILINE)
_JSON_KEY = re.compile(r'"(lattice|lattice_vectors|sites|species|cartesian_site_positions)"')


class TextKind(StrEnum):
    """What a text seems to be; the value is how it is named to a person."""

    CIF = "a CIF"
    POSCAR = "a POSCAR"
    EXTXYZ = "an extended XYZ file"
    JSON = "a crystal in JSON"


def kind_of(text: str) -> TextKind | None:
    """What crystal format a text seems to be in, None for none of those that can be pasted."""
    glance = text[:_GLANCE].lstrip("\ufeff")
    lines = glance.splitlines()
    if _CIF_BLOCK.search(glance) and _CIF_ITEM.search(glance):
        return TextKind.CIF
    if glance.lstrip()[:1] in ("{", "[") and _JSON_KEY.search(glance):
        return TextKind.JSON
    if len(lines) > 2 and lines[0].strip().isdecimal() and "lattice=" in lines[1].lower():
        return TextKind.EXTXYZ
    return TextKind.POSCAR if _is_poscar(lines) else None


def _is_poscar(lines: list[str]) -> bool:
    """A scale in the second line, three vectors below it, then symbols or counts."""
    if len(lines) <= _COUNT_LINE + 1:
        return False
    scale, vectors = _numbers(lines[1]), [_numbers(line) for line in lines[2:_COUNT_LINE]]
    words = lines[_COUNT_LINE].split()
    named = bool(words) and all(word[:1].isalpha() for word in words)
    counts = (lines[_COUNT_LINE + 1] if named else lines[_COUNT_LINE]).split()
    return (
        len(scale) in (1, 3)
        and all(len(vector) == 3 for vector in vectors)
        and bool(counts)
        and all(count.isdecimal() for count in counts)
    )


def _numbers(line: str) -> list[float]:
    """The numbers of a line; none where a word of it is no number."""
    try:
        return [float(word) for word in line.split()]
    except ValueError:
        return []
