"""Pictures drawn off screen: the colours of known atoms at known places."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from crystal_studio.scene.drawable import Lines, Polyhedra, Scene, Spheres, Sticks
from crystal_studio.ui.viewer.camera import Camera

SIZE = (240, 160)
WHITE = (255, 255, 255)
FRONT = Camera(np.eye(3), np.zeros(3), 8.0)


@pytest.fixture(scope="module")
def renderer() -> Iterator[object]:
    from crystal_studio.ui.viewer.renderer import NoOpenGL, Renderer

    try:
        made = Renderer()
    except NoOpenGL as error:
        pytest.skip(f"{error} Install Mesa (libgl1-mesa-dri, libegl1).")
    yield made
    made.close()


def scene_of(centers=(), radii=(), colours=(), sticks=(), triangles=(), lines=()) -> Scene:
    """A scene of a few things; sticks and lines are (start, end, colour), triangles (corners, colour)."""
    count = len(centers)
    return Scene(
        np.eye(3) * 4,
        Spheres(
            _floats(centers, 3), np.asarray(radii, np.float32), _bytes(colours), np.arange(count, dtype=np.int32),
            np.zeros((count, 3), np.int32),
        ),
        Sticks(*(_floats([s[end] for s in sticks], 3) for end in (0, 1)), 0.5, _bytes([s[2] for s in sticks])),
        Polyhedra(
            np.asarray([t[0] for t in triangles], np.float32).reshape(-1, 3, 3), _bytes([t[1] for t in triangles]),
            np.zeros((0, 2, 3), np.float32),
        ),
        Lines(np.asarray([line[:2] for line in lines], np.float32).reshape(-1, 2, 3), _bytes([x[2] for x in lines])),
    )  # fmt: skip


def _floats(rows, width) -> np.ndarray:
    return np.asarray(rows, dtype=np.float32).reshape(-1, width)


def _bytes(rows) -> np.ndarray:
    return np.asarray(rows, dtype=np.uint8).reshape(-1, 3)


def pixel_of(camera: Camera, point) -> tuple[int, int]:
    pixels, _, _ = camera.projected(np.asarray([point]), SIZE)
    return int(pixels[0][1]), int(pixels[0][0])


def hue(pixel) -> int:
    """Which of red, green and blue is strongest."""
    return int(np.argmax(pixel[:3]))


def drawn(picture) -> np.ndarray:
    """Mask of the pixels that are not white."""
    return (picture[..., :3] < 250).any(axis=-1)


def test_that_each_atom_is_drawn_in_its_colour_where_the_camera_puts_it(renderer):
    places = [(-6, 3, 0), (0, 0, 1), (6, -3, -2)]
    renderer.show(scene_of(places, [1.5, 1.0, 2.0], [(220, 30, 30), (30, 200, 30), (30, 30, 220)]))
    for camera in (FRONT, FRONT.turned(15, 10), replace(FRONT.turned(-12, 20), perspective=True)):
        picture = renderer.picture(camera, SIZE, WHITE)
        assert [hue(picture[pixel_of(camera, place)]) for place in places] == [0, 1, 2]
        assert picture[0, 0].tolist() == [255, 255, 255, 255]


def test_that_a_sphere_is_a_disc_of_its_radius(renderer):
    renderer.show(scene_of([(0, 0, 0)], [2.0], [(200, 60, 60)]))
    picture = renderer.picture(FRONT, SIZE, WHITE)
    area_pixels = np.pi * (2.0 * SIZE[1] / 2 / FRONT.half_height) ** 2
    assert drawn(picture).sum() == pytest.approx(area_pixels, rel=0.04)


def test_that_the_nearer_of_two_overlapping_atoms_hides_the_other(renderer):
    renderer.show(scene_of([(0, 0, 0), (0, 0, 3)], [2.0, 1.0], [(220, 20, 20), (20, 20, 220)]))
    assert hue(renderer.picture(FRONT, SIZE, WHITE)[pixel_of(FRONT, (0, 0, 0))]) == 2
    behind = FRONT.turned(180, 0)
    assert hue(renderer.picture(behind, SIZE, WHITE)[pixel_of(behind, (0, 0, 0))]) == 0


def test_that_a_half_bond_reaches_from_its_start_to_its_end_with_its_radius(renderer):
    renderer.show(scene_of(sticks=[((-3, 0, 0), (3, 0, 0), (30, 30, 220))]))
    rows, columns = np.nonzero(drawn(renderer.picture(FRONT, SIZE, WHITE)))
    scale = SIZE[1] / 2 / FRONT.half_height
    assert columns.max() - columns.min() + 1 == pytest.approx(6 * scale, abs=2)
    assert rows.max() - rows.min() + 1 == pytest.approx(2 * 0.5 * scale, abs=2)


def test_that_both_halves_of_a_bond_have_their_own_colour(renderer):
    halves = [((-4, 1, 0), (0, 2, 1), (220, 30, 30)), ((4, 3, 2), (0, 2, 1), (30, 200, 30))]
    renderer.show(scene_of(sticks=halves))
    picture = renderer.picture(FRONT, SIZE, WHITE)
    assert hue(picture[pixel_of(FRONT, (-2, 1.5, 0.5))]) == 0
    assert hue(picture[pixel_of(FRONT, (2, 2.5, 1.5))]) == 1


def test_that_a_polyhedron_is_translucent_and_lets_its_centre_atom_be_seen(renderer):
    face = [((-6, -6, 3), (6, -6, 3), (0, 7, 3))]
    renderer.show(scene_of([(0, 0, 0)], [1.5], [(220, 20, 20)], triangles=[(face[0], (60, 60, 220))]))
    picture = renderer.picture(FRONT, SIZE, WHITE)
    beside, centre = picture[pixel_of(FRONT, (3, -4, 3))], picture[pixel_of(FRONT, (0, 0, 0))]
    assert hue(beside) == 2
    assert beside[0] > 70, "white shines through"
    assert centre[0] > centre[1] + 15, "the red atom shines through"


def test_that_translucent_faces_are_blended_from_the_farthest_to_the_nearest_from_both_sides(renderer):
    corners = ((-6.0, -6.0), (6.0, -6.0), (0.0, 7.0))
    near, far = (tuple((x, y, z) for x, y in corners) for z in (2.0, -2.0))
    renderer.show(scene_of(triangles=[(near, (230, 20, 20)), (far, (20, 20, 230))]))
    assert hue(renderer.picture(FRONT, SIZE, WHITE)[pixel_of(FRONT, (0, 0, 0))]) == 0
    behind = FRONT.turned(180, 0)
    assert hue(renderer.picture(behind, SIZE, WHITE)[pixel_of(behind, (0, 0, 0))]) == 2


def test_that_cell_lines_are_drawn_thicker_in_a_larger_picture(renderer):
    renderer.show(scene_of(lines=[((-5, 0, 0), (5, 0, 0), (20, 20, 20))]))
    thin = drawn(renderer.picture(FRONT, SIZE, WHITE)).any(axis=1).sum()
    thick = drawn(renderer.picture(FRONT, (4 * SIZE[0], 4 * SIZE[1]), WHITE, 4.0)).any(axis=1).sum()
    assert 1 <= thin <= 3
    assert thick >= 3 * thin - 2


def test_that_the_ground_of_a_transparent_picture_has_no_alpha_and_atoms_have_it_whole(renderer):
    renderer.show(scene_of([(0, 0, 0)], [2.0], [(200, 60, 60)]))
    picture = renderer.picture(FRONT, SIZE, None)
    assert picture[2, 2].tolist() == [0, 0, 0, 0]
    assert picture[pixel_of(FRONT, (0, 0, 0))][3] == 255


def test_that_a_scene_replaces_the_one_before_whether_it_has_as_many_atoms_or_none(renderer):
    renderer.show(scene_of([(0, 0, 0)], [2.0], [(220, 20, 20)]))
    renderer.picture(FRONT, SIZE, WHITE)
    renderer.show(scene_of([(5, 0, 0)], [2.0], [(20, 20, 220)]))
    picture = renderer.picture(FRONT, SIZE, WHITE)
    assert picture[pixel_of(FRONT, (0, 0, 0))].tolist() == [255, 255, 255, 255]
    assert hue(picture[pixel_of(FRONT, (5, 0, 0))]) == 2
    renderer.show(scene_of())
    assert not drawn(renderer.picture(FRONT, SIZE, WHITE)).any()


def test_that_twenty_thousand_atoms_are_all_drawn(renderer):
    grid = np.stack(np.meshgrid(np.arange(200), np.arange(100), indexing="ij"), axis=-1).reshape(-1, 2)
    centers = np.column_stack([grid * 3.0, np.zeros(len(grid))]).astype(np.float32)
    renderer.show(scene_of(centers, np.full(20000, 1.2), np.tile([200, 40, 40], (20000, 1))))
    camera = Camera(np.eye(3), np.array([298.5, 148.5, 0.0]), 155.0)
    picture = renderer.picture(camera, (1600, 800), WHITE)
    pixels, _, _ = camera.projected(centers, (1600, 800))
    columns, rows = pixels[:, 0].astype(int), pixels[:, 1].astype(int)
    assert (picture[rows, columns, 0] > picture[rows, columns, 1] + 40).all()


def test_that_atoms_in_one_place_and_huge_and_tiny_ones_do_not_break_the_picture(renderer):
    renderer.show(scene_of([(0, 0, 0)] * 3, [1.0, 1.0, 1e-3], [(200, 40, 40)] * 3))
    assert drawn(renderer.picture(FRONT, SIZE, WHITE)).any()
    renderer.show(scene_of([(0, 0, 0)], [500.0], [(200, 40, 40)]))
    assert drawn(renderer.picture(FRONT, SIZE, WHITE)).all()
