"""Arrows of displacements, and two crystals in one scene."""

from __future__ import annotations

import numpy as np
import pytest
from scene_crystals import PEROVSKITE, ROCK_SALT

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.arrows import arrows
from crystal_studio.scene.build import build
from crystal_studio.scene.drawable import Style
from crystal_studio.scene.options import SceneOptions
from crystal_studio.scene.superposed import Look, displacements, fitting_magnification, superposed

RED = (200, 20, 20)
WHITE = (255, 255, 255)
PLAIN = SceneOptions(boundary=False, complete=False)


def moved(crystal: Crystal, shifts_angstrom: list[tuple[float, float, float]]) -> Crystal:
    shifts = np.zeros((len(crystal), 3))
    shifts[: len(shifts_angstrom)] = shifts_angstrom
    return Crystal(crystal.lattice, crystal.species, (crystal.cart_coords + shifts) @ np.linalg.inv(crystal.lattice))


def test_that_an_arrow_reaches_from_its_start_to_its_tip_and_no_further() -> None:
    start, vector = np.array([[1.0, 2.0, 3.0]]), np.array([[0.0, 3.0, 4.0]])
    drawn = arrows(start, vector, 0.1, RED)
    along = (drawn.triangles_T33.reshape(-1, 3) - start[0]) @ (vector[0] / 5.0)
    assert along.min() == pytest.approx(0.0, abs=1e-5)
    assert along.max() == pytest.approx(5.0, abs=1e-5)


def test_that_the_head_is_wider_than_the_shaft_and_both_lie_around_the_vector() -> None:
    vector = np.array([[0.0, 0.0, 4.0]])
    points = arrows(np.zeros((1, 3)), vector, 0.1, RED).triangles_T33.reshape(-1, 3)
    away = np.linalg.norm(points[:, :2], axis=1)
    assert away[points[:, 2] < 3.0].max() == pytest.approx(0.1, abs=1e-5)
    assert away.max() == pytest.approx(0.24, abs=1e-5)
    assert np.abs(points[:, :2].mean(axis=0)).max() < 0.02


def test_that_all_faces_of_an_arrow_look_outwards() -> None:
    triangles = arrows(np.zeros((1, 3)), np.array([[2.0, 1.0, -1.0]]), 0.1, RED).triangles_T33.astype(float)
    # Gauss: the volume inside a closed surface of outward faces is positive, and that of shaft and cone.
    volume = np.einsum("ti,ti->t", triangles[:, 0], np.cross(triangles[:, 1], triangles[:, 2])).sum() / 6
    length = 6**0.5
    sides = 12
    share = sides * np.sin(2 * np.pi / sides) / 2  # area of the polygon over the square of its radius
    assert volume == pytest.approx(share * (0.1**2 * (length - 0.5) + 0.24**2 * 0.5 / 3), rel=1e-4)


def test_that_short_arrows_are_thinner_and_those_of_no_length_are_left_out() -> None:
    starts = np.zeros((3, 3))
    vectors = np.array([[0.1, 0, 0], [0, 0, 0], [np.nan, 0, 0]])
    drawn = arrows(starts, vectors, 0.1, RED)
    one = arrows(np.zeros((1, 3)), np.array([[2.0, 0, 0]]), 0.1, RED)
    assert len(drawn.triangles_T33) == len(one.triangles_T33)
    assert np.abs(drawn.triangles_T33[..., 1:]).max() < 0.05
    assert len(arrows(np.zeros((0, 3)), np.zeros((0, 3)), 0.1, RED).triangles_T33) == 0


def test_that_a_superposed_scene_holds_both_crystals_the_first_faded_into_the_ground() -> None:
    second = moved(PEROVSKITE, [(0.3, 0, 0)])
    scene = superposed(PEROVSKITE, second, Look(WHITE, RED), PLAIN)
    assert len(scene.spheres.radii_A) == 10
    own = build(PEROVSKITE, PLAIN).spheres
    faded, full = scene.spheres.colours_A3[:5].astype(int), scene.spheres.colours_A3[5:].astype(int)
    assert np.array_equal(full, own.colours_A3)
    assert (np.abs(faded - 255).sum(axis=1) < 0.35 * np.abs(full - 255).sum(axis=1)).all()
    assert scene.spheres.radii_A.max() < own.radii_A.max()


def test_that_every_drawn_image_of_a_moved_atom_has_an_arrow_as_long_as_asked() -> None:
    second = moved(ROCK_SALT, [(0.0, 0.2, 0.0)])  # a sodium at the corner, drawn eight times
    scene = superposed(ROCK_SALT, second, Look(WHITE, RED, 5), SceneOptions(complete=False))
    one = len(arrows(np.zeros((1, 3)), np.array([[0, 1.0, 0]]), 0.07, RED).triangles_T33)
    assert len(scene.arrows.triangles_T33) == 8 * one
    each = scene.arrows.triangles_T33.reshape(8, -1, 3)
    assert np.allclose(each[..., 1].max(axis=1) - each[..., 1].min(axis=1), 1.0, atol=1e-5)


def test_that_an_atom_of_the_second_stands_where_each_drawn_image_of_the_first_goes() -> None:
    second = moved(ROCK_SALT, [(0.0, 0.2, 0.0), (0.1, 0.0, 0.3)])
    scene = superposed(ROCK_SALT, second, Look(WHITE, RED), SceneOptions(complete=False))
    count = len(build(ROCK_SALT, SceneOptions(complete=False)).spheres.radii_A)
    first, others = scene.spheres.centers_A3[:count], scene.spheres.centers_A3[count:]
    ends = first + displacements(ROCK_SALT, second)[scene.spheres.site_A[:count]]
    nearest = np.linalg.norm(ends[:, None] - others, axis=2)
    assert nearest.min(axis=1).max() < 1e-3
    assert (scene.spheres.site_A[count:][nearest.argmin(axis=1)] == scene.spheres.site_A[:count]).all()
    apart = np.linalg.norm(others[:, None] - others, axis=2) + 9 * np.eye(len(others))
    assert apart.min() > 0.5, "no atom is drawn twice"


def test_that_hidden_elements_of_the_second_stay_hidden() -> None:
    scene = superposed(ROCK_SALT, ROCK_SALT, Look(WHITE, RED), SceneOptions(hidden=frozenset({"Na"})))
    assert {ROCK_SALT.species[site] for site in scene.spheres.site_A} == {"Cl"}


def test_that_the_magnification_makes_the_longest_displacement_visible() -> None:
    for shift, wanted in ((1.0, 1), (0.5, 2), (0.2, 5), (0.1, 10), (0.001, 50)):
        assert fitting_magnification(PEROVSKITE, moved(PEROVSKITE, [(shift, 0, 0)])) == wanted
    assert fitting_magnification(PEROVSKITE, PEROVSKITE) == 50
    assert np.allclose(displacements(PEROVSKITE, moved(PEROVSKITE, [(0, 0, 0.2)]))[0], [0, 0, 0.2])


def test_that_polyhedra_of_two_crystals_become_balls_and_sticks() -> None:
    look = Look(WHITE, RED)
    scene = superposed(PEROVSKITE, PEROVSKITE, look, SceneOptions(style=Style.POLYHEDRA))
    assert len(scene.polyhedra.triangles_F33) == 0
    assert len(scene.sticks.starts_S3) > 0
