"""Symmetry operations as text, and the whole cell that they make of an asymmetric unit."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.errors import UserCorrectable

SAME_SITE_ANGSTROM = 0.1  # images this close are one atom on a special position, written with few digits
_TERM = re.compile(r"([+-]?)(?:(\d+)(?:/(\d+))?|([xyz]))")


class Operation(NamedTuple):
    """A symmetry operation on fractional coordinates: rotation (3, 3) and translation (3,)."""

    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]


def parse_operation(text: str) -> Operation:
    """Read an operation such as "1/2+x, -y, z".

    Raises:
        UserCorrectable: it is no operation.
    """
    rotation, translation = np.zeros((3, 3)), np.zeros(3)
    rows = text.lower().replace(" ", "").split(",")
    if len(rows) != 3 or not all(re.fullmatch(f"(?:{_TERM.pattern})+", row) for row in rows):
        raise UserCorrectable(f"'{text[:40]}' is no symmetry operation.")
    for index, row in enumerate(rows):
        for sign, numerator, denominator, axis in _TERM.findall(row):
            factor = -1.0 if sign == "-" else 1.0
            if axis:
                rotation[index, "xyz".index(axis)] += factor
            else:
                translation[index] += factor * float(numerator) / float(denominator or 1)
    return Operation(rotation, translation)


def lattice_from_parameters(a: float, b: float, c: float, alpha: float, beta: float, gamma: float) -> Array:
    """Lattice vectors as rows, (3, 3) angstrom, from lengths in angstrom and angles in degrees.

    Raises:
        UserCorrectable: the parameters close no cell.
    """
    cos_alpha, cos_beta, cos_gamma = np.cos(np.radians([alpha, beta, gamma]))
    sin_gamma = np.sin(np.radians(gamma))
    along_b = (cos_alpha - cos_beta * cos_gamma) / sin_gamma if sin_gamma > 0 else np.nan
    height_squared = 1 - cos_beta**2 - along_b**2
    if not (min(a, b, c) > 0 and height_squared > 0):
        raise UserCorrectable("The cell's lengths and angles close no cell.")
    return np.array(
        [
            [a, 0.0, 0.0],
            [b * cos_gamma, b * sin_gamma, 0.0],
            [c * cos_beta, c * along_b, c * np.sqrt(height_squared)],
        ]
    )


def expanded(
    lattice: Array, symbols: Sequence[str], positions: NDArray[np.float64], operations: Sequence[Operation]
) -> Crystal:
    """Every image of every site once.

    Args:
        lattice: (3, 3) angstrom, rows are vectors.
        symbols: element of each of the S sites.
        positions: (S, 3) fractional coordinates.
        operations: of the space group, the identity among them.
    """
    rotations = np.stack([operation.rotation for operation in operations])
    translations = np.stack([operation.translation for operation in operations])
    species: list[str] = []
    frac_coords: list[NDArray[np.float64]] = []
    for symbol, position in zip(symbols, positions, strict=True):
        images = _distinct((rotations @ position + translations) % 1.0, lattice)
        species += [symbol] * len(images)
        frac_coords.append(images)
    return Crystal(lattice, tuple(species), np.concatenate(frac_coords))


def _distinct(images: NDArray[np.float64], lattice: Array) -> NDArray[np.float64]:
    """The first of each group of images (I, 3) that are one atom."""
    difference_II3 = images[:, None] - images[None]
    difference_II3 -= np.round(difference_II3)
    same = np.linalg.norm(difference_II3 @ lattice, axis=2) <= SAME_SITE_ANGSTROM
    left = np.ones(len(images), dtype=bool)
    kept: list[int] = []
    while left.any():
        kept.append(int(left.argmax()))
        left &= ~same[kept[-1]]
    return images[kept]
