"""Bonded components of a crystal and the directions in which they go on for ever.

Source: Larsen et al., Phys. Rev. Materials 3, 034003 (2019): a component's dimensionality is the rank of the lattice
translations that lead from an atom along bonds to its own images.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.chem.geometry import Pairs

Image = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Component:
    """Atoms joined by bonds.

    Attributes:
        atoms: indices.
        images: (len(atoms), 3) cells that make the atoms one connected piece.
        translations: (T, 3) lattice translations that map it onto itself, in lattice units.
    """

    atoms: tuple[int, ...]
    images: NDArray[np.int64]
    translations: NDArray[np.int64]

    @property
    def dimensionality(self) -> int:
        """0 for a molecule, 1 for a chain, 2 for a layer, 3 for a framework."""
        return int(np.linalg.matrix_rank(self.translations)) if len(self.translations) else 0

    def across(self, lattice: NDArray[np.float64]) -> NDArray[np.float64]:
        """(3, 3) projector onto the directions at right angles to those it extends in."""
        if not len(self.translations):
            return np.eye(3)
        _, values, axes = np.linalg.svd(self.translations @ lattice)
        along = axes[: int((values > 1e-6 * values[0]).sum())]
        return np.asarray(np.eye(3) - along.T @ along, dtype=np.float64)

    def centroid(self, crystal: Crystal) -> NDArray[np.float64]:
        """(3,) mean position of its atoms in angstrom."""
        frac = crystal.frac_coords[list(self.atoms)] + self.images
        return np.asarray(frac.mean(axis=0) @ crystal.lattice, dtype=np.float64)


def find_components(crystal: Crystal, bonds: Pairs) -> list[Component]:
    """Components in order of their first atom."""
    neighbours: dict[int, list[tuple[int, Image]]] = defaultdict(list)
    for first, second, image in zip(bonds.first.tolist(), bonds.second.tolist(), bonds.image.tolist(), strict=True):
        neighbours[first].append((second, tuple(image)))
    cells: dict[int, NDArray[np.int64]] = {}
    return [_component(start, neighbours, cells) for start in range(len(crystal)) if start not in cells]


def _component(
    start: int, neighbours: dict[int, list[tuple[int, Image]]], cells: dict[int, NDArray[np.int64]]
) -> Component:
    """Walk the bonds from one atom; a second way to an atom, in another cell, is a translation."""
    cells[start] = np.zeros(3, dtype=np.int64)
    queue, translations = [start], set()
    for atom in queue:
        for other, image in neighbours[atom]:
            cell = cells[atom] + image
            if other not in cells:
                cells[other] = cell
                queue.append(other)
            elif (cell != cells[other]).any():
                translations.add(tuple((cell - cells[other]).tolist()))
    images = np.array([cells[atom] for atom in queue])
    return Component(tuple(queue), images, np.array(sorted(translations), dtype=np.int64).reshape(-1, 3))
