"""Convex hulls of the few points of a coordination polyhedron, with flat faces kept whole."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_POINTS = 24
# Relative to the size of the polyhedron.
_IN_PLANE = 1e-6
_WIDE_ENOUGH = 1e-5
# Two faces that meet at less than 3 degrees look like one, and the edge between them like a scratch on it.
_COSINE_OF_ONE_FACE = 0.9986


@dataclass(frozen=True)
class Hull:
    """A convex polyhedron, or the two sides of a polygon where all points lie in one plane.

    Attributes:
        faces: corners of each face as indices of the points, anticlockwise seen from outside.
        edges: between faces that do not nearly lie in one plane; the lesser index first.
    """

    faces: tuple[tuple[int, ...], ...]
    edges: tuple[tuple[int, int], ...]

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
        return Hull((), ())
    unit_K3 = centred / size
    found = {_outline(unit_K3, inside, normal): normal.tolist() for inside, normal in _planes(unit_K3)}
    faces = {face: normal for face, normal in found.items() if len(face) > 2}
    return Hull(tuple(faces), tuple(_edges(faces)))


def _edges(faces: dict[tuple[int, ...], list[float]]) -> list[tuple[int, int]]:
    """The edges where the surface bends."""
    normals: dict[tuple[int, int], list[list[float]]] = {}
    for face, normal in faces.items():
        for one, other in zip(face, (*face[1:], face[0]), strict=True):
            normals.setdefault((min(one, other), max(one, other)), []).append(normal)
    return sorted(edge for edge, around in normals.items() if _bends(around))


def _bends(normals: list[list[float]]) -> bool:
    first = normals[0]
    return any(sum(x * y for x, y in zip(first, other, strict=True)) < _COSINE_OF_ONE_FACE for other in normals[1:])


@lru_cache(maxsize=MOST_POINTS)
def _triples(points: int) -> NDArray[np.intp]:
    return np.array(list(combinations(range(points), 3)), dtype=np.intp)


def _planes(unit_K3: Floats) -> list[tuple[NDArray[np.intp], Floats]]:
    """Points in each plane that has no point outside, with the outward normal; each plane once."""
    triples = _triples(len(unit_K3))
    a, b, c = unit_K3[triples[:, 0]], unit_K3[triples[:, 1]], unit_K3[triples[:, 2]]
    normal_T3 = np.cross(b - a, c - a)
    length_T = np.sqrt(np.einsum("tj,tj->t", normal_T3, normal_T3))
    wide = length_T > _WIDE_ENOUGH
    normal_T3 = normal_T3[wide] / length_T[wide, None]
    height_TK = normal_T3 @ unit_K3.T - np.einsum("tj,tj->t", normal_T3, a[wide])[:, None]
    inside_TK = np.abs(height_TK) <= _IN_PLANE
    found: dict[bytes, tuple[NDArray[np.intp], Floats]] = {}
    for sign, outside_T in ((1.0, height_TK.max(axis=1, initial=0)), (-1.0, -height_TK.min(axis=1, initial=0))):
        for plane in np.flatnonzero(outside_T <= _IN_PLANE):
            outward = sign * normal_T3[plane]
            # Both sides of a polygon are faces, so the side belongs to the name of the plane.
            name = inside_TK[plane].tobytes() + bytes([_side(outward)])
            found.setdefault(name, (np.flatnonzero(inside_TK[plane]), outward))
    return list(found.values())


def _side(normal: Floats) -> int:
    return int(normal[np.argmax(np.abs(normal))] > 0)


def _outline(unit_K3: Floats, inside: NDArray[np.intp], normal: Floats) -> tuple[int, ...]:
    """Corners of a face in order around its normal, beginning with the least; points on its edges are left out."""
    if len(inside) == 3:
        first, second, third = inside.tolist()
        a, b, c = unit_K3[inside].tolist()
        return (first, second, third) if _volume(a, b, c, normal.tolist()) > 0 else (first, third, second)
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
            while len(chain) > 1 and _turn(points[chain[-2]], points[chain[-1]], points[index]) <= _IN_PLANE:
                chain.pop()
            chain.append(index)
        return chain[:-1]

    return half(order) + half(order[::-1])


def _volume(a: list[float], b: list[float], c: list[float], normal: list[float]) -> float:
    """Of the box that b - a, c - a and the normal span: positive where a, b, c are anticlockwise around the normal."""
    (px, py, pz), (qx, qy, qz) = ([x - y for x, y in zip(corner, a, strict=True)] for corner in (b, c))
    x, y, z = normal
    return (py * qz - pz * qy) * x + (pz * qx - px * qz) * y + (px * qy - py * qx) * z


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
