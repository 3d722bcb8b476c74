"""Convex hulls of the few points of a coordination polyhedron, with flat faces kept whole."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_POINTS = 24
# Relative to the size of the polyhedron: points of a real structure's face lie in one plane to about this.
_FLAT = 0.02


@dataclass(frozen=True)
class Hull:
    """A convex polyhedron, or the two sides of a polygon where all points lie in one plane.

    Attributes:
        faces: corners of each face as indices of the points, anticlockwise seen from outside.
    """

    faces: tuple[tuple[int, ...], ...]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Each edge once, the lesser index first."""
        return sorted({(min(e), max(e)) for face in self.faces for e in zip(face, face[1:] + face[:1], strict=True)})

    @property
    def triangles(self) -> list[tuple[int, int, int]]:
        """The faces cut into triangles, with their winding."""
        return [(face[0], one, other) for face in self.faces for one, other in pairwise(face[1:])]


def convex_hull(points_K3: Floats) -> Hull:
    """The hull of 3 to 24 points; none where they lie on one line.

    A plane through three points is a face where no point lies outside of it; all points in it are its corners. With so
    few points all planes are tried: 24 points have 2,024.

    Raises:
        ValueError: there are more than 24 points.
    """
    if len(points_K3) > MOST_POINTS:
        raise ValueError(f"a hull of at most {MOST_POINTS} points, not {len(points_K3)}")
    centred = points_K3 - points_K3.mean(axis=0) if len(points_K3) else points_K3
    size = float(np.abs(centred).max(initial=0.0))
    if len(points_K3) < 3 or not np.isfinite(size) or size <= 0:
        return Hull(())
    unit_K3 = centred / size
    sides = _planes(unit_K3)
    faces = {face: normal for inside, normal in sides if len(face := _outline(unit_K3, inside, normal)) > 2}
    return Hull(tuple(_without_repeats(faces)))


def _planes(unit_K3: Floats) -> list[tuple[NDArray[np.intp], Floats]]:
    """Points in each plane that has no point outside, with the outward normal; each plane once."""
    triples = np.array(list(combinations(range(len(unit_K3)), 3)))
    a, b, c = (unit_K3[triples[:, k]] for k in range(3))
    normal = np.cross(b - a, c - a)
    length = np.linalg.norm(normal, axis=1)
    wide = length > _FLAT
    normal, a = normal[wide] / length[wide, None], a[wide]
    height = np.einsum("tj,tkj->tk", normal, unit_K3[None, :, :] - a[:, None, :])
    found: dict[bytes, tuple[NDArray[np.intp], Floats]] = {}
    for sign in (1.0, -1.0):
        for plane in np.flatnonzero((sign * height).max(axis=1, initial=-np.inf) <= _FLAT):
            inside = np.abs(height[plane]) <= _FLAT
            outward = sign * normal[plane]
            # Both sides of a polygon are faces, so the side belongs to the name of the plane.
            found.setdefault(inside.tobytes() + bytes([_side(outward)]), (np.flatnonzero(inside), outward))
    return list(found.values())


def _side(normal: Floats) -> int:
    return int(normal[np.argmax(np.abs(normal))] > 0)


def _outline(unit_K3: Floats, inside: NDArray[np.intp], normal: Floats) -> tuple[int, ...]:
    """Corners of a face in order around its normal, beginning with the least; points on its edges are left out."""
    points = unit_K3[inside]
    axis = np.cross(normal, np.eye(3)[np.argmin(np.abs(normal))])
    axis /= np.linalg.norm(axis)
    flat = np.column_stack((points @ axis, points @ np.cross(normal, axis)))
    corners = _around([(float(x), float(y)) for x, y in flat])
    order = [int(inside[corner]) for corner in corners]
    first = order.index(min(order)) if order else 0
    return tuple(order[first:] + order[:first])


def _around(points: list[tuple[float, float]]) -> list[int]:
    """The convex hull of points in a plane, anticlockwise (Source: A. M. Andrew, Inf. Process. Lett. 9 (1979) 216)."""
    order = sorted(range(len(points)), key=lambda index: points[index])

    def half(indices: list[int]) -> list[int]:
        chain: list[int] = []
        for index in indices:
            while len(chain) > 1 and _turn(points[chain[-2]], points[chain[-1]], points[index]) <= _FLAT * 0.1:
                chain.pop()
            chain.append(index)
        return chain[:-1]

    return half(order) + half(order[::-1])


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _without_repeats(faces: dict[tuple[int, ...], Floats]) -> list[tuple[int, ...]]:
    """The faces that are not within a larger one: nearly flat faces are found more than once."""
    kept: list[tuple[tuple[int, ...], Floats]] = []
    for face, normal in sorted(faces.items(), key=lambda item: -len(item[0])):
        if not any(set(face) <= set(other) and float(normal @ above) > 0 for other, above in kept):
            kept.append((face, normal))
    return [face for face, _ in kept]
