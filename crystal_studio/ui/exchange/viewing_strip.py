"""The line over the 3D view while it shows a crystal that the models cannot work with."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.imported import ReadFile
from crystal_studio.ui import theme
from crystal_studio.ui.exchange.read_words import shares_text
from crystal_studio.ui.notation import breakable, formula_text, one_line
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.session_state import SessionState


class ViewingStrip(QFrame):
    """Hidden but for a disordered crystal, and gone as soon as another one is shown."""

    def __init__(self, state: SessionState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("viewing_strip")
        self._state = state
        self._read: ReadFile | None = None
        self.label = PlainLabel("", self, wraps=True)
        self.label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.back = QPushButton("&Back", self)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 6, 4)
        row.addWidget(self.label, 1)
        row.addWidget(self.back, 0, Qt.AlignmentFlag.AlignTop)
        self.back.clicked.connect(self._go_back)
        state.crystal_changed.connect(self._look)
        state.current_changed.connect(self._put_away)
        theme.switch.changed.connect(self._recolour)
        self._recolour()
        self.hide()

    def view(self, read: ReadFile) -> None:
        """Show the ordered stand-in of a disordered crystal, and say what it is."""
        self._read = read
        self._state.show_crystal(read.crystal)
        self.label.setText(
            breakable(
                f"{formula_text(read.crystal.formula)} of {one_line(read.name)} is shown for viewing only: it is "
                "disordered, and the models take ordered crystals. The likeliest species stands on each site; "
                f"in the file {shares_text(read.shared)}."
            )
        )
        current = self._state.current
        self.back.setText(f"&Back to {formula_text(current.crystal.formula)}" if current else "&Close")
        self.show()

    def close_panel(self) -> None:
        """Listen no more."""
        self._state.crystal_changed.disconnect(self._look)
        self._state.current_changed.disconnect(self._put_away)

    def _go_back(self) -> None:
        current = self._state.current
        self._state.show_crystal(current.crystal if current else None)
        self._put_away()

    def _look(self, crystal: Crystal | None) -> None:
        """Another cell of the stand-in is still a stand-in."""
        is_other = crystal is None or self._read is None or crystal.formula != self._read.crystal.formula
        current = self._state.current
        if is_other or (current is not None and crystal is current.crystal):
            self._put_away()

    def _put_away(self, _node: object = None) -> None:
        self._read = None
        self.hide()

    def _recolour(self, _theme: object = None) -> None:
        colours = theme.current()
        self.setStyleSheet(
            f"#viewing_strip {{ background: {colours.raised}; border: none; "
            f"border-left: 4px solid {colours.warning}; }}"
        )
