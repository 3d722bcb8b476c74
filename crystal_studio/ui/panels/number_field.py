"""A number with a unit, checked while it is typed."""

from __future__ import annotations

from math import isfinite, log10

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QSlider, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.panels.inspection_panel import plain_label

_SLIDER_STEPS = 200


class NumberField(QWidget):
    """A label, a text field with its unit, and the message of what is wrong beside it.

    Signals:
        changed: a valid number was entered that differs from the last.
    """

    changed = Signal(float)

    def __init__(
        self,
        label: str,
        unit: str,
        value: float,
        bounds: tuple[float, float],
        with_slider: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._low, self._high = bounds
        self._unit = unit
        self._value = value
        self.edit = QLineEdit(_written(value))
        self.edit.setAccessibleName(f"{label.replace('&', '')} in {unit}")
        self.edit.setMinimumWidth(self.fontMetrics().averageCharWidth() * 7)
        self.edit.setMaximumWidth(self.fontMetrics().averageCharWidth() * 11)
        self.message = plain_label("")
        self.message.hide()
        self.slider = QSlider(Qt.Orientation.Horizontal) if with_slider else None
        self._lay_out(label, unit)
        self.edit.textEdited.connect(self._check)
        self.edit.editingFinished.connect(self._tidy)
        theme.switch.changed.connect(self._recolour)
        self._recolour()

    @property
    def value(self) -> float:
        """The last valid number."""
        return self._value

    @property
    def is_valid(self) -> bool:
        """Whether what stands in the field is a number within the bounds."""
        return self._read(self.edit.text()) is not None

    def set_value(self, value: float) -> None:
        """Put a number in the field and report it where it is new."""
        self.edit.setText(_written(value))
        self._check(self.edit.text())

    def _lay_out(self, label: str, unit: str) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        name = QLabel(label)
        name.setBuddy(self.edit)
        grid.addWidget(name, 0, 0)
        grid.addWidget(self.edit, 0, 1)
        grid.addWidget(QLabel(unit), 0, 2)
        grid.addWidget(self.message, 1, 0, 1, 4)
        grid.setColumnStretch(3, 1)
        if self.slider is not None:
            self.slider.setRange(0, _SLIDER_STEPS)
            self.slider.setAccessibleName(self.edit.accessibleName())
            self.slider.setValue(self._position(self._value))
            self.slider.valueChanged.connect(self._slide)
            grid.addWidget(self.slider, 0, 3)

    def _read(self, text: str) -> float | None:
        try:
            value = float(text.strip().replace(",", "."))
        except ValueError:
            return None
        return value if isfinite(value) and self._low <= value <= self._high else None

    def _check(self, text: str) -> None:
        value = self._read(text)
        bad = value is None
        self.message.setVisible(bad)
        self.message.setText(f"Give a number from {self._low:g} to {self._high:g} {self._unit}." if bad else "")
        self._recolour()
        if value is None or value == self._value:
            return
        self._value = value
        if self.slider is not None:
            self.slider.blockSignals(True)
            self.slider.setValue(self._position(value))
            self.slider.blockSignals(False)
        self.changed.emit(value)

    def _tidy(self) -> None:
        if self.is_valid:
            self.edit.setText(_written(self._value))

    def _position(self, value: float) -> int:
        """Logarithmic: a tolerance matters by its order of magnitude."""
        return round(_SLIDER_STEPS * log10(value / self._low) / log10(self._high / self._low))

    def _slide(self, position: int) -> None:
        value = self._low * (self._high / self._low) ** (position / _SLIDER_STEPS)
        self.set_value(min(self._high, max(self._low, float(f"{value:.2g}"))))

    def _recolour(self, *_: object) -> None:
        self.message.setStyleSheet(f"color: {theme.current().bad};")


def _written(value: float) -> str:
    return f"{value:.6g}"
