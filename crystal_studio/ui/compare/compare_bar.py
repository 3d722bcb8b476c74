"""The controls over a comparison."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QButtonGroup, QComboBox, QHBoxLayout, QPushButton, QToolButton, QWidget

from crystal_studio.scene import directions
from crystal_studio.scene.drawable import Style
from crystal_studio.scene.superposed import MAGNIFICATIONS
from crystal_studio.ui import theme
from crystal_studio.ui.plain_label import PlainLabel

_STYLES = {
    Style.BALL_AND_STICK: "Balls and sticks",
    Style.SPACE_FILLING: "Space filling",
    Style.STICK: "Sticks",
    Style.POLYHEDRA: "Polyhedra",
}
_OVERLAY_TIP = "The second crystal over the first one, with arrows to where its sites have moved"


class CompareBar(QWidget):
    """Side by side or overlay, style, direction of view, and which nodes.

    Signals:
        overlay_chosen: whether the second lies over the first.
        style_chosen: `Style`.
        direction_chosen: `ViewDirection`.
        reset_asked, add_asked, swap_asked: buttons.
        magnification_chosen: how many times as long as the displacements arrows are.
    """

    overlay_chosen = Signal(bool)
    style_chosen = Signal(object)
    direction_chosen = Signal(object)
    reset_asked = Signal()
    add_asked = Signal()
    swap_asked = Signal()
    magnification_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._can_overlay = False
        self.beside = _choice("&Side by side", "One picture for each crystal")
        self.over = _choice("&Overlay", _OVERLAY_TIP)
        self._modes = QButtonGroup(self)
        for button in (self.beside, self.over):
            self._modes.addButton(button)
        self.beside.setChecked(True)
        self.style_box = QComboBox()
        self.style_box.setAccessibleName("Style")
        self.style_box.addItems(list(_STYLES.values()))
        self.times_label = PlainLabel("&Arrows")
        self.times = QComboBox()
        self.times.setAccessibleName("How many times as long as the displacements the arrows are")
        self.times.addItems([f"× {one}" for one in MAGNIFICATIONS])
        self.times_label.setBuddy(self.times)
        self.along = {str(one): _tool(str(one), f"Look along {one} of each crystal") for one in directions.STANDARD[:3]}
        self.whole = _tool("&Whole", "Turn and zoom so that every crystal is seen whole (R)")
        self.swap = QPushButton("&Next first")
        self.swap.setToolTip("Make the next crystal the first, against which the others are compared")
        self.add = QPushButton("A&dd a node…")
        self._lay_out()
        self._connect()
        self._show_arrows()
        self._show_mode()

    @property
    def is_overlay(self) -> bool:
        """Whether the person wants an overlay and it can be shown."""
        return self._can_overlay and self.over.isChecked()

    def offer_overlay(self, is_possible: bool, reason: str) -> None:
        """Enable the overlay, or say why there is none."""
        self._can_overlay = is_possible
        self.over.setEnabled(is_possible)
        self.over.setToolTip(_OVERLAY_TIP if is_possible else reason)
        self._show_arrows()

    def show_style(self, style: Style) -> None:
        """Show a style that was chosen elsewhere; tells nobody."""
        self.style_box.blockSignals(True)
        self.style_box.setCurrentIndex(list(_STYLES).index(style))
        self.style_box.blockSignals(False)

    def show_magnification(self, times: int) -> None:
        """Show how long the arrows are; tells nobody."""
        self.times.blockSignals(True)
        self.times.setCurrentIndex(MAGNIFICATIONS.index(times))
        self.times.blockSignals(False)

    def show_count(self, count: int, most: int) -> None:
        """How many nodes are compared."""
        self.swap.setText("S&wap" if count == 2 else "&Next first")
        self.add.setEnabled(count < most)
        self.add.setToolTip("Choose a further node" if count < most else f"At most {most} nodes are compared at a time")

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for widget in (self.beside, self.over, self.times_label, self.times, self.style_box):
            row.addWidget(widget)
        row.addSpacing(8)
        for button in (*self.along.values(), self.whole):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.swap)
        row.addWidget(self.add)

    def _connect(self) -> None:
        self.over.toggled.connect(self._toggle)
        theme.switch.changed.connect(self._show_mode)
        self.style_box.currentIndexChanged.connect(lambda index: self.style_chosen.emit(tuple(_STYLES)[index]))
        self.times.currentIndexChanged.connect(lambda index: self.magnification_chosen.emit(MAGNIFICATIONS[index]))
        for direction in directions.STANDARD[:3]:
            self.along[str(direction)].clicked.connect(
                lambda _checked=False, direction=direction: self.direction_chosen.emit(direction)
            )
        self.whole.clicked.connect(self.reset_asked)
        self.swap.clicked.connect(self.swap_asked)
        self.add.clicked.connect(self.add_asked)

    def _toggle(self, is_on: bool) -> None:
        self._show_arrows()
        self._show_mode()
        self.overlay_chosen.emit(is_on)

    def _show_mode(self, *_: object) -> None:
        """Fill the button of the mode in force: a sunken one can hardly be told on a dark ground."""
        colours = theme.current()
        for button in (self.beside, self.over):
            palette = theme.palette(colours)
            if button.isChecked():
                palette.setColor(QPalette.ColorRole.Button, QColor(colours.accent))
                palette.setColor(QPalette.ColorRole.ButtonText, QColor(colours.on_accent))
            button.setPalette(palette)

    def _show_arrows(self) -> None:
        for widget in (self.times_label, self.times):
            widget.setVisible(self.is_overlay)


def _choice(text: str, tip: str) -> QPushButton:
    made = QPushButton(text, checkable=True)
    made.setToolTip(tip)
    return made


def _tool(text: str, tip: str) -> QToolButton:
    made = QToolButton(text=text)
    made.setToolTip(tip)
    made.setAccessibleName(tip)
    return made
