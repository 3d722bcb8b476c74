"""One crystal of a comparison: a title, and its picture with a scale bar."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget

from crystal_studio.scene.drawable import Scene
from crystal_studio.ui import theme
from crystal_studio.ui.compare.lens import Lens, SharedRenderer
from crystal_studio.ui.compare.scale_bar import paint_bar
from crystal_studio.ui.elided_label import ElidedLabel
from crystal_studio.ui.viewer.canvas import Canvas
from crystal_studio.ui.viewer.overlay import Mark, Overlay
from crystal_studio.ui.viewer.words_over_view import WordsOverView


@dataclass(frozen=True)
class Exhibit:
    """What a pane shows.

    Attributes:
        key: the node's id, "" for an overlay.
        letter: how the tables name it: A, B, C or D; "" for an overlay.
        title: formula and name.
        facts: a second line.
        scene: what is drawn.
    """

    key: str
    letter: str
    title: str
    facts: str
    scene: Scene


class ScaledCanvas(Canvas):
    """A canvas with a scale bar, whose length is the same in all panes.

    Attributes:
        bar_angstrom: length of the bar, 0 for none.
    """

    bar_angstrom = 0.0

    @property
    def angstrom_per_pixel(self) -> float | None:
        """Scale of the picture in logical pixels, None before there is one."""
        return 2 * self.camera.half_height / self.pixels[1] if self.camera is not None else None

    def paintEvent(self, event: QPaintEvent) -> None:
        """The bar lies over everything."""
        super().paintEvent(event)
        scale = self.angstrom_per_pixel
        if scale is not None and self.bar_angstrom and self._renderer is not None:
            painter = QPainter(self)
            paint_bar(painter, self.bar_angstrom, scale, self.pixels, theme.current())
            painter.end()


class Pane(QWidget):
    """A crystal with its title.

    Signals:
        opened: the node's id; the person wants to see it in the main window.
        dropped: the node's id; it is to be taken out of the comparison.
        site_clicked: the node's id and the site of the atom clicked, -1 for the ground.
    """

    opened = Signal(str)
    dropped = Signal(str)
    site_clicked = Signal(str, int)

    def __init__(self, exhibit: Exhibit, *, may_drop: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.exhibit = exhibit
        self.canvas = ScaledCanvas()
        self.canvas.setAccessibleName(f"{exhibit.letter} {exhibit.title} in three dimensions".strip())
        self.canvas.message = "The 3D view is starting…"
        self.words = WordsOverView(self.canvas)
        self.title = ElidedLabel(f"{exhibit.letter}  {exhibit.title}".strip())
        self.facts = ElidedLabel(exhibit.facts)
        self.open_button = _button("Show", f"Show {exhibit.title} in the main window")
        self.drop_button = _button("×", f"Take {exhibit.title} out of the comparison")
        self._lens: Lens | None = None
        self._lay_out(may_drop)
        self._show_scene()
        self.open_button.clicked.connect(lambda: self.opened.emit(self.exhibit.key))
        self.drop_button.clicked.connect(lambda: self.dropped.emit(self.exhibit.key))
        self.canvas.clicked.connect(self._click)

    def use(self, renderer: SharedRenderer | None) -> None:
        """Draw with this from now on."""
        self._lens = Lens(renderer, self.exhibit.scene) if renderer is not None else None
        self.canvas.use(self._lens)

    def show_exhibit(self, exhibit: Exhibit) -> None:
        """Show another scene or title of the same crystal."""
        has_changed = exhibit.scene is not self.exhibit.scene
        self.exhibit = exhibit
        self.title.setText(f"{exhibit.letter}  {exhibit.title}".strip())
        self.facts.setText(exhibit.facts)
        if has_changed:
            self._show_scene()

    def mark_site(self, site: int | None, text: str = "") -> None:
        """Put a ring around the first image of an atom, or around none."""
        scene = self.exhibit.scene
        marks: tuple[Mark, ...] = ()
        drawn = np.flatnonzero(scene.spheres.site_A == site) if site is not None else ()
        if len(drawn):
            center = np.asarray(scene.spheres.centers_A3[drawn[0]], dtype=np.float64)
            marks = (Mark(center, float(scene.spheres.radii_A[drawn[0]]), text),)
        self.canvas.lay(Overlay(np.asarray(scene.lattice, dtype=np.float64), scene.labels, marks))

    def close_pane(self) -> None:
        """Draw nothing more."""
        self.canvas.use(None)
        self._lens = None

    def _show_scene(self) -> None:
        exhibit = self.exhibit
        self.words.say_notices(exhibit.scene.notices)
        self.canvas.lay(Overlay(np.asarray(exhibit.scene.lattice, dtype=np.float64), exhibit.scene.labels))
        if self._lens is not None:
            self._lens.scene = exhibit.scene
        self.canvas.redraw()

    def _lay_out(self, may_drop: bool) -> None:
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.facts.setEnabled(False)  # the palette's muted colour
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.title, 1)
        for button, is_shown in ((self.open_button, bool(self.exhibit.letter)), (self.drop_button, may_drop)):
            button.setVisible(is_shown)
            head.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(1)
        column.addLayout(head)
        column.addWidget(self.facts)
        column.addWidget(self.canvas, 1)

    def _click(self, x: float, y: float, _shift: bool) -> None:
        if self.canvas.camera is None:
            return
        spheres = self.exhibit.scene.spheres
        index = self.canvas.camera.picked((x, y), self.canvas.pixels, spheres.centers_A3, spheres.radii_A)
        self.site_clicked.emit(self.exhibit.key, -1 if index is None else int(spheres.site_A[index]))


def _button(text: str, tip: str) -> QToolButton:
    made = QToolButton(text=text, autoRaise=True)
    made.setAccessibleName(tip)
    made.setToolTip(tip)
    return made
