"""Atoms that were clicked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from crystal_studio.scene.drawable import Spheres
from crystal_studio.scene.measure import MOST_PICKED


@dataclass(frozen=True)
class Pick:
    """One drawn image of one atom.

    Attributes:
        site: index of the atom in the crystal.
        image: lattice translation of the image.
    """

    site: int
    image: tuple[int, int, int] = (0, 0, 0)

    @classmethod
    def of(cls, spheres: Spheres, index: int) -> Pick:
        """The pick of one sphere."""
        first, second, third = (int(n) for n in spheres.image_A3[index])
        return cls(int(spheres.site_A[index]), (first, second, third))

    def sphere(self, spheres: Spheres) -> int | None:
        """Index of its sphere, of any image of it where that one is not drawn; None where there is none."""
        of_site = np.flatnonzero(spheres.site_A == self.site)
        if not len(of_site):
            return None
        same = (spheres.image_A3[of_site] == self.image).all(axis=1)
        return int(of_site[np.argmax(same)])


def picked(before: tuple[Pick, ...], clicked: Pick | None, *, add: bool) -> tuple[Pick, ...]:
    """Picks after a click: on nothing clears, on an atom replaces, with Shift adds or takes away, up to four."""
    if clicked is None:
        return before if add else ()
    if not add:
        return (clicked,)
    if clicked in before:
        return tuple(one for one in before if one != clicked)
    return (*before, clicked)[-MOST_PICKED:]
