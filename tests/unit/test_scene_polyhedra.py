"""Coordination polyhedra: shapes counted by hand."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import scene_crystals as known
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.build import build
from crystal_studio.scene.drawable import Polyhedra, Style
from crystal_studio.scene.hull import convex_hull
from crystal_studio.scene.options import SceneOptions

OCTAHEDRON = np.vstack((np.eye(3), -np.eye(3)))
CUBE = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], dtype=float)
CUBOCTAHEDRON = np.array([v for v in np.ndindex(3, 3, 3) if sum((x - 1) ** 2 for x in v) == 2], dtype=float) - 1
PRISM = np.array([[np.cos(t), np.sin(t), z] for z in (-0.8, 0.8) for t in np.radians([0, 120, 240])])
GOLDEN = (1 + 5**0.5) / 2
ICOSAHEDRON = np.array([np.roll([0, s, t * GOLDEN], k) for k in range(3) for s in (1, -1) for t in (1, -1)])


def polyhedra_of(crystal: Crystal, **options: object) -> Polyhedra:
    return build(crystal, SceneOptions(style=Style.POLYHEDRA, **options)).polyhedra  # type: ignore[arg-type]


def volume(points: NDArray[np.float64], triangles: list[tuple[int, int, int]]) -> float:
    points = points - points.mean(axis=0)
    return float(sum(points[a] @ np.cross(points[b], points[c]) for a, b, c in triangles)) / 6


@pytest.mark.parametrize(
    ("points", "faces", "edges", "expected_volume"),
    [
        (CUBE[[0, 3, 5, 6]], [3] * 4, 6, 1 / 3),
        (OCTAHEDRON, [3] * 8, 12, 4 / 3),
        (CUBE, [4] * 6, 12, 1.0),
        (PRISM, [3, 3, 4, 4, 4], 9, 2.0785),
        (CUBOCTAHEDRON, [3] * 8 + [4] * 6, 24, 20 / 3),
        (ICOSAHEDRON, [3] * 20, 30, 5 * (3 + 5**0.5) / 12 * 8),
        (CUBE[:4], [4, 4], 4, 0.0),
        (CUBE[:3], [3, 3], 3, 0.0),
    ],
    ids=["tetrahedron", "octahedron", "cube", "prism", "cuboctahedron", "icosahedron", "square", "triangle"],
)
def test_that_hulls_have_the_faces_and_edges_of_the_solid(
    points: NDArray[np.float64], faces: list[int], edges: int, expected_volume: float
) -> None:
    hull = convex_hull(points)
    assert sorted(len(face) for face in hull.faces) == faces
    assert len(hull.edges) == edges
    assert volume(points, hull.triangles) == pytest.approx(expected_volume, rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_that_hulls_of_any_points_are_closed_and_leave_no_point_outside(seed: int) -> None:
    generator = np.random.default_rng(seed)
    points = generator.normal(size=(int(generator.integers(4, 20)), 3))
    hull = convex_hull(points)
    directed = [(a, b) for face in hull.faces for a, b in zip(face, face[1:] + face[:1], strict=True)]
    assert sorted(directed) == sorted((b, a) for a, b in directed)
    assert len(set(directed)) == len(directed)
    for a, b, c in hull.triangles:
        normal = np.cross(points[b] - points[a], points[c] - points[a])
        assert ((points - points[a]) @ normal <= 1e-6 * np.abs(points).max() ** 3).all()


def test_that_a_slightly_bent_square_face_shows_no_diagonal() -> None:
    bent = CUBE.copy()
    bent[7] += 0.004
    assert len(convex_hull(bent).edges) == 12


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.zeros((5, 3)), np.outer(np.arange(5), [1, 1, 1]), CUBE[:2]])
def test_that_points_without_a_plane_have_no_hull(points: NDArray[np.float64]) -> None:
    assert convex_hull(points).faces == ()


def test_that_more_points_than_any_polyhedron_has_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 24"):
        convex_hull(np.random.default_rng(0).normal(size=(25, 3)))


@pytest.mark.parametrize(
    ("crystal", "solids", "triangles", "edges"),
    [
        (known.PEROVSKITE, 1, 8, 12),
        (known.PEROVSKITE_TI_AT_CORNER, 8, 8, 12),
        (known.RUTILE, 9, 8, 12),
        (known.QUARTZ, 6, 4, 6),
        (known.MOLYBDENITE, 2, 8, 9),
        (known.FLUORITE, 14, 12, 12),
        (known.ROCK_SALT, 14, 8, 12),
        (known.GALLIUM_ARSENIDE, 14, 4, 6),
        (known.DIAMOND, 0, 0, 0),
        (known.COPPER, 0, 0, 0),
    ],
)
def test_that_each_cation_has_its_polyhedron_complete_across_the_boundary(
    crystal: Crystal, solids: int, triangles: int, edges: int
) -> None:
    drawn = polyhedra_of(crystal)
    assert len(drawn.triangles_F33) == solids * triangles
    assert len(drawn.colours_F3) == solids * triangles
    assert len(drawn.edges_E23) == solids * edges


def test_that_polyhedra_not_to_be_completed_are_drawn_only_where_all_corners_are() -> None:
    assert len(polyhedra_of(known.PEROVSKITE_TI_AT_CORNER, complete=False).triangles_F33) == 0
    assert len(polyhedra_of(known.PEROVSKITE, complete=False).triangles_F33) == 8


def test_that_triangles_face_outwards() -> None:
    triangles = polyhedra_of(known.PEROVSKITE).triangles_F33
    outward = triangles.mean(axis=1) - np.full(3, 3.905 / 2)
    normals = np.cross(triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0])
    assert (np.einsum("ij,ij->i", normals, outward) > 0).all()


def test_that_tetrahedra_in_quartz_share_corners_only() -> None:
    triangles = polyhedra_of(known.QUARTZ).triangles_F33.reshape(6, 12, 3)
    corners = [{tuple(point) for point in np.round(solid, 2).tolist()} for solid in triangles]
    assert [len(solid) for solid in corners] == [4] * 6
    shared = [len(one & other) for one, other in combinations(corners, 2)]
    assert max(shared) == 1
    assert sum(shared) >= 5


def test_that_a_chosen_large_cation_is_a_cuboctahedron() -> None:
    drawn = polyhedra_of(known.PEROVSKITE, centres=frozenset(("Sr",)))
    assert len(drawn.edges_E23) == 8 * 24
    assert set(map(tuple, drawn.colours_F3.tolist())) == {(0, 255, 0)}


def test_that_chosen_atoms_that_are_no_cations_have_their_neighbours_as_corners() -> None:
    drawn = polyhedra_of(known.DIAMOND, centres=frozenset(("C",)))
    assert len(drawn.triangles_F33) == 18 * 4
    plates = polyhedra_of(known.CALCITE, centres=frozenset(("C",)))
    assert len(plates.triangles_F33) == 2 * len(plates.edges_E23) // 3


def test_that_other_styles_draw_no_polyhedra() -> None:
    assert len(build(known.PEROVSKITE).polyhedra.triangles_F33) == 0
