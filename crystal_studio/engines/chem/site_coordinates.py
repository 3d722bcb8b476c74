"""The free coordinates of Wyckoff positions, as fractions of the conventional cell."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import combinations, product

import numpy as np

from crystal_studio.domain.crystal import Array
from crystal_studio.engines.chem.wyckoff import WyckoffPosition, primitive_vectors, wyckoff_positions

_SHIFTS = np.array(list(product(range(-2, 3), repeat=3)), dtype=np.float64)
_ON_POSITION = 5e-3  # fraction of the cell: atoms were moved onto their positions before


@dataclass(frozen=True, eq=False)
class SiteCoordinates:
    """A Wyckoff position and the coordinates of its first site that are free.

    Attributes:
        position: in the primitive cell.
        to_conventional: (3, 3); conventional fractions are this times primitive ones.
        axes: of the conventional coordinates, those that are free and fix all others.
        directions: (3, F) whole numbers: what all three coordinates do when a free one grows by 1.
    """

    position: WyckoffPosition
    to_conventional: Array
    axes: tuple[int, ...]
    directions: Array

    @property
    def letter(self) -> str:
        """Wyckoff letter."""
        return self.position.letter

    @property
    def num_free(self) -> int:
        """Free coordinates F."""
        return len(self.axes)

    def sites(self, values: Array) -> Array:
        """All sites (S, 3) of the primitive cell, primitive fractions, for the free coordinates (F,)."""
        start = self.to_conventional @ self.position.point
        first = start + self.directions @ (values - start[list(self.axes)])
        moved = self.position.rotations @ np.linalg.solve(self.to_conventional, first)
        return np.asarray(moved + self.position.translations)

    def free_of(self, orbit: Array) -> Array:
        """The free coordinates (K, F), 0 to 1, of every site of an orbit (S, 3) that can be taken for the first.

        Empty where the orbit is not on this position.
        """
        images = (orbit[:, None] % 1.0 + _SHIFTS).reshape(-1, 3)
        away = (images - self.position.point) @ (np.eye(3) - self.position.projector).T
        on = images[np.abs(away).max(axis=1) < _ON_POSITION]
        return np.asarray((on @ self.to_conventional.T)[:, list(self.axes)] % 1.0)


@cache
def site_coordinates(space_group: int) -> tuple[SiteCoordinates, ...]:
    """Every Wyckoff position of a group, in the order of the letters."""
    to_conventional = primitive_vectors(space_group)
    return tuple(_coordinates(position, to_conventional) for position in wyckoff_positions(space_group))


def _coordinates(position: WyckoffPosition, to_conventional: Array) -> SiteCoordinates:
    """The first axes along which whole numbers describe the position, so that a free coordinate may wrap around."""
    projector = np.round(to_conventional @ position.projector @ np.linalg.inv(to_conventional), 9)
    for axes in combinations(range(3), position.free_parameters):
        chosen = list(axes)
        # The columns of the projector span the free directions; scaled so that the free coordinates are themselves.
        spanned = projector @ np.linalg.pinv(projector[chosen]) if axes else np.zeros((3, 0))
        if np.allclose(spanned[chosen], np.eye(len(axes)), atol=1e-6) and np.allclose(
            spanned, np.round(spanned), atol=1e-6
        ):
            return SiteCoordinates(position, to_conventional, axes, np.round(spanned))
    raise AssertionError(f"position {position.letter} has no whole-numbered free coordinates")
