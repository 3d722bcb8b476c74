"""How much of the crystal is drawn: supercell, boundary, cell."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QFormLayout, QHBoxLayout, QPushButton, QSpinBox, QWidget

from crystal_studio.scene.options import MAX_SUPERCELL, SceneOptions
from crystal_studio.ui.plain_label import PlainLabel

_SWITCHES = (
    (
        "boundary",
        "Atoms on &faces and edges on all of them",
        "An atom on a face of the cell is drawn on every such face",
    ),
    ("complete", "Complete &polyhedra and molecules", "Atoms outside the cell that a polyhedron or molecule needs"),
    ("cell", "&Edges of the cell", "Draw the unit cell as lines"),
)


class CellOptions(QWidget):
    """Supercell spin boxes and what happens at the boundary.

    Signals:
        changed: the new `SceneOptions`.
    """

    changed = Signal(object)

    def __init__(self, options: SceneOptions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = options
        form = QFormLayout(self)
        self.repeats = tuple(self._spin(axis) for axis in "abc")
        row = QHBoxLayout()
        for index, spin in enumerate(self.repeats):
            if index:
                row.addWidget(PlainLabel("×"))
            row.addWidget(spin)
        title = PlainLabel("&Supercell a × b × c")
        title.setBuddy(self.repeats[0])
        form.addRow(title, row)
        self.switches = {name: self._switch(form, name, text, tip) for name, text, tip in _SWITCHES}
        self.single = QPushButton("&Back to one cell")
        self.single.clicked.connect(lambda: self._change(supercell=(1, 1, 1)))
        form.addRow(self.single)
        self.show_options(options)

    def show_options(self, options: SceneOptions) -> None:
        """Show these without saying so."""
        self._options = options
        for spin, repeat in zip(self.repeats, options.supercell, strict=True):
            spin.blockSignals(True)
            spin.setValue(repeat)
            spin.blockSignals(False)
        for name, box in self.switches.items():
            box.blockSignals(True)
            box.setChecked(getattr(options, name))
            box.blockSignals(False)
        self.single.setEnabled(options.supercell != (1, 1, 1))

    def _spin(self, axis: str) -> QSpinBox:
        spin = QSpinBox(minimum=1, maximum=MAX_SUPERCELL)
        spin.setAccessibleName(f"Repeats along {axis}")
        spin.setToolTip(f"Repeats along {axis}, 1 to {MAX_SUPERCELL}")
        spin.valueChanged.connect(lambda _: self._change(supercell=tuple(one.value() for one in self.repeats)))
        return spin

    def _switch(self, form: QFormLayout, name: str, text: str, tip: str) -> QCheckBox:
        box = QCheckBox(text)
        box.setToolTip(tip)
        box.toggled.connect(lambda on: self._change(**{name: on}))
        form.addRow(box)
        return box

    def _change(self, **fields: Any) -> None:
        self.show_options(replace(self._options, **fields))
        self.changed.emit(self._options)
