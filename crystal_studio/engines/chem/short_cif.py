"""Short CIF: a crystal as the few numbers that its space group leaves free, canonical and reversible.

    62
    5.51 7.76 5.48
    Ca 4c .034 .993
    Ti 4a
    O 4c .484 .071
    O 8d .289 .037 .708

The first line is the number of the space group in its standard setting (the first that spglib lists), the second the
free parameters of the conventional cell: lengths in angstrom, then angles in degree. Each further line is a site: the
element, multiplicity and letter of its Wyckoff position, and the coordinates that the position leaves free, as
fractions of the conventional cell. Every text has at least the symmetry that it names, and one crystal has one text
(`settings`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.orbits import lattice_from_parameters
from crystal_studio.engines.chem.settings import OccupiedPosition, canonical_setting
from crystal_studio.engines.chem.site_coordinates import SiteCoordinates, site_coordinates
from crystal_studio.engines.chem.wyckoff import primitive_vectors

LENGTH_DECIMALS, ANGLE_DECIMALS, FRACTION_DECIMALS = 2, 1, 3
LONGEST_ANGSTROM = 99.99
_MOST_SITES = 1000  # of a conventional cell: what is longer is no crystal that anybody asked for
_MOST_CHARACTERS = 20_000
_SITE = re.compile(r"([A-Z][a-z]?) (\d{1,3})([a-zA])((?: \.\d{3}){0,3})")
_LENGTH = re.compile(r"[1-9]\d?\.\d\d")
_ANGLE = re.compile(r"[1-9]\d{1,2}\.\d")


class CellField(NamedTuple):
    """A free parameter of the conventional cell: "a" to "c" in angstrom, "alpha" to "gamma" in degree."""

    name: str

    @property
    def is_length(self) -> bool:
        """Whether it is a length."""
        return len(self.name) == 1


_FREE_FIELDS = {
    "cubic": ("a",),
    "hexagonal": ("a", "c"),
    "trigonal": ("a", "c"),
    "tetragonal": ("a", "c"),
    "orthorhombic": ("a", "b", "c"),
    "monoclinic": ("a", "b", "c", "beta"),
    "triclinic": ("a", "b", "c", "alpha", "beta", "gamma"),
}
_ALL_FIELDS = _FREE_FIELDS["triclinic"]


@dataclass(frozen=True)
class SiteChoice:
    """What can be occupied in a space group.

    Attributes:
        letter: of the Wyckoff position.
        multiplicity: sites in the conventional cell.
        sites_in_primitive: sites in the primitive cell.
        num_free: free coordinates, 0 to 3.
    """

    letter: str
    multiplicity: int
    sites_in_primitive: int
    num_free: int

    @property
    def is_point(self) -> bool:
        """Whether it can be occupied only once."""
        return self.num_free == 0


@cache
def cell_fields(space_group: int) -> tuple[CellField, ...]:
    """The free parameters of the conventional cell, in the order in which they are written."""
    return tuple(CellField(name) for name in _FREE_FIELDS[SpaceGroup(space_group).crystal_system])


@cache
def site_choices(space_group: int) -> tuple[SiteChoice, ...]:
    """The Wyckoff positions of a space group, in the order of their letters."""
    return tuple(
        SiteChoice(one.letter, one.position.multiplicity, one.position.num_sites, one.num_free)
        for one in site_coordinates(space_group)
    )


def written(crystal: Crystal, symprec_angstrom: float = 0.1) -> str:
    """The text of a crystal, moved onto the symmetry that it has within a tolerance.

    Raises:
        UserCorrectable: no symmetry search succeeds, or an edge of the cell is longer than 99.99 Å.
    """
    setting = canonical_setting(crystal, symprec_angstrom, FRACTION_DECIMALS)
    lines = [str(setting.space_group), _written_cell(setting.conventional, setting.space_group)]
    return "\n".join([*lines, *(_written_site(site) for site in setting.sites)])


def group_of(text: str) -> int:
    """The space group that a text names.

    Raises:
        UserCorrectable: its first line is no number from 1 to 230.
    """
    first = text.partition("\n")[0]
    if not re.fullmatch(r"[1-9]\d{0,2}", first):
        raise UserCorrectable(f"Line 1 is '{first[:20]}', not the number of a space group.")
    return SpaceGroup(int(first)).number


def read(text: str) -> Crystal:
    """The crystal of a text, in its primitive cell.

    Raises:
        UserCorrectable: names the line that cannot be read.
    """
    lines = text[:_MOST_CHARACTERS].rstrip("\n").split("\n")
    group = group_of(text)
    if len(lines) < 3:
        raise UserCorrectable(f"Line {len(lines) + 1} is missing: a cell and at least one site are needed.")
    lattice = primitive_vectors(group).T @ _read_cell(lines[1], group)
    known = {one.letter: one for one in site_coordinates(group)}
    species: list[str] = []
    frac_coords: list[Array] = []
    for number, line in enumerate(lines[2:], 3):
        symbol, sites = _read_site(line, number, group, known)
        species += [symbol] * len(sites)
        frac_coords.append(sites)
        if len(species) > _MOST_SITES:
            raise UserCorrectable(f"Line {number} makes more than {_MOST_SITES} atoms.")
    return Crystal(lattice, tuple(species), np.concatenate(frac_coords) % 1.0)


def _written_cell(conventional: Array, space_group: int) -> str:
    lengths = np.linalg.norm(conventional, axis=1)
    if lengths.max() > LONGEST_ANGSTROM:
        raise UserCorrectable(f"An edge of the cell is longer than {LONGEST_ANGSTROM} Å, too long to be written.")
    units = conventional / lengths[:, None]
    cosines = (units[1] @ units[2], units[2] @ units[0], units[0] @ units[1])
    values = dict(zip(_ALL_FIELDS, (*lengths, *np.degrees(np.arccos(cosines))), strict=True))
    return " ".join(
        f"{values[field.name]:.{LENGTH_DECIMALS if field.is_length else ANGLE_DECIMALS}f}"
        for field in cell_fields(space_group)
    )


def _written_site(site: OccupiedPosition) -> str:
    numbers = "".join(f" .{value:0{FRACTION_DECIMALS}d}" for value in site.thousandths)
    return f"{site.symbol} {site.multiplicity}{site.letter}{numbers}"


def _read_cell(line: str, space_group: int) -> Array:
    """The conventional lattice (3, 3), angstrom."""
    fields, words = cell_fields(space_group), line.split(" ")
    system = SpaceGroup(space_group).crystal_system
    if len(words) != len(fields):
        named = ", ".join(field.name for field in fields)
        raise UserCorrectable(f"Line 2 is '{line[:60]}'; a {system} cell has the free parameters {named}.")
    for field, word in zip(fields, words, strict=True):
        if not (_LENGTH if field.is_length else _ANGLE).fullmatch(word):
            raise UserCorrectable(f"Line 2 gives {field.name} as '{word[:20]}'; write lengths as 3.95, angles as 90.0.")
    given = {field.name: float(word) for field, word in zip(fields, words, strict=True)}
    try:
        return lattice_from_parameters(*_all_parameters(given, system))
    except UserCorrectable as error:
        raise UserCorrectable(f"Line 2 is '{line[:60]}': {error}") from error


def _all_parameters(given: dict[str, float], system: str) -> Sequence[float]:
    a = given["a"]
    gamma = 120.0 if system in ("trigonal", "hexagonal") else 90.0
    c = given.get("c", a)
    usual = {"a": a, "b": a, "c": c, "alpha": 90.0, "beta": 90.0, "gamma": gamma}
    return [given.get(name, usual[name]) for name in _ALL_FIELDS]


def _read_site(line: str, number: int, group: int, known: dict[str, SiteCoordinates]) -> tuple[str, Array]:
    """The element of a line and its sites in the primitive cell, (S, 3) fractional."""
    match = _SITE.fullmatch(line)
    if match is None:
        raise UserCorrectable(f"Line {number} is '{line[:40]}'; a site is written like 'O 4c .484 .071'.")
    symbol, multiplicity, letter, coordinates = match.groups()
    if symbol not in BY_SYMBOL:
        raise UserCorrectable(f"Line {number} names '{symbol}', which is no element.")
    place = known.get(letter)
    if place is None or place.position.multiplicity != int(multiplicity):
        raise UserCorrectable(f"Line {number} names position {multiplicity}{letter}; space group {group} has none.")
    values = np.array([float(f"0{word}") for word in coordinates.split()])
    if len(values) != place.num_free:
        raise UserCorrectable(
            f"Line {number} gives {len(values)} coordinates; position {multiplicity}{letter} has {place.num_free} free."
        )
    return symbol, place.sites(values)
