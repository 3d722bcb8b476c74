"""Which atoms are drawn: counted by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scene_crystals as known

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.build import build
from crystal_studio.scene.drawable import Scene, Style
from crystal_studio.scene.options import LabelKind, SceneOptions


def counted(crystal: Crystal, scene: Scene) -> dict[str, int]:
    return dict(Counter(crystal.species[site] for site in scene.spheres.site_A))


@pytest.mark.parametrize(
    ("crystal", "supercell", "inside", "with_images"),
    [
        (known.ROCK_SALT, (1, 1, 1), {"Na": 4, "Cl": 4}, {"Na": 14, "Cl": 13}),
        (known.ROCK_SALT, (2, 1, 1), {"Na": 8, "Cl": 8}, {"Na": 23, "Cl": 22}),
        (known.ROCK_SALT_PRIMITIVE, (2, 2, 2), {"Na": 8, "Cl": 8}, {"Na": 27, "Cl": 8}),
        (known.CAESIUM_CHLORIDE, (1, 1, 1), {"Cs": 1, "Cl": 1}, {"Cs": 8, "Cl": 1}),
        (known.DIAMOND, (1, 1, 1), {"C": 8}, {"C": 18}),
        (known.DIAMOND, (3, 1, 2), {"C": 48}, {"C": 77}),
        (known.FLUORITE, (1, 1, 1), {"Ca": 4, "F": 8}, {"Ca": 14, "F": 8}),
        (known.RUTILE, (1, 1, 1), {"Ti": 2, "O": 4}, {"Ti": 9, "O": 6}),
        (known.PEROVSKITE, (1, 1, 1), {"Sr": 1, "Ti": 1, "O": 3}, {"Sr": 8, "Ti": 1, "O": 6}),
        (known.PEROVSKITE_TI_AT_CORNER, (1, 1, 1), {"Sr": 1, "Ti": 1, "O": 3}, {"Sr": 1, "Ti": 8, "O": 12}),
        (known.MAGNESIUM, (1, 1, 1), {"Mg": 2}, {"Mg": 9}),
        (known.GRAPHITE, (1, 1, 1), {"C": 4}, {"C": 10}),
        (known.QUARTZ, (1, 1, 1), {"Si": 3, "O": 6}, {"Si": 6, "O": 6}),
        (known.WURTZITE, (1, 1, 1), {"Zn": 2, "O": 2}, {"Zn": 3, "O": 2}),
    ],
)
def test_that_cells_supercells_and_boundary_images_have_the_atoms_counted_by_hand(
    crystal: Crystal, supercell: tuple[int, int, int], inside: dict[str, int], with_images: dict[str, int]
) -> None:
    plain = build(crystal, SceneOptions(supercell=supercell, boundary=False, complete=False))
    closed = build(crystal, SceneOptions(supercell=supercell, boundary=True, complete=False))
    assert counted(crystal, plain) == inside
    assert counted(crystal, closed) == with_images


def test_that_an_atom_at_the_origin_is_at_all_eight_corners() -> None:
    scene = build(known.PEROVSKITE)
    corners = scene.spheres.centers_A3[scene.spheres.site_A == 0] / 3.905
    assert {tuple(corner) for corner in np.round(corners).astype(int).tolist()} == {
        (x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)
    }


@pytest.mark.parametrize("coordinate", [0.99995, -0.00005, 1.0, -3.0, 7.00002])
def test_that_an_atom_a_rounding_error_off_a_face_is_drawn_on_both_faces(coordinate: float) -> None:
    crystal = Crystal(np.eye(3) * 4.0, ("Fe",), np.array([[coordinate, 0.5, 0.5]]))
    across = sorted(build(crystal).spheres.centers_A3[:, 0].tolist())
    assert across == pytest.approx([0.0, 4.0], abs=0.001)


@pytest.mark.parametrize("name", sorted(known.TEXTBOOK))
def test_that_each_sphere_is_the_image_of_its_site_that_it_names(name: str) -> None:
    crystal = known.TEXTBOOK[name]
    spheres = build(crystal, SceneOptions(supercell=(2, 1, 1))).spheres
    expected = (crystal.frac_coords[spheres.site_A] + spheres.image_A3) @ crystal.lattice
    assert spheres.centers_A3 == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", sorted(known.TEXTBOOK))
def test_that_no_atom_is_drawn_twice(name: str) -> None:
    for style in (Style.BALL_AND_STICK, Style.POLYHEDRA):
        centers = build(known.TEXTBOOK[name], SceneOptions(style=style, supercell=(2, 1, 1))).spheres.centers_A3
        assert len(np.unique(np.round(centers, 2), axis=0)) == len(centers)


def test_that_the_first_spheres_are_the_atoms_in_their_order() -> None:
    scene = build(known.QUARTZ, SceneOptions(supercell=(2, 2, 2)))
    assert scene.spheres.site_A[:9].tolist() == list(range(9))


def test_that_hidden_elements_keep_the_polyhedra_around_others() -> None:
    shown = build(known.PEROVSKITE, SceneOptions(style=Style.POLYHEDRA, hidden=frozenset("O")))
    assert counted(known.PEROVSKITE, shown) == {"Sr": 8, "Ti": 1}
    assert len(shown.sticks.starts_S3) == 0
    assert len(shown.polyhedra.triangles_F33) == 8
    centre = build(known.PEROVSKITE, SceneOptions(style=Style.POLYHEDRA, hidden=frozenset(("Ti",))))
    assert len(centre.polyhedra.triangles_F33) == 0


def test_that_molecules_cut_by_the_cell_are_drawn_whole() -> None:
    cut = Crystal(np.eye(3) * 5.0, ("N", "N"), np.array([[0.5, 0.5, 0.9], [0.5, 0.5, 0.12]]))
    assert len(build(cut, SceneOptions(complete=False)).sticks.starts_S3) == 0
    scene = build(cut)
    assert len(scene.spheres.site_A) == 4
    assert len(scene.sticks.starts_S3) == 4


def test_that_every_carbon_dioxide_has_two_oxygens() -> None:
    scene = build(known.DRY_ICE)
    assert counted(known.DRY_ICE, scene) == {"C": 14, "O": 28}
    assert len(scene.sticks.starts_S3) == 2 * 28


def test_that_rock_salt_stays_a_cube_and_the_prisms_of_molybdenite_are_completed() -> None:
    assert counted(known.ROCK_SALT, build(known.ROCK_SALT)) == {"Na": 14, "Cl": 13}
    assert counted(known.MOLYBDENITE, build(known.MOLYBDENITE)) == {"Mo": 2, "S": 12}


def test_that_spheres_touch_where_space_is_filled() -> None:
    salt = build(known.ROCK_SALT, SceneOptions(style=Style.SPACE_FILLING))
    sodium, chlorine = salt.spheres.radii_A[0], salt.spheres.radii_A[4]
    assert (sodium, chlorine) == pytest.approx((1.02, 1.81))
    assert sodium + chlorine == pytest.approx(2.82, abs=0.05)
    molecules = build(known.DRY_ICE, SceneOptions(style=Style.SPACE_FILLING))
    assert molecules.spheres.radii_A[0] == pytest.approx(1.77)
    assert len(salt.sticks.starts_S3) == 0


def test_that_sticks_have_round_ends_and_unbonded_atoms_stay_visible() -> None:
    scene = build(known.PEROVSKITE, SceneOptions(style=Style.STICK))
    titanium, strontium = scene.spheres.site_A == 1, scene.spheres.site_A == 0
    assert scene.spheres.radii_A[titanium] == pytest.approx(scene.sticks.radius)
    assert (scene.spheres.radii_A[strontium] > scene.sticks.radius).all()


def test_that_sphere_scale_scales_every_sphere() -> None:
    one, two = (build(known.QUARTZ, SceneOptions(sphere_scale=scale)).spheres.radii_A for scale in (1.0, 2.0))
    assert two == pytest.approx(2 * one)


def test_that_labels_name_element_and_number_of_every_image() -> None:
    named = build(known.PEROVSKITE, SceneOptions(labels=LabelKind.SITE)).labels
    assert Counter(label.text for label in named) == {"Sr1": 8, "Ti2": 1, "O3": 2, "O4": 2, "O5": 2}
    assert {label.text for label in build(known.PEROVSKITE, SceneOptions(labels=LabelKind.ELEMENT)).labels} == {
        "Sr",
        "Ti",
        "O",
    }
    assert build(known.PEROVSKITE).labels == ()


def test_that_the_cell_has_its_axes_in_red_green_and_blue_at_the_origin() -> None:
    cell = build(known.QUARTZ).cell
    assert cell.segments_E23.shape == (12, 2, 3)
    for axis in range(3):
        assert cell.segments_E23[axis] == pytest.approx(np.array([np.zeros(3), known.QUARTZ.lattice[axis]]), abs=1e-5)
        assert np.argmax(cell.colours_E3[axis]) == axis
    assert (cell.colours_E3[3:] == cell.colours_E3[3]).all()
    assert build(known.QUARTZ, SceneOptions(supercell=(2, 1, 1))).cell.segments_E23.shape == (24, 2, 3)
    assert len(build(known.QUARTZ, SceneOptions(cell=False)).cell.segments_E23) == 0


def test_that_own_colours_come_before_the_scheme() -> None:
    scene = build(known.PEROVSKITE, SceneOptions(colours={"Ti": (1, 2, 3)}))
    assert scene.spheres.colours_A3[scene.spheres.site_A == 1].tolist() == [[1, 2, 3]]
    assert scene.spheres.colours_A3[0].tolist() == [0, 255, 0]
