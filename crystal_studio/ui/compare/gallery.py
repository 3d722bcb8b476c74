"""The pictures of a comparison: side by side, or one over the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from crystal_studio.scene.directions import ViewDirection
from crystal_studio.ui import theme
from crystal_studio.ui.compare.lens import SharedRenderer
from crystal_studio.ui.compare.linked_sight import LinkedSight
from crystal_studio.ui.compare.pane import Exhibit, Pane
from crystal_studio.ui.compare.scale_bar import bar_length
from crystal_studio.ui.viewer.starter import Starter

if TYPE_CHECKING:
    from crystal_studio.ui.viewer.renderer import Renderer

NO_OPENGL = "Crystals cannot be drawn: this computer offers no OpenGL 3.2. The tables below go on."


class Gallery(QWidget):
    """Panes of one size with one camera; VTK is started when the first of them is seen.

    Signals:
        opened, dropped: a node's id.
        site_clicked: a node's id and a site, -1 for none.
        style_asked: 0 to 3, typed on a picture.
    """

    opened = Signal(str)
    dropped = Signal(str)
    site_clicked = Signal(str, int)
    style_asked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panes: tuple[Pane, ...] = ()
        self.sight = LinkedSight(self)
        self._shared: SharedRenderer | None = None
        self._problem = ""
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(6)
        self._starter = Starter(self)
        self._starter.ready.connect(self._begin)
        self._starter.failed.connect(self._give_up)
        self.sight.scaled.connect(self._scale_bars)
        theme.switch.changed.connect(self._repaint)

    @property
    def is_ready(self) -> bool:
        """Whether pictures can be drawn."""
        return self._shared is not None

    def exhibit(self, exhibits: Sequence[Exhibit]) -> None:
        """Show these; where they are the same crystals as before, the camera stays."""
        if [one.key for one in exhibits] == [pane.exhibit.key for pane in self.panes]:
            for pane, exhibit in zip(self.panes, exhibits, strict=True):
                pane.show_exhibit(exhibit)
                self.sight.replace(pane.canvas, exhibit.scene)
            return
        self._clear()
        self.panes = tuple(Pane(one, may_drop=len(exhibits) > 2) for one in exhibits)
        for column, pane in enumerate(self.panes):
            self._grid.addWidget(pane, 0, column)
            self._grid.setColumnStretch(column, 1)
            self._listen(pane)
            self.sight.take(pane.canvas, pane.exhibit.scene)
            pane.use(self._shared)
            if self._problem:
                self._explain(pane)

    def reset_camera(self) -> None:
        """The usual side of each crystal, whole."""
        self.sight.reset()

    def view_along(self, direction: ViewDirection) -> None:
        """Look along a direction of each crystal's own lattice."""
        self.sight.along(direction)

    def mark_sites(self, sites: Sequence[int | None], text: str = "") -> None:
        """A ring around one atom of each crystal, in the order of the panes."""
        for pane, site in zip(self.panes, sites, strict=False):
            pane.mark_site(site, text)

    def close_gallery(self) -> None:
        """Give OpenGL's memory back and listen no longer."""
        self._starter.stop()
        theme.switch.changed.disconnect(self._repaint)
        self._clear()
        if self._shared is not None:
            self._shared.close()
            self._shared = None

    def _listen(self, pane: Pane) -> None:
        pane.opened.connect(self.opened)
        pane.dropped.connect(self.dropped, Qt.ConnectionType.QueuedConnection)  # the button that says so goes with it
        pane.site_clicked.connect(self.site_clicked)
        pane.canvas.painted_once.connect(self._starter.start)
        pane.canvas.reset_asked.connect(self.reset_camera)
        pane.canvas.style_asked.connect(self.style_asked)
        pane.canvas.clear_asked.connect(lambda: self.site_clicked.emit(pane.exhibit.key, -1))

    def _clear(self) -> None:
        self.sight.clear()
        for column, pane in enumerate(self.panes):
            pane.close_pane()
            self._grid.removeWidget(pane)
            self._grid.setColumnStretch(column, 0)
            pane.hide()
            pane.deleteLater()
        self.panes = ()

    def _begin(self, renderer: Renderer) -> None:
        self._shared = SharedRenderer(renderer)
        for pane in self.panes:
            pane.use(self._shared)

    def _give_up(self, _reason: str) -> None:
        self._problem = NO_OPENGL
        for pane in self.panes:
            self._explain(pane)

    def _explain(self, pane: Pane) -> None:
        pane.canvas.message = self._problem
        pane.canvas.update()

    def _scale_bars(self, angstrom_per_pixel: float) -> None:
        narrowest = min((pane.canvas.width() for pane in self.panes), default=1)
        length = bar_length(angstrom_per_pixel, narrowest)
        for pane in self.panes:
            pane.canvas.bar_angstrom = length
            pane.canvas.update()

    def _repaint(self, _theme: object) -> None:
        for pane in self.panes:
            pane.canvas.redraw()
