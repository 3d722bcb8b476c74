"""One scale for cells of different size, measured in pixels that were drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from pictures import pixels

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.arrows import arrows
from crystal_studio.scene.cell_box import cell_lines
from crystal_studio.scene.directions import ViewDirection
from crystal_studio.scene.drawable import Polyhedra, Scene, Spheres, Sticks
from crystal_studio.scene.superposed import Look, superposed
from crystal_studio.ui import theme
from crystal_studio.ui.compare.gallery import Gallery
from crystal_studio.ui.compare.pane import Exhibit

WHITE = (255, 255, 255)
BLUE, RED = (30, 30, 220), (220, 30, 30)


def scene_of(edge: float, bar: float = 0.0) -> Scene:
    """A cubic cell with an atom in its middle or, instead, a blue stick of this length along b."""
    middle = np.full((1, 3), edge / 2, dtype=np.float32)
    atoms = middle if not bar else np.zeros((0, 3), dtype=np.float32)
    half = np.array([[0, bar / 2, 0]], dtype=np.float32)
    sticks = Sticks(middle - half, middle + half, 0.25, np.array([BLUE], np.uint8))
    none = Sticks(*(np.zeros((0, 3), np.float32),) * 2, 0.25, np.zeros((0, 3), np.uint8))
    return Scene(
        np.eye(3) * edge,
        Spheres(atoms, np.full(len(atoms), 0.5, np.float32), np.full((len(atoms), 3), 90, np.uint8),
                np.zeros(len(atoms), np.int32), np.zeros((len(atoms), 3), np.int32)),
        sticks if bar else none,
        Polyhedra(np.zeros((0, 3, 3), np.float32), np.zeros((0, 3), np.uint8), np.zeros((0, 2, 3), np.float32)),
        cell_lines(np.eye(3) * edge),
    )  # fmt: skip


@pytest.fixture
def gallery(qtbot, qapp) -> Iterator[Gallery]:
    theme.switch.use(qapp, theme.Mode.LIGHT)
    made = Gallery()
    qtbot.addWidget(made)
    made.resize(903, 300)
    yield made
    made.close_gallery()


def shown(qtbot, gallery: Gallery, *scenes: Scene) -> list[np.ndarray]:
    """Pictures of the scenes side by side, (height, width, 4) each, as they are on screen."""
    gallery.exhibit([Exhibit(str(i), "ABCD"[i], f"crystal {i}", "", scene) for i, scene in enumerate(scenes)])
    gallery.show()
    qtbot.waitUntil(lambda: gallery.is_ready or "OpenGL" in gallery.panes[0].canvas.message, timeout=60_000)
    if not gallery.is_ready:
        pytest.skip("no OpenGL here: install Mesa (libgl1-mesa-dri, libegl1)")
    gallery.view_along(ViewDirection((1, 0, 0)))
    return [pixels(pane.canvas.picture(1.0, transparent=False, axes=False)) for pane in gallery.panes]


def blue_width(picture: np.ndarray) -> int:
    """Columns from the first to the last that the stick is drawn in."""
    colours = picture[..., :3].astype(int)
    blue = (colours[..., 2] > colours[..., 0] + 60) & (colours[..., 2] > colours[..., 1] + 60)
    columns = np.flatnonzero(blue.sum(axis=0) >= 4)  # thicker than the edge of the cell that is blue as well
    return int(columns.max() - columns.min() + 1)


def test_that_one_angstrom_is_as_many_pixels_in_the_picture_of_a_large_cell_as_in_that_of_a_small_one(qtbot, gallery):
    small, large = shown(qtbot, gallery, scene_of(4.0, bar=1.0), scene_of(9.0, bar=1.0))
    expected = 1.0 / gallery.sight.angstrom_per_pixel
    assert expected > 15
    assert blue_width(small) == pytest.approx(blue_width(large), abs=1)
    assert blue_width(small) == pytest.approx(expected, abs=2)


def test_that_the_scale_stays_one_when_one_picture_is_zoomed_and_turned_by_hand(qtbot, gallery):
    shown(qtbot, gallery, scene_of(4.0, bar=1.0), scene_of(6.0, bar=1.0), scene_of(9.0, bar=1.0))
    canvas = gallery.panes[2].canvas
    before = gallery.sight.angstrom_per_pixel
    canvas._moved_to(canvas.camera.zoomed(2.0, (10.0, 10.0), canvas.pixels))
    canvas._moved_to(canvas.camera.turned(0, 0, 180.0))
    assert gallery.sight.angstrom_per_pixel == pytest.approx(before / 2)
    scales = {round(pane.canvas.angstrom_per_pixel, 9) for pane in gallery.panes}
    assert len(scales) == 1
    gallery.panes[2].canvas._moved_to(canvas.camera.panned(0, 0, 1))
    gallery.sight.fit()
    widths = [blue_width(pixels(pane.canvas.picture(1.0, transparent=False, axes=False))) for pane in gallery.panes]
    assert max(widths) - min(widths) <= 1


def test_that_the_scale_bar_of_every_picture_is_of_the_same_length(qtbot, gallery):
    shown(qtbot, gallery, scene_of(4.0), scene_of(9.0))
    lengths = {pane.canvas.bar_angstrom for pane in gallery.panes}
    assert len(lengths) == 1
    assert lengths.pop() > 0
    bars = []
    for pane in gallery.panes:
        picture = pixels(pane.canvas.grab().toImage())
        rows = np.flatnonzero((picture[-20:-8, :, :3].astype(int).sum(axis=2) < 250).sum(axis=1) > 20)
        row = picture[-20 + rows[-1]]
        bars.append(int((row[:, :3].astype(int).sum(axis=1) < 250).sum()))
    length = gallery.panes[0].canvas.bar_angstrom / gallery.sight.angstrom_per_pixel
    assert bars[0] == bars[1]
    assert bars[0] == pytest.approx(length, abs=3)


def test_that_arrows_are_drawn_in_their_colour_from_the_first_crystal_to_the_second(qtbot, gallery):
    first = Crystal(np.eye(3) * 6.0, ("C",), np.array([[0.5, 0.5, 0.5]]))
    second = Crystal(np.eye(3) * 6.0, ("C",), np.array([[0.5, 0.75, 0.5]]))
    (picture,) = shown(qtbot, gallery, superposed(first, second, Look(WHITE, RED)))
    (plain,) = shown(qtbot, gallery, superposed(first, first, Look(WHITE, RED)))
    red = [(one[..., 0].astype(int) > one[..., 1].astype(int) + 90).sum() for one in (picture, plain)]
    per_angstrom = 1 / gallery.sight.angstrom_per_pixel
    outside = 1.5 - 0.5  # angstrom of the arrow that no ball hides, at least
    assert red[0] - red[1] > 0.5 * outside * per_angstrom * 0.14 * per_angstrom
    assert len(arrows(np.zeros((1, 3)), np.zeros((1, 3)), 0.1, RED).triangles_T33) == 0
