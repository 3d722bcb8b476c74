"""How atoms and bonds are drawn: colours, sizes, labels, hidden elements, bonds and their cut-offs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import combinations_with_replacement
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QGroupBox,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.scene.colours import ColourScheme
from crystal_studio.scene.options import BondRule, LabelKind, SceneOptions, pair_of
from crystal_studio.scene.radii import RadiusKind
from crystal_studio.ui.plain_label import PlainLabel

_CHOICES = (
    ("scheme", "&Colours", ColourScheme, "Whose colours the elements have"),
    ("radius", "&Radii", RadiusKind, "What the spheres show"),
    ("labels", "&Labels", LabelKind, "What is written on each atom"),
    ("rule", "&Bonds by", BondRule, "How bonded atoms are found"),
)
_MOST_PAIRS = 15
_LONGEST = 10.0
_AUTOMATIC = -0.01


class AtomOptions(QWidget):
    """The sheet for atoms and bonds.

    Signals:
        changed: the new `SceneOptions`.
    """

    changed = Signal(object)

    def __init__(self, options: SceneOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = options
        self._elements: tuple[str, ...] = ()
        form = QFormLayout()
        self.choices = {name: self._choice(form, name, text, kind, tip) for name, text, kind, tip in _CHOICES}
        self.scale = QDoubleSpinBox(minimum=0.2, maximum=5.0, singleStep=0.1, decimals=2)
        self.scale.valueChanged.connect(lambda value: self._change(sphere_scale=round(value, 2)))
        _add_row(form, "Si&ze of spheres", self.scale)
        self.bonds = QCheckBox("&Draw bonds")
        self.bonds.toggled.connect(lambda on: self._change(bonds=on))
        self.weak = QCheckBox("&Weak bonds too (Sr–O in SrTiO3)")
        self.weak.toggled.connect(lambda on: self._change(weak_bonds=on))
        form.addRow(self.bonds)
        form.addRow(self.weak)
        self._shown, self._cutoffs = QGroupBox("Elements shown"), QGroupBox("Longest bond of a pair (Å)")
        self._shown.setLayout(QGridLayout())
        self._cutoffs.setLayout(QFormLayout())
        self.defaults = QPushButton("Back to the &defaults")
        self.defaults.clicked.connect(self._reset)
        column = QVBoxLayout(self)
        column.addLayout(form)
        for part in (self._shown, self._cutoffs, self.defaults):
            column.addWidget(part)
        self.elements: dict[str, QCheckBox] = {}
        self.cutoffs: dict[tuple[str, str], QDoubleSpinBox] = {}
        self.show_options(options)

    def show_elements(self, elements: Sequence[str]) -> None:
        """Offer the elements of a crystal and their pairs."""
        if tuple(elements) == self._elements:
            return
        self._elements = tuple(elements)
        _empty(self._shown)
        _empty(self._cutoffs)
        self.elements = {symbol: self._element(index, symbol) for index, symbol in enumerate(elements)}
        pairs = [pair_of(*pair) for pair in combinations_with_replacement(elements, 2)]
        self.cutoffs = {pair: self._cutoff(pair) for pair in pairs[:_MOST_PAIRS]}
        self._shown.setVisible(bool(elements))
        self._cutoffs.setVisible(bool(elements))
        self.show_options(self._options)

    def show_options(self, options: SceneOptions) -> None:
        """Show these without saying so."""
        self._options = options
        for name, box in self.choices.items():
            _quietly(box, box.setCurrentText, str(getattr(options, name)))
        _quietly(self.scale, self.scale.setValue, options.sphere_scale)
        _quietly(self.bonds, self.bonds.setChecked, options.bonds)
        _quietly(self.weak, self.weak.setChecked, options.weak_bonds)
        for symbol, switch in self.elements.items():
            _quietly(switch, switch.setChecked, symbol not in options.hidden)
        for pair, spin in self.cutoffs.items():
            _quietly(spin, spin.setValue, options.cutoffs_angstrom.get(pair, _AUTOMATIC))

    def _choice(self, form: QFormLayout, name: str, text: str, kind: type[StrEnum], tip: str) -> QComboBox:
        box = QComboBox()
        box.addItems([str(one) for one in kind])
        box.setToolTip(tip)
        box.setAccessibleName(text.replace("&", ""))
        box.currentTextChanged.connect(lambda chosen: self._change(**{name: kind(chosen)}))
        _add_row(form, text, box)
        return box

    def _element(self, index: int, symbol: str) -> QCheckBox:
        box = QCheckBox(symbol)
        box.setToolTip(f"Draw {symbol}, its bonds and polyhedra")
        box.toggled.connect(lambda _: self._hide())
        self._shown.layout().addWidget(box, index // 4, index % 4)
        return box

    def _hide(self) -> None:
        elsewhere = self._options.hidden - self.elements.keys()
        self._change(hidden=elsewhere | {symbol for symbol, box in self.elements.items() if not box.isChecked()})

    def _cutoff(self, pair: tuple[str, str]) -> QDoubleSpinBox:
        spin = QDoubleSpinBox(minimum=_AUTOMATIC, maximum=_LONGEST, singleStep=0.05, decimals=2)
        spin.setSpecialValueText("automatic")
        spin.setToolTip(f"Longest {'–'.join(pair)} bond; 0 draws none")
        spin.setAccessibleName(f"Longest {pair[0]} to {pair[1]} bond in angstrom")
        spin.setKeyboardTracking(False)
        spin.valueChanged.connect(lambda value: self._cut(pair, round(value, 2)))
        label = PlainLabel("–".join(pair))
        label.setBuddy(spin)
        self._cutoffs.layout().addRow(label, spin)
        return spin

    def _cut(self, pair: tuple[str, str], value: float) -> None:
        kept = {one: cutoff for one, cutoff in self._options.cutoffs_angstrom.items() if one != pair}
        self._change(cutoffs_angstrom=kept if value < 0 else {**kept, pair: value})

    def _reset(self) -> None:
        kept = SceneOptions(style=self._options.style, supercell=self._options.supercell)
        self.show_options(kept)
        self.changed.emit(kept)

    def _change(self, **fields: Any) -> None:
        self._options = replace(self._options, **fields)
        self.changed.emit(self._options)


def _add_row(form: QFormLayout, text: str, field: QWidget) -> None:
    label = PlainLabel(text)
    label.setBuddy(field)
    form.addRow(label, field)


def _quietly(widget: QWidget, show: Callable[[Any], None], value: object) -> None:
    """Show a value without telling that it changed."""
    widget.blockSignals(True)
    show(value)
    widget.blockSignals(False)


def _empty(box: QGroupBox) -> None:
    layout = box.layout()
    while layout.count():
        layout.takeAt(0).widget().deleteLater()
