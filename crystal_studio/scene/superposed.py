"""Two crystals laid over each other: the first faded, the second as it is, arrows from one to the other.

Shapes: N atoms, A atoms drawn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.arrows import arrows
from crystal_studio.scene.build import build
from crystal_studio.scene.colours import Rgb
from crystal_studio.scene.drawable import Bytes, Lines, Polyhedra, Scene, Spheres, Sticks, Style
from crystal_studio.scene.options import SceneOptions

MAGNIFICATIONS = (1, 2, 5, 10, 20, 50)
_LEAST_SEEN_ANGSTROM = 0.9  # the longest arrow is drawn at least so long where nobody has chosen
_ARROW_RADIUS_ANGSTROM = 0.07
_SAME_PLACE_ANGSTROM = 0.01
_MOST_COMPLETED = 2000  # drawn atoms; looking for their places takes the square of it
_SMALL = 0.62  # size of the spheres, so that arrows come out of them
_FADED = 0.72  # share of the ground in the colours of the first


@dataclass(frozen=True)
class Look:
    """How two crystals are laid over each other.

    Attributes:
        ground: what is behind everything; the first crystal fades into it.
        arrow: colour of the arrows.
        magnification: how much longer than the displacements the arrows are drawn.
    """

    ground: Rgb
    arrow: Rgb
    magnification: float = 1.0


def displacements(first: Crystal, second: Crystal) -> NDArray[np.float64]:
    """How far, and where to, each atom moves, (N, 3) angstrom; atom i of the first becomes atom i of the second."""
    return np.asarray(second.cart_coords - first.cart_coords, dtype=np.float64)


def fitting_magnification(first: Crystal, second: Crystal) -> int:
    """The smallest of `MAGNIFICATIONS` with which the longest displacement can be seen."""
    longest = float(np.linalg.norm(displacements(first, second), axis=1).max())
    return next((m for m in MAGNIFICATIONS if m * longest >= _LEAST_SEEN_ANGSTROM), MAGNIFICATIONS[-1])


def superposed(first: Crystal, second: Crystal, look: Look, options: SceneOptions | None = None) -> Scene:
    """One scene of both; each drawn image of an atom of the first has its arrow.

    Args:
        first: `Comparison.first_in_frame`.
        second: `Comparison.second_in_frame`: atom i is where atom i of the first goes.
        look: colours and the length of the arrows.
        options: as for one crystal; polyhedra are drawn as balls and sticks, because two sets of them hide everything.
    """
    options = options or SceneOptions()
    if options.style is Style.POLYHEDRA:
        options = replace(options, style=Style.BALL_AND_STICK)
    options = replace(options, sphere_scale=max(0.2, options.sphere_scale * _SMALL))
    below = _faded(build(first, options), look.ground)
    along_A3 = displacements(first, second)[below.spheres.site_A]
    starts_A3 = below.spheres.centers_A3.astype(np.float64)
    drawn_arrows = arrows(starts_A3, along_A3 * look.magnification, _ARROW_RADIUS_ANGSTROM, look.arrow)
    above = build(second, options)
    above = replace(above, spheres=_with_images(above.spheres, below.spheres, starts_A3 + along_A3))
    return replace(_joined(below, above), arrows=drawn_arrows)


def _with_images(spheres: Spheres, first: Spheres, ends_A3: NDArray[np.float64]) -> Spheres:
    """The second's atoms with one where each drawn image of the first goes: an atom on a face is seen on every face."""
    if len(first.site_A) > _MOST_COMPLETED:
        return spheres
    site_B, index_B = np.unique(spheres.site_A, return_index=True)
    own_A = np.searchsorted(site_B, first.site_A)
    is_known_A = np.isin(first.site_A, site_B)
    missing = [
        atom
        for atom in np.flatnonzero(is_known_A).tolist()
        if np.abs(spheres.centers_A3 - ends_A3[atom]).sum(axis=1).min() > _SAME_PLACE_ANGSTROM
    ]
    like = index_B[own_A[missing]] if missing else np.zeros(0, dtype=np.int64)
    return Spheres(
        np.concatenate([spheres.centers_A3, ends_A3[missing].astype(np.float32).reshape(-1, 3)]),
        np.concatenate([spheres.radii_A, spheres.radii_A[like]]),
        np.concatenate([spheres.colours_A3, spheres.colours_A3[like]]),
        np.concatenate([spheres.site_A, spheres.site_A[like]]),
        np.concatenate([spheres.image_A3, first.image_A3[missing].reshape(-1, 3)]),
    )


def _faded(scene: Scene, ground: Rgb) -> Scene:
    """Colours mixed with the ground: unlike glass, this needs no order of drawing."""

    def mixed(colours: Bytes) -> Bytes:
        return np.round(colours * (1 - _FADED) + np.array(ground) * _FADED).astype(np.uint8)

    return replace(
        scene,
        spheres=replace(scene.spheres, colours_A3=mixed(scene.spheres.colours_A3)),
        sticks=replace(scene.sticks, colours_S3=mixed(scene.sticks.colours_S3)),
        cell=replace(scene.cell, colours_E3=mixed(scene.cell.colours_E3)),
    )


def _joined(below: Scene, above: Scene) -> Scene:
    one, other = below.spheres, above.spheres
    spheres = Spheres(
        np.concatenate([one.centers_A3, other.centers_A3]),
        np.concatenate([one.radii_A, other.radii_A]),
        np.concatenate([one.colours_A3, other.colours_A3]),
        np.concatenate([one.site_A, other.site_A]),
        np.concatenate([one.image_A3, other.image_A3]),
    )
    sticks = Sticks(
        np.concatenate([below.sticks.starts_S3, above.sticks.starts_S3]),
        np.concatenate([below.sticks.ends_S3, above.sticks.ends_S3]),
        below.sticks.radius,
        np.concatenate([below.sticks.colours_S3, above.sticks.colours_S3]),
    )
    cell = Lines(
        np.concatenate([below.cell.segments_E23, above.cell.segments_E23]),
        np.concatenate([below.cell.colours_E3, above.cell.colours_E3]),
    )
    nothing = np.zeros((0, 3, 3), dtype=np.float32)
    polyhedra = Polyhedra(nothing, np.zeros((0, 3), dtype=np.uint8), np.zeros((0, 2, 3), dtype=np.float32))
    notices = tuple(dict.fromkeys((*below.notices, *above.notices)))
    return Scene(below.lattice, spheres, sticks, polyhedra, cell, notices=notices)
