"""A field for a direction of view."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QWidget

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.scene.directions import parse_direction
from crystal_studio.ui import theme
from crystal_studio.ui.plain_label import PlainLabel


class DirectionField(QWidget):
    """Takes [uvw], (hkl), a, b, c, a*, b*, c*; says beside it what is wrong.

    Signals:
        chosen: a `ViewDirection`, on Return.
        complained: what is wrong with the text, or "".
    """

    chosen = Signal(object)
    complained = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = PlainLabel("Alon&g")
        self.line = QLineEdit(placeholderText="[110] (111) c*", maxLength=40)
        self.line.setAccessibleName("Direction of view")
        self.line.setToolTip(
            "Look along a direction [uvw], a plane's normal (hkl), or a, b, c, a*, b*, c*; then Return"
        )
        self.line.setMinimumWidth(self.line.fontMetrics().horizontalAdvance("[1 1 0] (1") + 12)
        self.line.setMaximumWidth(self.line.fontMetrics().horizontalAdvance("[110] (111) c*") * 2)
        label.setBuddy(self.line)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(label)
        row.addWidget(self.line)
        self.line.returnPressed.connect(self._choose)
        self.line.textEdited.connect(lambda _: self.complained.emit(""))

    def _choose(self) -> None:
        try:
            direction = parse_direction(self.line.text())
        except UserCorrectable as error:
            self.complained.emit(str(error))
            return
        self.complained.emit("")
        self.chosen.emit(direction)


class Complaint(PlainLabel):
    """One line about a field, in the colour of errors; gone when all is well."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent, wraps=True)
        self.hide()
        theme.switch.changed.connect(self._recolour)
        self._recolour()

    def say(self, text: str) -> None:
        """Show this, or hide."""
        self.setText(text)
        self.setVisible(bool(text))

    def _recolour(self) -> None:
        self.setStyleSheet(f"color: {theme.current().bad}; padding: 2px 6px;")
