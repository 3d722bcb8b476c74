"""Marks and measured values of picked atoms, as drawn over the picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.scene.drawable import Scene
from crystal_studio.scene.measure import measure
from crystal_studio.ui.viewer.overlay import Mark, Measured, Overlay
from crystal_studio.ui.viewer.picks import Pick


def overlay_of(scene: Scene, picks: tuple[Pick, ...]) -> Overlay:
    """Labels, axes, rings around the picked atoms, and the value that they measure."""
    spheres = scene.spheres
    found = [index for index in (pick.sphere(spheres) for pick in picks) if index is not None]
    centers_P3 = spheres.centers_A3[found].astype(np.float64).reshape(-1, 3)
    numbers = [str(number) if len(found) > 1 else "" for number in range(1, len(found) + 1)]
    marks = tuple(
        Mark(center, float(spheres.radii_A[index]), number)
        for center, index, number in zip(centers_P3, found, numbers, strict=True)
    )
    lattice = np.asarray(scene.lattice, dtype=np.float64)
    return Overlay(lattice, scene.labels, marks, _measured(centers_P3))


def _measured(points_P3: NDArray[np.float64]) -> tuple[Measured, ...]:
    found = measure(points_P3)
    return (Measured(points_P3, str(found)),) if found is not None else ()
