"""Small pictures of crystals without OpenGL."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtGui import QColor, QImage

from crystal_studio.domain.crystal import Crystal
from crystal_studio.ui import theme
from crystal_studio.ui.thumbnails import thumbnail

ROCK_SALT = Crystal(
    np.eye(3) * 5.64,
    ("Na",) * 4 + ("Cl",) * 4,
    np.array(
        [[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0.5, 0.5, 0.5], [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]]
    ),
)


def drawn(image: QImage) -> float:
    """Share of pixels with something on them."""
    opaque = [image.pixelColor(x, y).alpha() > 0 for x in range(image.width()) for y in range(image.height())]
    return float(np.mean(opaque))


def test_that_a_thumbnail_shows_both_elements_in_their_colours_on_a_transparent_ground(qapp):
    image = thumbnail(ROCK_SALT, 96).toImage()
    colours = [image.pixelColor(x, y) for x in range(96) for y in range(96)]
    assert any(c.alpha() == 255 and c.green() > c.red() + 60 and c.green() > c.blue() + 60 for c in colours), (
        "Cl, green"
    )
    assert any(c.alpha() == 255 and c.blue() > c.green() + 60 and c.red() > c.green() + 20 for c in colours), (
        "Na, violet"
    )
    assert image.pixelColor(0, 0).alpha() == 0
    assert 0.3 < drawn(image) < 0.95


def test_that_a_thumbnail_is_painted_once_for_each_crystal_size_and_theme(qapp):
    same = Crystal(ROCK_SALT.lattice, ROCK_SALT.species, ROCK_SALT.frac_coords)
    assert thumbnail(ROCK_SALT, 48).cacheKey() == thumbnail(same, 48).cacheKey()
    assert thumbnail(ROCK_SALT, 48).cacheKey() != thumbnail(ROCK_SALT, 64).cacheKey()
    assert thumbnail(ROCK_SALT, 48, theme.LIGHT).cacheKey() != thumbnail(ROCK_SALT, 48, theme.DARK).cacheKey()


def test_that_the_edges_of_the_cell_have_a_colour_of_the_theme(qapp):
    alone = Crystal(np.eye(3) * 9, ("H",), np.full((1, 3), 0.5))
    for colours in (theme.LIGHT, theme.DARK):
        image = thumbnail(alone, 128, colours).toImage()
        opaque = [image.pixelColor(x, y) for x in range(128) for y in range(128)]
        wanted = QColor(colours.muted)
        assert any(
            c.alpha() > 200 and abs(c.red() - wanted.red()) < 12 and abs(c.blue() - wanted.blue()) < 12 for c in opaque
        )


def test_that_odd_crystals_have_a_picture_too_and_a_huge_one_is_not_slow(qapp):
    rng = np.random.default_rng(0)
    huge = Crystal(np.eye(3) * 60, ("Si",) * 20_000, rng.random((20_000, 3)))
    begun = time.perf_counter()
    assert drawn(thumbnail(huge, 64).toImage()) > 0.2
    assert time.perf_counter() - begun < 3
    for crystal in (
        Crystal(np.eye(3) * 3, ("Cu",) * 5, np.zeros((5, 3))),
        Crystal(np.diag([3.0, 3.0, -4.0]), ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])),
        Crystal(np.diag([2.0, 2.0, 300.0]), ("C",), np.zeros((1, 3))),
    ):
        assert drawn(thumbnail(crystal, 64).toImage()) > 0
