"""The 3D view in the hand: what is clicked, typed and saved, and what is drawn then."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.trajectory import Frame
from crystal_studio.scene import directions
from crystal_studio.scene.drawable import Style
from crystal_studio.scene.options import SceneOptions
from crystal_studio.ui import theme
from crystal_studio.ui.session_state import SessionState
from crystal_studio.ui.viewer.starter import Starter
from crystal_studio.ui.viewer.viewer import CrystalViewer

SRTIO3 = Crystal(
    np.eye(3) * 3.905,
    ("Sr", "Ti", "O", "O", "O"),
    np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]),
)
HEXAGONAL = Crystal(
    np.array([[3.2, 0, 0], [-1.6, 2.771281, 0], [0, 0, 5.2]]), ("Zn", "O"), np.array([[0, 0, 0], [1 / 3, 2 / 3, 0.4]])
)


class EmptyStore:
    """A project without nodes."""

    def search(self, query: object, offset: int, limit: int) -> list[object]:
        return []


def made(state: SessionState) -> CrystalViewer:
    viewer = CrystalViewer(state)
    viewer.resize(520, 480)
    viewer.show()
    ends = time.monotonic() + 60
    while not viewer.is_ready and "OpenGL" not in viewer.canvas.message and time.monotonic() < ends:
        QApplication.processEvents()
    if not viewer.is_ready:
        pytest.skip("no OpenGL here: install Mesa (libgl1-mesa-dri, libegl1)")
    return viewer


@pytest.fixture(scope="module")
def state(qapp) -> SessionState:
    return SessionState(Path("empty.cstudio"), EmptyStore())


@pytest.fixture(scope="module")
def one_viewer(state) -> Iterator[CrystalViewer]:
    """Starting takes seconds on a slow machine, so all tests share one."""
    viewer = made(state)
    yield viewer
    viewer.close()


@pytest.fixture
def viewer(one_viewer, state) -> CrystalViewer:
    state.show_crystal(None)
    one_viewer.set_options(SceneOptions())
    one_viewer.set_perspective(False)
    one_viewer.complaint.say("")
    one_viewer.bar.direction.line.clear()
    return one_viewer


def pixel_of_sphere(viewer: CrystalViewer, index: int) -> QPoint:
    pixels, _, _ = viewer.canvas.camera.projected(viewer.scene.spheres.centers_A3[[index]], viewer.canvas.pixels)
    return QPointF(*pixels[0]).toPoint()


def foremost(viewer: CrystalViewer, symbol: str) -> int:
    """The sphere of an element that is nearest to the eye."""
    _, depth, _ = viewer.canvas.camera.projected(viewer.scene.spheres.centers_A3, viewer.canvas.pixels)
    of_element = [i for i, site in enumerate(viewer.scene.spheres.site_A) if SRTIO3.species[site] == symbol]
    return max(of_element, key=lambda i: depth[i])


def seen(viewer: CrystalViewer) -> QImage:
    return viewer.canvas.grab().toImage()


def differs(image: QImage, ground: str) -> float:
    """Share of a coarse grid of pixels that is not the ground."""
    columns, rows = range(0, image.width(), 4), range(0, image.height(), 4)
    return float(np.mean([QColor(image.pixel(x, y)).name() != ground for x in columns for y in rows]))


def click(qtbot, viewer: CrystalViewer, at: QPoint, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    qtbot.mouseClick(viewer.canvas, Qt.MouseButton.LeftButton, modifier, at)


def test_that_the_view_and_thumbnails_are_painted_before_vtk_is_imported():
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from PySide6.QtCore import QObject, Signal\n"
        "from PySide6.QtWidgets import QApplication\n"
        "class State(QObject):\n"
        "    current_changed, crystal_changed = Signal(object), Signal(object)\n"
        "    crystal = current = None\n"
        "app = QApplication([])\n"
        "from crystal_studio.ui.viewer.viewer import CrystalViewer\n"
        "viewer = CrystalViewer(State())\n"
        "viewer.show()\n"
        "viewer.grab()\n"
        "import numpy\n"
        "from crystal_studio.domain.crystal import Crystal\n"
        "from crystal_studio.ui.thumbnails import thumbnail\n"
        "thumbnail(Crystal(numpy.eye(3) * 3, ('Po',), numpy.zeros((1, 3))), 32)\n"
        "print(viewer.canvas.message, sorted(name for name in sys.modules if name.startswith(('vtk', 'pyvista'))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )  # fmt: skip
    assert done.stdout.strip() == "Describe a crystal to see it here []"


def test_that_without_a_crystal_the_view_says_what_to_do_and_with_one_it_draws_it(qtbot, viewer, state):
    ground = theme.current().viewer
    assert viewer.canvas.message == "Describe a crystal to see it here"
    state.show_crystal(SRTIO3)
    assert differs(seen(viewer), ground) > 0.1
    assert QColor(seen(viewer).pixel(pixel_of_sphere(viewer, foremost(viewer, "O")))).red() > 120
    state.show_crystal(None)
    assert viewer.scene is None
    assert viewer.canvas.camera is None
    assert differs(seen(viewer), ground) < 0.1


def test_that_a_click_picks_the_atom_under_the_pointer_and_shift_adds_up_to_four(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    viewer.view_along(directions.parse_direction("[1 2 5]"))
    oxygen = foremost(viewer, "O")
    site = int(viewer.scene.spheres.site_A[oxygen])
    with qtbot.waitSignal(viewer.picks_changed) as picks, qtbot.waitSignal(viewer.atom_picked) as atom:
        click(qtbot, viewer, pixel_of_sphere(viewer, oxygen))
    assert (picks.args, atom.args) == ([(site,)], [site])
    click(qtbot, viewer, pixel_of_sphere(viewer, foremost(viewer, "Sr")), Qt.KeyboardModifier.ShiftModifier)
    assert viewer.picks == (site, 0)
    assert len(viewer.canvas.overlay.marks) == 2
    assert viewer.canvas.overlay.measured[0].text.endswith(" Å")


def test_that_a_click_on_nothing_and_escape_clear_the_picks(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    for clear in (lambda: click(qtbot, viewer, QPoint(3, 3)), lambda: qtbot.keyClick(viewer.canvas, Qt.Key.Key_Escape)):
        click(qtbot, viewer, pixel_of_sphere(viewer, foremost(viewer, "O")))
        assert len(viewer.picks) == 1
        with qtbot.waitSignal(viewer.picks_changed, check_params_cb=lambda sites: sites == ()):
            clear()
        assert viewer.canvas.overlay.marks == ()


def test_that_what_is_measured_between_picks_is_the_distance_of_the_atoms_as_drawn(viewer, state):
    state.show_crystal(SRTIO3)
    viewer.select_sites((1, 2))
    assert viewer.canvas.overlay.measured[0].text == "1.952 Å"
    viewer.select_sites((2, 1, 3))
    assert viewer.canvas.overlay.measured[0].text == "90.00°"


def test_that_sites_chosen_elsewhere_that_are_hidden_or_gone_are_not_marked(viewer, state):
    state.show_crystal(SRTIO3)
    viewer.set_options(SceneOptions(hidden=frozenset({"O"})))
    viewer.select_sites((0, 2, 77))
    assert len(viewer.canvas.overlay.marks) == 1
    assert "Hidden: O." in viewer.words.notices.text()


@pytest.mark.parametrize("name", ["a", "b", "c", "a*", "b*", "c*", "[110]", "(011)"])
def test_that_a_view_along_a_direction_puts_the_eye_there(viewer, state, name):
    state.show_crystal(HEXAGONAL)
    direction = directions.parse_direction(name)
    viewer.view_along(direction)
    toward_eye, up = direction.vectors(HEXAGONAL.lattice)
    assert viewer.canvas.camera.rotation[2] == pytest.approx(toward_eye, abs=1e-9)
    assert viewer.canvas.camera.rotation[1] == pytest.approx(up, abs=1e-9)


def test_that_along_c_atoms_above_each_other_are_drawn_in_one_place(viewer, state):
    state.show_crystal(SRTIO3)
    viewer.view_along(directions.C)
    spheres = viewer.scene.spheres
    pixels, _, _ = viewer.canvas.camera.projected(spheres.centers_A3, viewer.canvas.pixels)
    titanium = np.flatnonzero(spheres.site_A == 1)[0]
    above = np.flatnonzero(spheres.site_A == 2)
    assert np.abs(pixels[above] - pixels[titanium]).max() < 0.01


def test_that_a_direction_that_cannot_be_read_is_explained_beside_its_field_until_it_is_mended(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    line = viewer.bar.direction.line
    qtbot.keyClicks(line, "[12")
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert viewer.complaint.isVisible()
    assert "brackets" in viewer.complaint.text()
    before = viewer.canvas.camera
    qtbot.keyClicks(line, "0]")
    assert not viewer.complaint.isVisible()
    qtbot.keyClick(line, Qt.Key.Key_Return)
    assert viewer.canvas.camera is not before
    assert viewer.canvas.camera.rotation[2] == pytest.approx(np.array([1, 2, 0]) / np.sqrt(5))


def test_that_keys_turn_zoom_reset_and_choose_a_style(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    first = viewer.canvas.camera
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Right)
    assert not np.allclose(viewer.canvas.camera.rotation, first.rotation)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Plus)
    assert viewer.canvas.camera.half_height < first.half_height
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert not np.allclose(viewer.canvas.camera.center, first.center)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_R)
    assert np.allclose(viewer.canvas.camera.rotation, first.rotation)
    assert viewer.canvas.camera.half_height == pytest.approx(first.half_height)
    for key, style in zip(
        "2341", (Style.SPACE_FILLING, Style.STICK, Style.POLYHEDRA, Style.BALL_AND_STICK), strict=True
    ):
        with qtbot.waitSignal(viewer.options_changed):
            qtbot.keyClick(viewer.canvas, key)
        assert viewer.options.style is style
        assert viewer.bar.styles[style].isChecked()


def test_that_a_drag_turns_the_crystal_and_picks_nothing(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    before, start = viewer.canvas.camera, pixel_of_sphere(viewer, foremost(viewer, "O"))
    qtbot.mousePress(viewer.canvas, Qt.MouseButton.LeftButton, pos=start)
    for step in (10, 20, 30):
        qtbot.mouseMove(viewer.canvas, start + QPoint(step, 0))
        QApplication.sendEvent(viewer.canvas, _moved(start + QPoint(step, 0), viewer))
    qtbot.mouseRelease(viewer.canvas, Qt.MouseButton.LeftButton, pos=start + QPoint(30, 0))
    front_before, front = before.rotation[2], viewer.canvas.camera.rotation
    assert front[0] @ front_before > 0.05, "what was in front has moved to the right, as the hand did"
    assert viewer.picks == ()


def _moved(at: QPoint, viewer: CrystalViewer):
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    left, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    return QMouseEvent(QEvent.Type.MouseMove, QPointF(at), viewer.canvas.mapToGlobal(QPointF(at)), left, left, none)


def test_that_the_wheel_zooms_at_the_pointer(viewer, state):
    state.show_crystal(SRTIO3)
    index = foremost(viewer, "Sr")
    at = pixel_of_sphere(viewer, index)
    before = viewer.canvas.camera.half_height
    none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(QPointF(at), QPointF(at), QPoint(), QPoint(0, 240), *none, False)
    QApplication.sendEvent(viewer.canvas, event)
    assert viewer.canvas.camera.half_height < 0.8 * before
    moved = pixel_of_sphere(viewer, index) - at
    assert moved.manhattanLength() <= 2


def test_that_perspective_is_a_choice_and_everything_stays_in_sight(viewer, state):
    state.show_crystal(SRTIO3)
    assert viewer.canvas.camera.perspective is False
    viewer.bar.perspective.click()
    camera = viewer.canvas.camera
    assert camera.perspective
    pixels, _, _ = camera.projected(viewer.scene.spheres.centers_A3, viewer.canvas.pixels)
    assert (pixels > 0).all()
    assert (pixels < viewer.canvas.pixels).all()


def test_that_supercell_elements_and_cutoffs_change_the_scene_and_are_told(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    atoms = len(viewer.scene.spheres.site_A)
    told = []
    viewer.options_changed.connect(told.append)
    viewer.bar.cell.repeats[0].setValue(2)
    assert viewer.options.supercell == (2, 1, 1)
    assert len(viewer.scene.spheres.site_A) > atoms
    viewer.bar.atoms.elements["Sr"].setChecked(False)
    assert 0 not in viewer.scene.spheres.site_A
    assert len(viewer.scene.sticks.starts_S3) > 0
    viewer.bar.atoms.cutoffs["O", "Ti"].setValue(0.0)
    assert len(viewer.scene.sticks.starts_S3) == 0
    viewer.bar.atoms.cutoffs["O", "Ti"].setValue(-0.01)
    assert len(viewer.scene.sticks.starts_S3) > 0
    assert told[-1] == viewer.options == SceneOptions(supercell=(2, 1, 1), hidden=frozenset({"Sr"}))


def test_that_one_atom_overlapping_atoms_and_an_odd_cell_are_drawn(viewer, state):
    for crystal in (
        Crystal(np.eye(3) * 3, ("Po",), np.zeros((1, 3))),
        Crystal(np.eye(3) * 3, ("Cu",) * 5, np.zeros((5, 3))),
        Crystal(np.diag([3.0, 3.0, 400.0]), ("C", "C"), np.array([[0, 0, 0], [0.5, 0.5, 0.001]])),
        Crystal(np.diag([3.0, 3.0, -4.0]), ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]])),
    ):
        state.show_crystal(crystal)
        assert differs(seen(viewer), theme.current().viewer) > 0.001
        assert np.linalg.det(viewer.canvas.camera.rotation) == pytest.approx(1)


def test_that_twenty_thousand_atoms_are_drawn_and_what_is_left_out_is_said(viewer, state):
    side = 28
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)[:20_000] / side
    state.show_crystal(Crystal(np.eye(3) * side * 2.6, ("Cu",) * len(grid), grid))
    assert differs(seen(viewer), theme.current().viewer) > 0.2
    assert "bonds and polyhedra are not drawn" in viewer.words.notices.text()
    assert viewer.words.notices.textFormat() is Qt.TextFormat.PlainText


def frames(steps: int = 5) -> tuple[Frame, ...]:
    return tuple(
        Frame(0, step, steps, Crystal(SRTIO3.lattice * (1.5 - 0.1 * step), SRTIO3.species, SRTIO3.frac_coords))
        for step in range(1, steps + 1)
    )


def test_that_a_trajectory_plays_with_a_steady_camera_and_leads_back_to_the_crystal(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    before = viewer.canvas.camera
    viewer.show_frames(frames())
    player, camera = viewer.player, viewer.canvas.camera
    assert player.isVisible()
    assert player.step.text() == "step 1 of 5"
    player.play.click()
    qtbot.waitUntil(lambda: player.slider.value() == 4 and not player.playing, timeout=30_000)
    assert viewer.canvas.camera is camera
    assert viewer.words.state.text() == "denoising, step 5 of 5"
    player.back.click()
    assert not player.isVisible()
    assert viewer.words.state.isHidden()
    assert viewer.canvas.camera is before
    assert np.allclose(viewer.scene.lattice, SRTIO3.lattice)


def test_that_frames_that_were_not_kept_are_said_to_be_missing(viewer, state):
    state.show_crystal(SRTIO3)
    viewer.show_frames(())
    assert viewer.words.state.text() == "How this crystal was denoised was not kept."
    assert not viewer.player.isVisible()


def test_that_live_frames_are_never_taken_for_a_result(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    viewer.select_sites((0,))
    viewer.show_live(frames()[1:2])
    assert viewer.words.state.text() == "sampling, step 2 of 5: not a result yet"
    assert viewer.words.state.isVisible()
    assert viewer.picks == ()
    click(qtbot, viewer, pixel_of_sphere(viewer, 0))
    assert viewer.picks == (), "an unfinished atom cannot be picked"
    viewer.end_live()
    assert viewer.words.state.isHidden()
    assert np.allclose(viewer.scene.lattice, SRTIO3.lattice)
    viewer.show_live(frames()[:1])
    state.show_crystal(HEXAGONAL)
    assert viewer.words.state.isHidden()


def test_that_a_picture_is_saved_at_its_scale_without_controls_and_with_a_transparent_ground(viewer, state, tmp_path):
    state.show_crystal(SRTIO3)
    width, height = viewer.canvas.pixels
    for scale in (1.0, 3.0):
        path = tmp_path / f"{scale}.png"
        viewer.save_png(path, scale, transparent=True)
        image = QImage(str(path))
        assert (image.width(), image.height()) == (round(width * scale), round(height * scale))
        assert image.pixelColor(2, 2).alpha() == 0
        atom = image.pixelColor(pixel_of_sphere(viewer, foremost(viewer, "O")) * scale)
        assert atom.alpha() == 255
        assert atom.red() > 2 * atom.green()
    viewer.save_png(tmp_path / "solid.png", 1.0)
    assert QImage(str(tmp_path / "solid.png")).pixelColor(2, 2).name() == theme.current().viewer
    corner = QImage(str(tmp_path / "1.0.png")).copy(0, height - 40, 40, 40)
    assert all(corner.pixelColor(x, y).alpha() == 0 for x in range(0, 40, 3) for y in range(0, 40, 3)), "no axes"


def test_that_a_picture_that_cannot_be_made_says_why(viewer, state, tmp_path):
    with pytest.raises(UserCorrectable, match="show a crystal first"):
        viewer.save_png(tmp_path / "a.png")
    state.show_crystal(SRTIO3)
    for scale in (0, 8.5):
        with pytest.raises(UserCorrectable, match="scale"):
            viewer.save_png(tmp_path / "a.png", scale)
    with pytest.raises(UserCorrectable, match="another folder"):
        viewer.save_png(tmp_path / "nowhere" / "a.png", 1)


def test_that_linked_views_turn_together_until_they_are_unlinked(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    other = made(state)
    qtbot.addWidget(other)
    viewer.link(other)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Left)
    assert other.canvas.camera is viewer.canvas.camera
    qtbot.keyClick(other.canvas, Qt.Key.Key_Up)
    assert viewer.canvas.camera is other.canvas.camera
    viewer.unlink(other)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Left)
    assert other.canvas.camera is not viewer.canvas.camera


def test_that_a_persons_view_survives_another_style_and_the_next_crystal_keeps_its_turn(qtbot, viewer, state):
    state.show_crystal(SRTIO3)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Right)
    qtbot.keyClick(viewer.canvas, Qt.Key.Key_Plus)
    mine = viewer.canvas.camera
    viewer.set_style(Style.POLYHEDRA)
    assert viewer.canvas.camera is mine
    state.show_crystal(SRTIO3.with_species(("Ba", "Ti", "O", "O", "O")))
    assert viewer.canvas.camera is mine
    state.show_crystal(HEXAGONAL)
    assert np.allclose(viewer.canvas.camera.rotation, mine.rotation)
    assert viewer.canvas.camera.half_height != mine.half_height


def test_that_the_ground_follows_the_theme(qapp, viewer, state):
    state.show_crystal(SRTIO3)
    for mode in (theme.Mode.DARK, theme.Mode.LIGHT):
        theme.switch.use(qapp, mode)
        assert QColor(seen(viewer).pixel(5, viewer.canvas.height() // 2)).name() == theme.current().viewer


def test_that_without_opengl_the_view_says_what_to_install_and_takes_crystals_all_the_same(qtbot, state, monkeypatch):
    def refuse(_self) -> None:
        raise RuntimeError("No OpenGL 3.2 was found.")

    monkeypatch.setattr(Starter, "_make", refuse)
    viewer = CrystalViewer(state)
    qtbot.addWidget(viewer)
    viewer.show()
    qtbot.waitUntil(lambda: "no OpenGL" in viewer.canvas.message, timeout=60_000)
    state.show_crystal(SRTIO3)
    viewer.view_along(directions.A)
    viewer.show_live(frames()[:1])
    seen(viewer)
    assert "Install" in viewer.canvas.message
    with pytest.raises(UserCorrectable):
        viewer.picture()


def test_that_no_text_of_the_view_is_read_as_markup(viewer):
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in viewer.findChildren(QLabel) if label.text())


def test_that_every_control_of_the_bar_has_a_name_a_tip_and_the_focus_by_keyboard(viewer):
    bar = viewer.bar
    for control in (
        bar.style_button, bar.along, bar.direction.line, bar.cell_button, bar.atoms_button, bar.frames, bar.perspective,
        bar.reset,
    ):  # fmt: skip
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


@pytest.mark.window
def test_that_a_real_window_draws_is_clicked_and_closes_without_a_warning(display, qtbot, qtlog, state, capfd):
    viewer = made(state)
    qtbot.addWidget(viewer)
    state.show_crystal(SRTIO3)
    index = foremost(viewer, "Ti")
    click(qtbot, viewer, pixel_of_sphere(viewer, foremost(viewer, "O")))
    assert [SRTIO3.species[site] for site in viewer.picks] == ["O"]
    qtbot.wait(500)
    shot = viewer.screen().grabWindow(viewer.winId()).toImage()
    at = viewer.canvas.mapTo(viewer, pixel_of_sphere(viewer, index))
    assert QColor(shot.pixel(at)).name() != theme.current().viewer
    viewer.close()
    assert not viewer.is_ready
    assert [record.message for record in qtlog.records] == []
    assert capfd.readouterr().err == ""
