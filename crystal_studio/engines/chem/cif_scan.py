"""A first look at a CIF, before any library reads it: how large it would become and what it says it holds.

Only the grammar of CIF 1.1 is read (Hall, Allen and Brown, Acta Cryst. A47, 655 (1991)); no symmetry is applied.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import islice, pairwise

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable

MAX_IMAGES = 20_000  # sites times operations; pymatgen takes minutes over 57,600
MAX_OPERATIONS = 400
MIN_VOLUME_ANGSTROM3 = 1.0
MIN_RELATIVE_VOLUME = 0.01
MAX_LENGTH_ANGSTROM = 500.0
MAX_TOKENS = 200_000
MAX_LINE_CHARACTERS = 20_000  # ten times what CIF allows

_TOKEN = re.compile(
    r"#[^\n]*"  # comment
    r"|^;(?:.*?)^;"  # text between two lines that begin with a semicolon
    r"|'(?:[^'\n]|'(?=\S))*'(?=\s|$)"  # a quote ends only before white space
    r'|"(?:[^"\n]|"(?=\S))*"(?=\s|$)'
    r"|\S+",
    re.MULTILINE | re.DOTALL,
)
_CELL_KEYS = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
_CELL = tuple(f"_cell_{key}" for key in _CELL_KEYS)
_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_SITE = "_atom_site_fract_x"
_AMOUNT = re.compile(r"([A-Z][a-z]?)([0-9.]*)")


@dataclass(frozen=True)
class CifBlock:
    """One data block.

    Attributes:
        name: after ``data_``.
        text: the block itself.
        values: tag -> its values, one for a plain item and one per row for a looped one.
    """

    name: str
    text: str
    values: dict[str, list[str]]

    @property
    def num_sites(self) -> int:
        """Atom sites listed, before symmetry."""
        return len(self.values.get(_SITE, ()))

    @property
    def num_operations(self) -> int:
        """Symmetry operations listed; at most 192 where only the group is named."""
        listed = [len(self.values[tag]) for tag in _OPERATIONS if tag in self.values]
        return max(listed, default=192)


def crystal_blocks(text: str) -> list[CifBlock]:
    """The blocks with atom sites, in order.

    Raises:
        UserCorrectable: there is none, or the text is too long to be looked through.
    """
    tokens = _tokens(text)
    starts = [index for index, match in enumerate(tokens) if match[0].lower().startswith("data_")]
    blocks = []
    for start, end in pairwise([*starts, len(tokens)]):
        until = tokens[end].start() if end < len(tokens) else len(text)
        words = [match[0] for match in tokens[start:end]]
        block = CifBlock(words[0][5:], text[tokens[start].start() : until], _values(words))
        if block.num_sites:
            blocks.append(block)
    if not blocks:
        raise UserCorrectable("The CIF lists no atoms with fractional coordinates. Export it again with its atoms.")
    return blocks


def crystal_block(text: str) -> CifBlock:
    """The first block with atom sites, checked to be small enough to expand.

    Raises:
        UserCorrectable: no sites, no sane cell, or too much symmetry on too many sites.
    """
    block = crystal_blocks(text)[0]
    refuse_bomb(block)
    return block


def stated_formula(block: CifBlock) -> dict[str, float] | None:
    """Symbol -> amount as ``_chemical_formula_sum`` says, None where it says nothing readable."""
    stated = " ".join(block.values.get("_chemical_formula_sum", ())).strip("'\"; \n")
    amounts: dict[str, float] = {}
    for word in stated.split():
        match = _AMOUNT.fullmatch(word)
        symbol = {"D": "H", "T": "H"}.get(match[1], match[1]) if match else ""
        number = _number(match[2] or "1") if match else math.nan
        if symbol not in BY_SYMBOL or not number > 0:
            return None
        amounts[symbol] = amounts.get(symbol, 0.0) + number
    return amounts or None


def _tokens(text: str) -> list[re.Match[str]]:
    """Everything but comments; a quote that is not closed is looked for up to the end of its line."""
    if max(map(len, text.splitlines()), default=0) > MAX_LINE_CHARACTERS:
        raise UserCorrectable(f"The CIF has a line of more than {MAX_LINE_CHARACTERS} characters. Export it again.")
    tokens = list(islice(_TOKEN.finditer(text), MAX_TOKENS + 1))
    if len(tokens) > MAX_TOKENS:
        raise UserCorrectable(
            f"The CIF has more than {MAX_TOKENS:,} values. Export one crystal without its intensities."
        )
    return [match for match in tokens if not match[0].startswith("#")]


def _values(tokens: list[str]) -> dict[str, list[str]]:
    """Every tag of a block with its values."""
    found: dict[str, list[str]] = {}
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.lower() == "loop_":
            position = _loop(tokens, position + 1, found)
        elif token.startswith("_") and position + 1 < len(tokens):
            found[token.lower()] = [tokens[position + 1]]
            position += 2
        else:
            position += 1
    return found


def _loop(tokens: list[str], position: int, found: dict[str, list[str]]) -> int:
    """Read one loop; the position after it."""
    tags = []
    while position < len(tokens) and tokens[position].startswith("_"):
        tags.append(tokens[position].lower())
        position += 1
    start = position
    while position < len(tokens) and not _ends_loop(tokens[position]):
        position += 1
    for index, tag in enumerate(tags):
        found[tag] = tokens[start + index : position : len(tags)]
    return position


def _ends_loop(token: str) -> bool:
    return token.startswith("_") or token.lower().startswith(("loop_", "data_", "save_"))


def refuse_bomb(block: CifBlock) -> None:
    """Refuse a block that would take long to expand, or that has no cell of a crystal.

    Raises:
        UserCorrectable: no sane cell, or too much symmetry on too many sites.
    """
    expanded = block.num_sites * block.num_operations
    if block.num_operations > MAX_OPERATIONS or expanded > MAX_IMAGES:
        raise UserCorrectable(
            f"The CIF puts {block.num_operations} symmetry operations on {block.num_sites} sites, which is more than "
            "is read. Export the primitive cell."
        )
    cell = [_number(block.values.get(key, [""])[0]) for key in _CELL]
    if not all(math.isfinite(value) and value > 0 for value in cell):
        raise UserCorrectable("The CIF has no complete cell. Give its three lengths and three angles.")
    volume, box = _cell_volume(cell), cell[0] * cell[1] * cell[2]
    if max(cell[:3]) > MAX_LENGTH_ANGSTROM or volume < max(MIN_VOLUME_ANGSTROM3, MIN_RELATIVE_VOLUME * box):
        raise UserCorrectable(
            f"The cell of the CIF is not one of a crystal ({volume:.3g} Å3). Check its lengths and angles."
        )


def _number(word: str) -> float:
    """A CIF number without its standard uncertainty, NaN where it is none."""
    try:
        return float(word.strip("'\"").split("(")[0])
    except ValueError:
        return math.nan


def _cell_volume(cell: list[float]) -> float:
    """Volume in cubic angstrom, 0 where the angles close no cell."""
    a, b, c = cell[:3]
    cosines = [math.cos(math.radians(angle)) for angle in cell[3:]]
    squared = 1 - sum(value**2 for value in cosines) + 2 * math.prod(cosines)
    return a * b * c * math.sqrt(max(squared, 0.0))
