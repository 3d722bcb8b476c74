"""Crystals that no one would draw must not break the view: they raise nothing and come back soon."""

from __future__ import annotations

import time

import numpy as np
import pytest
import scene_crystals as known
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.trajectory import Frame
from crystal_studio.scene.build import MOST_ATOMS, build
from crystal_studio.scene.drawable import Scene, Style
from crystal_studio.scene.options import LabelKind, SceneOptions
from crystal_studio.scene.trajectory import frame_scene, frame_scenes

RANDOM = np.random.default_rng(11)
ANY = RANDOM.random((30, 3))


def mixed(count: int) -> tuple[str, ...]:
    return tuple(("Sr", "Ti", "O", "C", "H", "Xe")[k % 6] for k in range(count))


def assert_drawable(scene: Scene) -> None:
    arrays = (scene.spheres.centers_A3, scene.spheres.radii_A, scene.sticks.starts_S3, scene.sticks.ends_S3)
    more = (scene.polyhedra.triangles_F33, scene.polyhedra.edges_E23, scene.cell.segments_E23, scene.lattice)
    assert all(np.isfinite(array).all() for array in arrays + more)
    assert (np.linalg.norm(scene.lattice, axis=1) > 0).all()
    assert all(array.dtype == np.float32 for array in (*arrays, *more[:3]))
    assert len(scene.spheres.site_A) == len(scene.spheres.centers_A3) == len(scene.spheres.colours_A3)
    assert len(scene.sticks.starts_S3) == len(scene.sticks.ends_S3) == len(scene.sticks.colours_S3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("style", [Style.BALL_AND_STICK, Style.POLYHEDRA, Style.SPACE_FILLING, Style.STICK])
@pytest.mark.parametrize(
    ("lattice", "frac"),
    [
        (np.eye(3) * 5, ANY[:1]),
        (np.eye(3) * 5, ANY),
        (np.eye(3) * 5, np.zeros((30, 3))),
        (np.eye(3) * 5, ANY * 1e7),
        (np.eye(3) * 5, ANY * 1e300),
        (np.eye(3) * 0.5, ANY),
        (np.eye(3) * 1e-3, ANY),
        (np.eye(3) * 1e-200, ANY),
        (np.eye(3) * 1e6, ANY),
        (np.eye(3) * 1e200, ANY),
        (np.diag([5, 5, 0.05]), ANY),
        (np.diag([5, 5, 1e-9]), ANY),
        (np.diag([5, 1e-9, 1e-9]), ANY),
        (np.zeros((3, 3)), ANY),
        (np.diag([5, 5, -5]), ANY),
        (np.array([[5, 0, 0], [4.999, 0.01, 0], [0, 0, 5]]), ANY),
        (np.diag([400.0, 2, 2]), ANY),
    ],
)
def test_that_odd_cells_are_drawn_without_error(
    lattice: NDArray[np.float64], frac: NDArray[np.float64], style: Style
) -> None:
    start = time.process_time()
    assert_drawable(build(Crystal(lattice, mixed(len(frac)), frac), SceneOptions(style=style)))
    assert time.process_time() - start < 5


def test_that_overlapping_atoms_are_all_drawn_and_not_bonded() -> None:
    scene = build(Crystal(np.eye(3) * 6, ("C",) * 5, np.full((5, 3), 0.5)))
    assert len(scene.spheres.site_A) == 5
    assert len(scene.sticks.starts_S3) == 0


def test_that_five_thousand_atoms_in_one_place_are_drawn_without_bonds_and_said_so() -> None:
    scene = build(Crystal(np.eye(3) * 6, ("C",) * 5000, np.full((5000, 3), 0.5)))
    assert len(scene.spheres.site_A) == 5000
    assert any("crowded" in notice for notice in scene.notices)


def test_that_five_thousand_atoms_take_less_than_half_a_second() -> None:
    shaken = known.repeated(known.PEROVSKITE, 10)
    frac = shaken.frac_coords + RANDOM.normal(scale=0.0005, size=shaken.frac_coords.shape)
    crystal = Crystal(shaken.lattice, shaken.species, frac)

    def seconds() -> float:
        start = time.process_time()
        assert len(build(crystal).sticks.starts_S3) > 10_000
        return time.process_time() - start

    assert any(seconds() < 0.5 for _ in range(8))


def test_that_twenty_thousand_atoms_are_drawn_without_bonds_and_said_so() -> None:
    crystal = Crystal(np.eye(3) * 60, mixed(20_000), RANDOM.random((20_000, 3)))
    scene = build(crystal, SceneOptions(style=Style.POLYHEDRA, labels=LabelKind.SITE, boundary=False))
    assert len(scene.spheres.site_A) == 20_000
    assert len(scene.sticks.starts_S3) == len(scene.polyhedra.triangles_F33) == len(scene.labels) == 0
    assert scene.notices == ("20,000 atoms: bonds and polyhedra are not drawn.", "20,000 atoms: labels are not drawn.")


def test_that_a_supercell_too_large_is_drawn_in_part_and_said_so() -> None:
    crystal = Crystal(np.eye(3) * 30, mixed(1000), RANDOM.random((1000, 3)))
    scene = build(crystal, SceneOptions(supercell=(20, 20, 20), boundary=False))
    assert len(scene.spheres.site_A) <= MOST_ATOMS
    assert scene.notices[0].startswith("20×20×20 cells are too many atoms; ")


def test_that_hiding_all_elements_leaves_the_cell() -> None:
    scene = build(known.PEROVSKITE, SceneOptions(hidden=frozenset(("Sr", "Ti", "O"))))
    assert len(scene.spheres.site_A) == len(scene.sticks.starts_S3) == 0
    assert len(scene.cell.segments_E23) == 12


def test_that_frames_of_a_trajectory_keep_atom_and_sphere_together() -> None:
    options = SceneOptions(supercell=(2, 2, 2), hidden=frozenset("O"))
    crystals = [Crystal(np.eye(3) * size, mixed(30), RANDOM.normal(size=(30, 3))) for size in (3.0, 5.0, 7.0)]
    frames = [Frame(0, step, 3, crystal) for step, crystal in enumerate(crystals)]
    for scene in frame_scenes(frames, options):
        assert scene.spheres.site_A.tolist() == list(range(30))
    inside = frame_scene(crystals[1], options).spheres.centers_A3
    assert (inside >= -0.01).all()
    assert (inside <= 5).all()
