"""Crystals drawn without a window: everything is inside the picture, near things cover far ones."""

from __future__ import annotations

import random
from xml.etree import ElementTree

import numpy as np
import pytest
from random_nodes import random_crystal
from scene_crystals import PEROVSKITE, ROCK_SALT

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.colours import colour
from crystal_studio.scene.svg import crystal_svg

NAMESPACE = "{http://www.w3.org/2000/svg}"


def drawn(crystal: Crystal, size: int = 300) -> ElementTree.Element:
    return ElementTree.fromstring(crystal_svg(crystal, size, size))


def texts(picture: ElementTree.Element) -> list[str]:
    return [one.text or "" for one in picture.iter(f"{NAMESPACE}text")]


def balls(picture: ElementTree.Element) -> list[ElementTree.Element]:
    return [one for one in picture.iter(f"{NAMESPACE}circle") if one.attrib["fill"].startswith("url(#s")]


def test_that_axes_and_elements_are_named() -> None:
    assert texts(drawn(PEROVSKITE)) == ["a", "b", "c", *PEROVSKITE.composition.elements]


def test_that_atoms_on_corners_and_faces_are_on_all_of_them() -> None:
    """SrTiO3: eight corners, one centre, six faces."""
    assert len(balls(drawn(PEROVSKITE))) == 15


def test_that_atoms_have_the_colours_of_their_elements() -> None:
    red, green, blue = colour("O")
    fills = [one.attrib["fill"] for one in balls(drawn(PEROVSKITE))]
    assert fills.count(f"url(#s{red:02x}{green:02x}{blue:02x})") == 6


def test_that_what_is_nearer_to_the_eye_is_painted_later() -> None:
    """Two atoms behind each other along the view: a comes towards the eye."""
    crystal = Crystal(np.diag([12.0, 4.0, 4.0]), ("Na", "Cl"), np.array([[0.3, 0.5, 0.5], [0.7, 0.5, 0.5]]))
    red, green, blue = colour("Cl")
    assert balls(drawn(crystal))[-1].attrib["fill"] == f"url(#s{red:02x}{green:02x}{blue:02x})"


def test_that_everything_is_inside_the_picture() -> None:
    rng = random.Random(1)
    for crystal in (PEROVSKITE, ROCK_SALT, *(random_crystal(rng) for _ in range(20))):
        picture = drawn(crystal)
        for ball in picture.iter(f"{NAMESPACE}circle"):
            x, y, radius = (float(ball.attrib[name]) for name in ("cx", "cy", "r"))
            assert x - radius >= -1
            assert x + radius <= 301
            assert y - radius >= -1
            assert y + radius <= 301
        for line in picture.iter(f"{NAMESPACE}line"):
            assert all(-30 <= float(line.attrib[name]) <= 330 for name in ("x1", "x2", "y1", "y2"))


@pytest.mark.parametrize("lattice", [np.zeros((3, 3)), np.ones((3, 3)), np.diag([1e-9, 1e9, 4.0]), -np.eye(3) * 4])
def test_that_flat_huge_and_mirrored_cells_are_drawn(lattice: np.ndarray) -> None:
    picture = drawn(Crystal(lattice, ("Si", "O"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]])))
    assert "nan" not in ElementTree.tostring(picture).decode().lower()


def test_that_a_large_crystal_makes_a_small_picture() -> None:
    rng = np.random.default_rng(1)
    many = Crystal(np.eye(3) * 60.0, ("Fe", "O") * 3000, rng.random((6000, 3)))
    assert len(crystal_svg(many, 300, 300)) < 400_000


def test_that_equal_crystals_make_equal_pictures() -> None:
    assert crystal_svg(PEROVSKITE, 200, 200) == crystal_svg(PEROVSKITE, 200, 200)
