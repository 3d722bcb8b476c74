"""What a person chooses about a powder pattern."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLabel, QWidget

from crystal_studio.services.powder import K_ALPHA_ANGSTROM, Shape
from crystal_studio.ui import theme
from crystal_studio.ui.panels.inspection_panel import plain_label
from crystal_studio.ui.panels.number_field import NumberField

_OWN = "own wavelength"
_LEAST_SPAN_DEGREE = 1.0


class PowderControls(QWidget):
    """Radiation, range, width and shape; tells only of valid settings.

    Signals:
        radiation_changed: another wavelength, or an end of the range that needs new reflections.
        display_changed: something that needs no new reflections.
    """

    radiation_changed = Signal()
    display_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.radiation = QComboBox()
        for element, wavelength in K_ALPHA_ANGSTROM.items():
            self.radiation.addItem(f"{element} Kα, {wavelength:g} Å", wavelength)
        self.radiation.addItem(_OWN.capitalize(), None)
        self.wavelength = NumberField("&Wavelength", "Å", K_ALPHA_ANGSTROM["Cu"], (0.1, 5.0))
        self.wavelength.hide()
        self.low = NumberField("2θ &from", "°", 5.0, (0.0, 179.0))
        self.high = NumberField("2θ t&o", "°", 90.0, (1.0, 180.0))
        self.fwhm = NumberField("Width (F&WHM)", "°", 0.4, (0.01, 5.0))
        self.shape = QComboBox()
        for shape in Shape:
            self.shape.addItem(shape.value, shape)
        self.with_curve, self.with_sticks = QCheckBox("&Broadened curve"), QCheckBox("&Sticks")
        self.message = plain_label("")
        self._lay_out()
        self._connect()

    @property
    def wavelength_angstrom(self) -> float:
        """Of the radiation chosen."""
        known = self.radiation.currentData()
        return self.wavelength.value if known is None else float(known)

    @property
    def bounds_degree(self) -> tuple[float, float]:
        """Range of 2 theta."""
        return self.low.value, self.high.value

    @property
    def is_valid(self) -> bool:
        """Whether the range has a width."""
        return self.high.value - self.low.value >= _LEAST_SPAN_DEGREE

    def _lay_out(self) -> None:
        form = QFormLayout(self)
        form.setContentsMargins(0, 0, 0, 0)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        radiation = QLabel("&Radiation")
        radiation.setBuddy(self.radiation)
        form.addRow(radiation, self.radiation)
        for field in (self.wavelength, self.low, self.high, self.message, self.fwhm):
            form.addRow(field)
        shape = QLabel("Line s&hape")
        shape.setBuddy(self.shape)
        form.addRow(shape, self.shape)
        form.addRow(self.with_curve, self.with_sticks)
        self.message.hide()
        self.with_curve.setChecked(True)
        self.with_sticks.setChecked(True)

    def _connect(self) -> None:
        self.radiation.currentIndexChanged.connect(self._choose_radiation)
        self.wavelength.changed.connect(lambda _: self.radiation_changed.emit())
        self.high.changed.connect(lambda _: self._check_range(self.radiation_changed.emit))
        self.low.changed.connect(lambda _: self._check_range(self.display_changed.emit))
        self.fwhm.changed.connect(lambda _: self.display_changed.emit())
        self.shape.currentIndexChanged.connect(lambda _: self.display_changed.emit())
        self.with_curve.toggled.connect(lambda _: self.display_changed.emit())
        self.with_sticks.toggled.connect(lambda _: self.display_changed.emit())

    def _choose_radiation(self, _: int) -> None:
        self.wavelength.setVisible(self.radiation.currentData() is None)
        self.radiation_changed.emit()

    def _check_range(self, tell: object) -> None:
        self.message.setVisible(not self.is_valid)
        self.message.setStyleSheet(f"color: {theme.current().bad};")
        self.message.setText(f"The range ends at least {_LEAST_SPAN_DEGREE:g}° above where it begins.")
        if self.is_valid and callable(tell):
            tell()
