"""Who is near whom in a periodic crystal, by a cell list.

Shapes: N atoms, G images of atoms around the cell, P pairs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Cells flatter than a thousandth of the cut-off are refused, so a pair's shift fits into a small number.
LARGEST_SHIFT = 1000
_MOST_IMAGES = 4_000_000
_MOST_CANDIDATES = 16_000_000
# Within 10 angstrom of an atom of the densest crystals there are fewer.
_MOST_NEIGHBOURS = 750


class TooCrowded(Exception):
    """So many pairs lie within the cut-off that a search would hang: a collapsed cell, or all atoms in one place."""


@dataclass(frozen=True)
class Pairs:
    """Ordered pairs of atoms, each in both directions.

    Attributes:
        first_P: index of an atom in the cell.
        second_P: index of its neighbour.
        shift_P3: lattice translation of the neighbour.
        length_P: distance in angstrom.
    """

    first_P: Integers
    second_P: Integers
    shift_P3: Integers
    length_P: Floats

    def __len__(self) -> int:
        return len(self.first_P)

    def where(self, keep_P: NDArray[np.bool_]) -> Pairs:
        """Only the pairs that are marked."""
        return Pairs(self.first_P[keep_P], self.second_P[keep_P], self.shift_P3[keep_P], self.length_P[keep_P])

    def sorted(self) -> Pairs:
        """By the first atom, then by length."""
        order = np.lexsort((self.length_P, self.first_P))
        return Pairs(self.first_P[order], self.second_P[order], self.shift_P3[order], self.length_P[order])

    @classmethod
    def none(cls) -> Pairs:
        """No pairs."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, np.zeros((0, 3), dtype=np.int64), np.zeros(0))


def pairs_within(frac_N3: Floats, lattice: Floats, cutoff: float) -> Pairs:
    """All pairs of atoms, images included, that are closer than a cut-off.

    Args:
        frac_N3: fractional coordinates, about 0 to 1.
        lattice: (3, 3) angstrom, rows a, b, c.
        cutoff: angstrom.

    Raises:
        TooCrowded: the search would take too long.
    """
    site_G, shift_G3 = _images_around(frac_N3, lattice, cutoff)
    first_P, image_P, length_P = _close(frac_N3 @ lattice, (frac_N3[site_G] + shift_G3) @ lattice, cutoff)
    if len(first_P) > _MOST_NEIGHBOURS * len(frac_N3):
        raise TooCrowded
    pairs = Pairs(first_P, site_G[image_P], shift_G3[image_P], length_P)
    return pairs.where((pairs.first_P != pairs.second_P) | pairs.shift_P3.any(axis=1))


def _images_around(frac_N3: Floats, lattice: Floats, cutoff: float) -> tuple[Integers, Integers]:
    """Site and translation of every image that can be within the cut-off of an atom of the cell."""
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        volume = abs(float(np.linalg.det(lattice)))
        faces = np.array([np.linalg.norm(np.cross(lattice[k - 2], lattice[k - 1])) for k in range(3)])
        margin = cutoff * faces / volume
        reach = np.ceil(margin + np.ptp(frac_N3, axis=0))
    if not (reach <= LARGEST_SHIFT).all() or np.prod(2 * reach + 1) * len(frac_N3) > _MOST_IMAGES:
        raise TooCrowded
    if len(frac_N3) * 4 / 3 * np.pi * cutoff**3 > _MOST_NEIGHBOURS * volume:
        raise TooCrowded
    steps = [np.arange(-n, n + 1) for n in reach.astype(int)]
    shifts_M3 = np.stack(np.meshgrid(*steps, indexing="ij"), -1).reshape(-1, 3)
    low, high = frac_N3.min(axis=0) - margin, frac_N3.max(axis=0) + margin
    near_MN = np.ones((len(shifts_M3), len(frac_N3)), dtype=bool)
    for k in range(3):
        frac_MN = frac_N3[None, :, k] + shifts_M3[:, None, k]
        near_MN &= (frac_MN >= low[k]) & (frac_MN <= high[k])
    shift_G, site_G = np.nonzero(near_MN)
    return site_G, shifts_M3[shift_G]


def _close(cart_N3: Floats, cart_G3: Floats, cutoff: float) -> tuple[Integers, Integers, Floats]:
    """Atom, image and distance of those in the same or adjacent bins of a grid as wide as the cut-off."""
    origin = cart_G3.min(axis=0)
    bin_G3 = np.floor((cart_G3 - origin) / cutoff).astype(np.int64) + 1
    bin_N3 = np.floor((cart_N3 - origin) / cutoff).astype(np.int64) + 1
    ny, nz = bin_G3[:, 1].max() + 2, bin_G3[:, 2].max() + 2
    key_G = (bin_G3[:, 0] * ny + bin_G3[:, 1]) * nz + bin_G3[:, 2]
    order = np.argsort(key_G, kind="stable")
    key_G = key_G[order]
    starts, ends = [], []
    for dx in (-1, 0, 1):
        for dy in (-1, 0, 1):
            key_N = ((bin_N3[:, 0] + dx) * ny + bin_N3[:, 1] + dy) * nz + bin_N3[:, 2]
            # Bins that follow one another along z have keys that follow one another: three bins are one range.
            starts.append(np.searchsorted(key_G, key_N - 1, side="left"))
            ends.append(np.searchsorted(key_G, key_N + 1, side="right"))
    start, end = np.concatenate(starts), np.concatenate(ends)
    if (end - start).sum() > _MOST_CANDIDATES:
        raise TooCrowded
    return _within(cart_N3, cart_G3[order], order, (start, end), cutoff)


def _within(
    cart_N3: Floats, sorted_G3: Floats, order: Integers, ranges: tuple[Integers, Integers], cutoff: float
) -> tuple[Integers, Integers, Floats]:
    """The pairs of the ranges that are within the cut-off, one ninth of them in memory at a time."""
    first, second, squares = [], [], []
    for start, end in zip(np.split(ranges[0], 9), np.split(ranges[1], 9), strict=True):
        atom, position = spread(start, end)
        apart = sorted_G3[position] - cart_N3[atom]
        square = np.einsum("ij,ij->i", apart, apart)
        near = np.flatnonzero(square <= cutoff * cutoff)
        first.append(atom[near])
        second.append(order[position[near]])
        squares.append(square[near])
    return np.concatenate(first), np.concatenate(second), np.sqrt(np.concatenate(squares))


def spread(start_N: Integers, end_N: Integers) -> tuple[Integers, Integers]:
    """Each row n with each of the positions start[n] to end[n] - 1."""
    counts = end_N - start_N
    row = np.repeat(np.arange(len(counts)), counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return row, np.arange(len(row)) - before + np.repeat(start_N, counts)
