"""The 3D view of the crystal that the session shows."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent, QImage, QImageWriter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.trajectory import Frame
from crystal_studio.scene.build import build
from crystal_studio.scene.directions import ViewDirection
from crystal_studio.scene.drawable import Scene, Style
from crystal_studio.scene.options import SceneOptions
from crystal_studio.scene.trajectory import frame_scene
from crystal_studio.ui import theme
from crystal_studio.ui.session_state import SessionState
from crystal_studio.ui.viewer.camera import Camera
from crystal_studio.ui.viewer.canvas import Canvas
from crystal_studio.ui.viewer.direction_field import Complaint
from crystal_studio.ui.viewer.measuring import overlay_of
from crystal_studio.ui.viewer.overlay import Overlay
from crystal_studio.ui.viewer.picks import Pick, picked
from crystal_studio.ui.viewer.sight import Sight
from crystal_studio.ui.viewer.starter import Starter
from crystal_studio.ui.viewer.trajectory_bar import TrajectoryBar
from crystal_studio.ui.viewer.viewer_bar import ViewerBar
from crystal_studio.ui.viewer.words_over_view import WordsOverView

if TYPE_CHECKING:
    from crystal_studio.ui.viewer.renderer import Renderer

log = logging.getLogger(__name__)

LARGEST_PICTURE_SCALE = 8.0
_EMPTY = "Describe a crystal to see it here"
_STARTING = "The 3D view is starting…"
_NO_OPENGL = (
    "Crystals cannot be drawn: this computer offers no OpenGL 3.2. Install Mesa (on Debian and Ubuntu: "
    "apt install libgl1-mesa-dri libegl1) or a graphics driver, then start again. Everything else goes on."
)


class CrystalViewer(QWidget):
    """Draws `state.crystal`, a trajectory, or what is being sampled.

    Signals:
        ready: the first picture can be drawn.
        picks_changed: sites of the picked atoms, up to four.
        atom_picked: the site that was just clicked.
        options_changed: the new `SceneOptions`, changed by a person here.
        camera_changed: the new `Camera`, moved by a person here.
    """

    ready = Signal()
    picks_changed = Signal(tuple)
    atom_picked = Signal(int)
    options_changed = Signal(object)
    camera_changed = Signal(object)

    def __init__(self, state: SessionState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._options = SceneOptions()
        self._crystal: Crystal | None = None
        self._live = False
        self._live_draw = 0
        self._scene: Scene | None = None
        self._picks: tuple[Pick, ...] = ()
        self._renderer: Renderer | None = None
        self._linked: set[CrystalViewer] = set()
        self.bar, self.canvas, self.player = ViewerBar(self._options), Canvas(), TrajectoryBar()
        self.sight = Sight(self.canvas)
        self.complaint, self.words = Complaint(), WordsOverView(self.canvas)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for part in (self.bar, self.complaint, self.canvas, self.player):
            column.addWidget(part, 1 if part is self.canvas else 0)
        self._starter = Starter(self)
        self._connect()
        self._show_crystal(state.crystal)

    @property
    def options(self) -> SceneOptions:
        """How crystals are drawn."""
        return self._options

    @property
    def scene(self) -> Scene | None:
        """What is drawn now."""
        return self._scene

    @property
    def picks(self) -> tuple[int, ...]:
        """Sites of the picked atoms."""
        return tuple(one.site for one in self._picks)

    @property
    def picked_images(self) -> tuple[Pick, ...]:
        """The picked atoms, each in the image that was clicked."""
        return self._picks

    @property
    def is_ready(self) -> bool:
        """Whether pictures can be drawn."""
        return self._renderer is not None

    def set_style(self, style: Style) -> None:
        """Draw in this style."""
        self._choose(replace(self._options, style=style))

    def set_options(self, options: SceneOptions) -> None:
        """Draw like this; tells nobody."""
        self._options = options
        self.bar.show_options(options)
        self._rebuild()

    def view_along(self, direction: ViewDirection) -> None:
        """Look along a direction, with the whole crystal in sight."""
        self.sight.along(direction)

    def reset_camera(self) -> None:
        """The usual view of the whole crystal."""
        self.sight.reset()

    def set_camera(self, camera: Camera) -> None:
        """Look from here; tells nobody (a linked view calls this)."""
        self.sight.follow(camera)
        self._show_perspective(camera)

    def set_perspective(self, perspective: bool) -> None:
        """Near things larger, or all of one scale."""
        self.bar.perspective.setChecked(perspective)
        self.sight.use_perspective(perspective)

    def link(self, other: CrystalViewer) -> None:
        """Turn, move and zoom together with another view from now on."""
        if other not in self._linked:
            self._linked.add(other)
            self.camera_changed.connect(other.set_camera)
            other.link(self)
            if self.sight.camera is not None:
                other.set_camera(self.sight.camera)

    def unlink(self, other: CrystalViewer) -> None:
        """Go separate ways again."""
        if other in self._linked:
            self._linked.remove(other)
            self.camera_changed.disconnect(other.set_camera)
            other.unlink(self)

    def select_sites(self, sites: tuple[int, ...]) -> None:
        """Mark atoms that were chosen elsewhere; tells nobody."""
        self._picks = tuple(Pick(int(site)) for site in sites)
        self._lay()

    def show_frames(self, frames: tuple[Frame, ...]) -> None:
        """Play how a crystal was denoised or written; with no frames, say that none were kept."""
        if not frames:
            self.words.say_state(f"How this crystal was {self._made()} was not kept.")
            return
        self._live = False
        largest = max(frames, key=lambda one: one.crystal.volume_angstrom3)
        self._clear_picks()
        self.sight.remember()
        self._draw(largest.crystal)
        self.player.open_frames(frames)

    def show_live(self, frames: tuple[Frame, ...]) -> None:
        """Draw what is being sampled or written: the draw that the first frame is of; and say that it is unfinished."""
        if not frames:
            return
        frame = frames[0]
        begins, self._live = not self._live, True
        is_another, self._live_draw = begins or frame.draw != self._live_draw, frame.draw
        if begins:
            self.player.forget()
            self._clear_picks()
            self.sight.remember()
        self.words.say_state(f"{_progress(frame, 'sampling')}: not a result yet")
        self._draw(frame.crystal, moving=not is_another)

    def end_live(self) -> None:
        """Back to the session's crystal, where sampling was stopped or failed."""
        if self._live:
            self._show_crystal(self._state.crystal)

    def save_png(self, path: Path, scale: float = 2.0, transparent: bool = False, *, axes: bool = False) -> None:
        """Write the view as a PNG, `scale` times as large as on screen: labels and measured values too, no controls.

        Raises:
            UserCorrectable: nothing is drawn, the scale is out of range, or the file cannot be written.
        """
        if not 0 < scale <= LARGEST_PICTURE_SCALE:
            raise UserCorrectable(f"The scale of a picture is above 0 and at most {LARGEST_PICTURE_SCALE:g}.")
        if not QImageWriter(str(path), b"png").write(self.picture(scale, transparent, axes=axes)):
            raise UserCorrectable(f"The picture could not be written to {path}. Choose another folder.")

    def picture(self, scale: float = 1.0, transparent: bool = False, *, axes: bool = True) -> QImage:
        """The view as an image.

        Raises:
            UserCorrectable: nothing is drawn.
        """
        if self._renderer is None or self._scene is None:
            raise UserCorrectable("There is no picture yet: show a crystal first.")
        return self.canvas.picture(scale, transparent=transparent, axes=axes)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Give OpenGL's memory back and listen no longer."""
        self._starter.stop()
        self.player.forget()
        for other in tuple(self._linked):
            self.unlink(other)
        if self._renderer is not None:
            self.canvas.use(None)
            self._renderer.close()
            self._renderer = None
        super().closeEvent(event)

    def _connect(self) -> None:
        canvas, bar = self.canvas, self.bar
        canvas.painted_once.connect(self._starter.start)
        self._starter.ready.connect(self._begin)
        self._starter.failed.connect(self._give_up)
        self.sight.changed.connect(self.camera_changed)
        canvas.clicked.connect(self._click)
        canvas.style_asked.connect(lambda index: self.set_style(tuple(Style)[index]))
        canvas.reset_asked.connect(self.reset_camera)
        canvas.clear_asked.connect(self._escape)
        bar.style_chosen.connect(self.set_style)
        bar.options_chosen.connect(self._choose)
        bar.direction_chosen.connect(self.view_along)
        bar.direction.complained.connect(self.complaint.say)
        bar.perspective_chosen.connect(self.set_perspective)
        bar.frames_asked.connect(self._ask_frames)
        bar.reset_asked.connect(self.reset_camera)
        self.player.frame_chosen.connect(self._show_frame)
        self.player.closed.connect(lambda: self._show_crystal(self._state.crystal))
        self._state.crystal_changed.connect(self._show_crystal)
        self._state.current_changed.connect(self._offer_frames)
        theme.switch.changed.connect(self.canvas.update)

    def _begin(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self.bar.show_icons()
        self.canvas.use(renderer)
        if self._scene is not None:
            renderer.show(self._scene)
        self._explain()
        self.ready.emit()

    def _give_up(self, reason: str) -> None:
        log.error("no 3D view: %s", reason)
        self.canvas.message = _NO_OPENGL
        self.canvas.update()

    def _explain(self) -> None:
        """The sentence in the place of a crystal."""
        if self.canvas.message != _NO_OPENGL:
            self.canvas.message = _EMPTY if self._crystal is None or self._renderer is not None else _STARTING
            self.canvas.update()

    def _show_crystal(self, crystal: Crystal | None) -> None:
        self._live = False
        self.player.forget()
        self.words.say_state("")
        same = crystal is not None and self._crystal is not None and crystal.content_hash == self._crystal.content_hash
        if not same:
            self._clear_picks()
        self.sight.recall()
        self._draw(crystal)

    def _offer_frames(self, _node: Node | None) -> None:
        self.bar.offer_frames(self._state.current is not None, self._made() == "written")

    def _made(self) -> str:
        """How the current crystal was made."""
        node = self._state.current
        return "written" if node is not None and node.start == Start.WRITTEN else "denoised"

    def _ask_frames(self) -> None:
        if self._state.current is not None:
            self.show_frames(self._state.frames(self._state.current.id))

    def _show_frame(self, frame: Frame) -> None:
        self.words.say_state(_progress(frame, "denoising"))
        self._draw(frame.crystal, moving=True)

    def _draw(self, crystal: Crystal | None, *, moving: bool = False) -> None:
        """Draw a crystal; while frames follow each other the camera stays."""
        self._crystal = crystal
        self.bar.atoms.show_elements(crystal.composition.elements if crystal is not None else ())
        self._rebuild(moving=moving)
        if crystal is not None and not (moving and self.sight.camera is not None):
            self.sight.fit_to(crystal)

    def _rebuild(self, *, moving: bool = False) -> None:
        self._scene = None
        if self._crystal is not None:
            unfinished = self._live or self.player.is_open
            self._scene = (frame_scene if unfinished else build)(self._crystal, self._options)
        self.words.say_notices(self._notices())
        self.sight.scene = self._scene
        if self._scene is None:
            self.sight.forget()
        elif self._renderer is not None:
            self._renderer.show(self._scene)
        self._lay()
        self._explain()
        self.canvas.is_sparing = self._live
        self.canvas.redraw(moving=moving)

    def _notices(self) -> tuple[str, ...]:
        if self._scene is None or self._crystal is None:
            return ()
        hidden = sorted(self._options.hidden.intersection(self._crystal.species))
        return (*self._scene.notices, *((f"Hidden: {', '.join(hidden)}.",) if hidden else ()))

    def _show_perspective(self, camera: Camera) -> None:
        """A linked view may have chosen it."""
        self.bar.perspective.blockSignals(True)
        self.bar.perspective.setChecked(camera.perspective)
        self.bar.perspective.blockSignals(False)

    def _choose(self, options: SceneOptions) -> None:
        extent = self._options.supercell, self._options.boundary
        self.set_options(options)
        if (options.supercell, options.boundary) != extent:
            self.sight.fit()
        self.options_changed.emit(options)

    def _click(self, x: float, y: float, shift: bool) -> None:
        if self._scene is None or self.canvas.camera is None or self._live:
            return
        spheres = self._scene.spheres
        index = self.canvas.camera.picked((x, y), self.canvas.pixels, spheres.centers_A3, spheres.radii_A)
        clicked = Pick.of(spheres, index) if index is not None else None
        self._picks = picked(self._picks, clicked, add=shift)
        self._lay()
        self.picks_changed.emit(self.picks)
        if clicked is not None:
            self.atom_picked.emit(clicked.site)

    def _escape(self) -> None:
        if self.player.isVisible():
            self.player.close_frames()
        else:
            self._clear_picks()
            self._lay()

    def _clear_picks(self) -> None:
        if self._picks:
            self._picks = ()
            self.picks_changed.emit(())

    def _lay(self) -> None:
        """Bring labels, marks and measurements up to date."""
        self.canvas.lay(overlay_of(self._scene, self._picks) if self._scene is not None else Overlay())


def _progress(frame: Frame, verb: str) -> str:
    """How far the crystal of a frame is."""
    if not frame.is_written:
        return f"{verb}, step {frame.step} of {frame.steps}"
    atoms = frame.crystal.num_sites
    return f"writing, {atoms} {'atom' if atoms == 1 else 'atoms'} so far"
