"""Which atoms form molecules: groups bonded among themselves that do not run through the whole crystal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.scene.neighbours import Pairs


def in_molecule(pairs: Pairs, atoms: int) -> NDArray[np.bool_]:
    """Which of N atoms belong to a finite group of bonded atoms; a lone atom does.

    A group is endless if one comes back to an atom in another cell by going along its bonds.

    Args:
        pairs: bonds in both directions, sorted by their first atom.
        atoms: N.
    """
    starts = np.searchsorted(pairs.first_P, np.arange(atoms + 1)).tolist()
    seconds: list[int] = pairs.second_P.tolist()
    shifts: list[tuple[int, int, int]] = [(x, y, z) for x, y, z in pairs.shift_P3.tolist()]
    cell_of: list[tuple[int, int, int] | None] = [None] * atoms
    finite: NDArray[np.bool_] = np.asarray(np.diff(starts) == 0, dtype=bool)
    for seed in np.flatnonzero(~finite).tolist():
        if cell_of[seed] is None:
            group, endless = _group(seed, starts, seconds, shifts, cell_of)
            finite[group] = not endless
    return finite


def _group(
    seed: int,
    starts: list[int],
    seconds: list[int],
    shifts: list[tuple[int, int, int]],
    cell_of: list[tuple[int, int, int] | None],
) -> tuple[list[int], bool]:
    """The atoms that bonds lead to from a seed, and whether they lead to another image of one of them."""
    cell_of[seed] = (0, 0, 0)
    group, endless, position = [seed], False, 0
    while position < len(group):
        atom = group[position]
        position += 1
        x, y, z = cell_of[atom] or (0, 0, 0)
        for bond in range(starts[atom], starts[atom + 1]):
            dx, dy, dz = shifts[bond]
            second, cell = seconds[bond], (x + dx, y + dy, z + dz)
            if cell_of[second] is None:
                cell_of[second] = cell
                group.append(second)
            elif cell_of[second] != cell:
                endless = True
    return group, endless
