"""The row of controls over the view."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from crystal_studio.scene.directions import STANDARD
from crystal_studio.scene.drawable import Style
from crystal_studio.scene.options import SceneOptions
from crystal_studio.ui import theme
from crystal_studio.ui.viewer.atom_options import AtomOptions
from crystal_studio.ui.viewer.cell_options import CellOptions
from crystal_studio.ui.viewer.direction_field import DirectionField
from crystal_studio.ui.viewer.popover import Popover

_STYLE_TEXTS = {
    Style.BALL_AND_STICK: "&Balls and sticks",
    Style.SPACE_FILLING: "S&pace filling",
    Style.STICK: "&Sticks",
    Style.POLYHEDRA: "P&olyhedra",
}

_DENOISING = "Play how the crystal came out of noise"
_WRITING = "Play how the crystal was written, atom by atom"


class ViewerBar(QWidget):
    """Style, directions of view, sheets of options, denoising, projection, reset.

    Signals:
        style_chosen: a `Style`.
        options_chosen: `SceneOptions`.
        direction_chosen: a `ViewDirection`.
        perspective_chosen: whether near things look larger.
        frames_asked, reset_asked: as they say.
    """

    style_chosen = Signal(object)
    options_chosen = Signal(object)
    direction_chosen = Signal(object)
    perspective_chosen = Signal(bool)
    frames_asked = Signal()
    reset_asked = Signal()

    def __init__(self, options: SceneOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons: dict[QToolButton, str] = {}
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(6, 3, 6, 3)
        self._row.setSpacing(2)
        self.style_button = self._button(
            "Style", "Style: balls and sticks, space filling, sticks, polyhedra (1 to 4)", "circle-nodes"
        )
        self.styles = self._style_menu()
        self.along = self._button("View", "View along a, b, c, a*, b*, c*", "compass")
        self._direction_menu()
        self.direction = DirectionField()
        self.direction.chosen.connect(self.direction_chosen)
        self._row.addWidget(self.direction)
        self._row.addStretch(1)
        self.cell = CellOptions(options)
        self.atoms = AtomOptions(options)
        self.cell_button = self._button("Cell", "Supercell, boundary, edges of the cell", "border-all")
        self.atoms_button = self._button("Atoms", "Colours, sizes, labels, bonds, hidden elements", "sliders")
        self.sheets = (Popover(self.cell, self.cell_button), Popover(self.atoms, self.atoms_button))
        for sheet in (self.cell, self.atoms):
            sheet.changed.connect(self.options_chosen)
        self.frames = self._button("Denoising", _DENOISING, "film")
        self.frames.clicked.connect(self.frames_asked)
        self.perspective = self._button("Perspective", "Perspective: near atoms look larger", "cube")
        self.perspective.setCheckable(True)
        self.perspective.toggled.connect(self.perspective_chosen)
        self.reset = self._button("Whole crystal", "Turn and zoom so that the whole crystal is seen (R)", "expand")
        self.reset.clicked.connect(self.reset_asked)
        self.show_options(options)
        theme.switch.changed.connect(self._recolour)

    def offer_frames(self, can_be_asked: bool, are_written: bool) -> None:
        """Name the way to the crystal by how it was made."""
        self.frames.setEnabled(can_be_asked)
        self.frames.setText("Writing" if are_written else "Denoising")
        self.frames.setToolTip(_WRITING if are_written else _DENOISING)

    def show_options(self, options: SceneOptions) -> None:
        """Show these in all controls."""
        self.styles[options.style].setChecked(True)
        self.cell.show_options(options)
        self.atoms.show_options(options)

    def show_icons(self) -> None:
        """Put icons on the buttons; the font takes a while, so it is loaded after the first paint."""
        self._icons = {button: button.property("icon_name") for button in self.findChildren(QToolButton)}
        self._icons = {button: name for button, name in self._icons.items() if name}
        self._recolour()

    def _recolour(self) -> None:
        if not self._icons:
            return
        import qtawesome

        colours = theme.current()
        for button, name in self._icons.items():
            button.setIcon(qtawesome.icon(f"fa6s.{name}", color=colours.text, color_on=colours.accent))

    def _button(self, text: str, tip: str, icon: str) -> QToolButton:
        # Without words from the start: they would widen the window until the icons are loaded.
        button = QToolButton(autoRaise=True)
        button.setToolTip(tip)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        button.setProperty("icon_name", icon)
        self._row.addWidget(button)
        return button

    def _style_menu(self) -> dict[Style, QAction]:
        menu, group = QMenu(self), QActionGroup(self)
        made: dict[Style, QAction] = {}
        for style in Style:
            action = QAction(_STYLE_TEXTS[style], menu)
            menu.addAction(action)
            action.setCheckable(True)
            action.triggered.connect(lambda _=False, style=style: self.style_chosen.emit(style))
            group.addAction(action)
            made[style] = action
        self.style_button.setMenu(menu)
        self.style_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        return made

    def _direction_menu(self) -> None:
        menu = QMenu(self)
        for direction in STANDARD:
            action = QAction(f"Along {direction}", menu)
            menu.addAction(action)
            action.triggered.connect(lambda _=False, one=direction: self.direction_chosen.emit(one))
        self.along.setMenu(menu)
        self.along.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
