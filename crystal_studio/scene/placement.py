"""Which images of a crystal's atoms are drawn.

Shapes: N atoms of the cell, A atoms drawn, B bonds of the cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.scene.bonding import Bonding
from crystal_studio.scene.neighbours import Floats, Integers, spread

# Files give 0.3333 for a third and 0.9999 for one: atoms this near to a face, in fractions of the cell, lie on it.
ON_FACE = 1e-3
ANY_ROUNDS = 1000


@dataclass(frozen=True)
class Placed:
    """Atoms drawn: the cell's own in the order of the crystal, then its repeats, then what completes groups.

    Attributes:
        site_A: index in the crystal.
        cell_A3: lattice translation, relative to the atom's place between 0 and 1.
    """

    site_A: Integers
    cell_A3: Integers

    def __len__(self) -> int:
        return len(self.site_A)


def wrapped(frac_N3: Floats) -> tuple[Floats, Floats]:
    """Fractional coordinates from 0 to 1 (up to `ON_FACE` below), and the translation that brings each atom there."""
    cell_N3 = -np.floor(frac_N3 + ON_FACE)
    return frac_N3 + cell_N3, cell_N3


def place(frac_N3: Floats, supercell: tuple[int, int, int], boundary: bool) -> Placed:
    """The atoms of a supercell, and the images on its far faces of those on its near ones."""
    on_face_N3 = (np.abs(frac_N3) <= ON_FACE) & boundary
    steps = [np.arange(n + 1) for n in supercell]
    cells_M3 = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1).reshape(-1, 3)
    shown_MN = np.ones((len(cells_M3), len(frac_N3)), dtype=bool)
    for k in range(3):
        shown_MN &= (cells_M3[:, k] < supercell[k])[:, None] | on_face_N3[None, :, k]
    cell_A, site_A = np.nonzero(shown_MN)
    return Placed(site_A, cells_M3[cell_A])


def complete(placed: Placed, bonding: Bonding, closing_B: NDArray[np.bool_], most: int, rounds: int) -> Placed:
    """Add the atoms that closing bonds lead to, round by round, as long as there are fewer than `most`.

    Args:
        placed: atoms drawn so far.
        bonding: bonds of the cell.
        closing_B: bonds whose second atom must be drawn where the first is.
        most: atoms.
        rounds: how often to go on from the atoms just added; `ANY_ROUNDS` only for bonds that do not lead on for ever.
    """
    bonds = bonding.where(closing_B)
    if not len(bonds.pairs):
        return placed
    known = {*zip(placed.site_A.tolist(), *placed.cell_A3.T.tolist(), strict=True)}
    added: list[tuple[int, ...]] = []
    frontier = placed
    for _ in range(rounds):
        bond, atom = along(frontier, bonds)
        reached = np.column_stack((bonds.pairs.second_P[bond], frontier.cell_A3[atom] + bonds.pairs.shift_P3[bond]))
        fresh = [row for row in map(tuple, np.unique(reached, axis=0).tolist()) if row not in known]
        if not fresh or len(known) + len(fresh) > most:
            break
        known.update(fresh)
        added += fresh
        rows = np.array(fresh, dtype=np.int64)
        frontier = Placed(rows[:, 0], rows[:, 1:])
    rows = np.array(added, dtype=np.int64).reshape(-1, 4)
    return Placed(np.r_[placed.site_A, rows[:, 0]], np.r_[placed.cell_A3, rows[:, 1:]])


def along(placed: Placed, bonding: Bonding) -> tuple[Integers, Integers]:
    """Every bond that starts at an atom drawn: index of the bond and of the atom, sorted by the atom."""
    first = bonding.pairs.first_P
    start = np.searchsorted(first, placed.site_A, side="left")
    end = np.searchsorted(first, placed.site_A, side="right")
    atom, bond = spread(start, end)
    return bond, atom


def partners(placed: Placed, bonding: Bonding) -> tuple[Integers, Integers, Integers]:
    """Bond, first atom and second atom of every bond that starts at an atom drawn; -1 where the second is not drawn."""
    bond, atom = along(placed, bonding)
    wanted = np.column_stack((bonding.pairs.second_P[bond], placed.cell_A3[atom] + bonding.pairs.shift_P3[bond]))
    have = np.column_stack((placed.site_A, placed.cell_A3))
    have_key, wanted_key = _keys(have, wanted)
    order = np.argsort(have_key)
    position = np.minimum(np.searchsorted(have_key, wanted_key, sorter=order), len(order) - 1)
    found = order[position]
    return bond, atom, np.where(have_key[found] == wanted_key, found, -1)


def _keys(*tables: Integers) -> list[Integers]:
    """One number per row of small integers, the same for equal rows of all tables."""
    low = np.min([table.min(axis=0) for table in tables if len(table)], axis=0)
    high = np.max([table.max(axis=0) for table in tables if len(table)], axis=0)
    keys = []
    for table in tables:
        key = np.zeros(len(table), dtype=np.int64)
        for k in range(table.shape[1]):
            key = key * (high[k] - low[k] + 1) + table[:, k] - low[k]
        keys.append(key)
    return keys
