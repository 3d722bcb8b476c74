"""Dock: the lattice, the atoms that are picked measured, and measurements that were kept."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ui import theme
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import formula_text, number_text
from crystal_studio.ui.panels.inspection_panel import InspectionPanel, plain_label
from crystal_studio.ui.panels.measurement import Measurement, images_of, measured, names_of, read_atoms
from crystal_studio.ui.panels.rows import Column, RowsModel, RowsView
from crystal_studio.ui.panels.spread import group
from crystal_studio.ui.session_state import SessionState
from crystal_studio.ui.viewer.picks import Pick

_COLUMNS = (Column("Kind"), Column("Atoms"), Column("Value"), Column("Crystal", formula_text))
_HELP = "Click two atoms in the 3D view (Shift adds) for a distance, three for an angle, four for a dihedral."


class MeasurementPanel(InspectionPanel):
    """Distances, angles and dihedrals."""

    title = "Measurements"
    object_name = "measurement_panel"
    help_text = "Lattice parameters, distances and angles appear here, once a crystal is shown."

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._crystal: Crystal | None = None
        self._picks: tuple[Pick, ...] = ()
        self._measurement: Measurement | None = None
        self._pinned: list[Measurement] = []
        self.lattice = plain_label("", selectable=True)
        self.lattice.setAccessibleName("Lattice")
        self.current = plain_label(_HELP, selectable=True)
        self.current.setAccessibleName("Measurement of the picked atoms")
        self.atoms = QLineEdit(placeholderText="Ti2 O3")
        self.message = plain_label("")
        self.message.hide()
        self.keep, self.remove = QPushButton("&Keep"), QPushButton("&Remove")
        self.copy_all = QPushButton("&Copy as text")
        self.rows = RowsModel(_COLUMNS, self)
        self.table = RowsView(self.rows, "Measurements kept")
        self._lay_out_parts()
        self._connect()
        self._show_buttons()

    def has_subject(self) -> bool:
        """Whether a crystal is drawn, or something was kept of an earlier one."""
        return self._state.crystal is not None or bool(self._pinned)

    def refresh(self) -> None:
        """Show the lattice of the crystal that is drawn, and its picked atoms."""
        crystal = self._state.crystal
        if crystal is not self._crystal:
            self._crystal, self._picks = crystal, ()
            self._measure()
        self.lattice.setText(_lattice_lines(crystal) if crystal is not None else "")

    def show_picks(self, picks: tuple[int | Pick, ...]) -> None:
        """Measure the atoms that were picked in the 3D view, given as `Pick` or by number (closest images)."""
        crystal = self._state.crystal
        self._crystal = crystal
        self._picks = images_of(crystal, picks) if crystal is not None else ()
        self._measure()

    def close_panel(self) -> None:
        """Listen no longer."""
        super().close_panel()
        self._state.crystal_changed.disconnect(self._changed)

    def text(self) -> str:
        """The lattice and every measurement kept, as lines of text; the current one where none is kept."""
        kept = self._pinned or ([self._measurement] if self._measurement else [])
        lines = [f"{one.kind}\t{one.atoms}\t{one.text}\t{one.formula}" for one in kept]
        return "\n".join(part for part in (self.lattice.text(), *lines) if part)

    def _lay_out_parts(self) -> None:
        entry, buttons = QWidget(), QWidget()
        row = QHBoxLayout(entry)
        row.setContentsMargins(0, 0, 0, 0)
        name = QLabel("&Atoms")
        name.setBuddy(self.atoms)
        row.addWidget(name)
        row.addWidget(self.atoms, 1)
        row = QHBoxLayout(buttons)
        row.setContentsMargins(0, 0, 0, 0)
        for button in (self.keep, self.remove, self.copy_all):
            row.addWidget(button)
        row.addStretch(1)
        self.atoms.setAccessibleDescription("Labels of two, three or four atoms to measure, without the mouse")
        facts = group(self.lattice, self.current, entry, self.message, buttons)
        self.lay_out([facts, self.table], large=self.table)

    def _connect(self) -> None:
        self._state.crystal_changed.connect(self._changed)
        self.atoms.textEdited.connect(self._read)
        self.atoms.returnPressed.connect(self._pin)
        self.keep.clicked.connect(self._pin)
        self.remove.clicked.connect(self._remove)
        self.copy_all.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.text()))
        self.table.picked.connect(lambda _: self._show_buttons())

    def _read(self, text: str) -> None:
        self.message.hide()
        crystal = self._state.crystal
        if not text.strip() or crystal is None:
            return
        try:
            sites = read_atoms(crystal, text)
        except UserCorrectable as error:
            self.message.setText(str(error))
            self.message.setStyleSheet(f"color: {theme.current().bad};")
            self.message.show()
        else:
            self.show_picks(sites)

    def _measure(self) -> None:
        crystal = self._crystal
        self._measurement = measured(crystal, self._picks) if crystal is not None else None
        if crystal is None or not self._picks:
            self.current.setText(_HELP)
        elif self._measurement is None:
            self.current.setText(f"{names_of(crystal, self._picks)[0]}. {_HELP}")
        else:
            self.current.setText(_measurement_lines(self._measurement))
        self._show_buttons()

    def _pin(self) -> None:
        if self._measurement is not None and self._measurement not in self._pinned:
            self._pinned.append(self._measurement)
            self._fill()

    def _remove(self) -> None:
        gone = set(self.table.picked_rows())
        self._pinned = [one for i, one in enumerate(self._pinned) if i not in gone]
        self._fill()

    def _fill(self) -> None:
        self.rows.show_rows([(one.kind, one.atoms, one.text, one.formula) for one in self._pinned])
        self._show_buttons()

    def _show_buttons(self) -> None:
        self.keep.setEnabled(self._measurement is not None)
        self.remove.setEnabled(bool(self.table.picked_rows()))


def _lattice_lines(crystal: Crystal) -> str:
    a, b, c = (number_text(value, 4) for value in crystal.lengths_angstrom)
    alpha, beta, gamma = (number_text(value, 3) for value in crystal.angles_degree)
    atoms = f"{crystal.num_sites} atom{'s' * (crystal.num_sites != 1)}"
    return (
        f"{formula_text(crystal.formula)}, {atoms} in the cell\n"
        f"a = {a} Å   b = {b} Å   c = {c} Å\n"
        f"α = {alpha}°   β = {beta}°   γ = {gamma}°\n"
        f"V = {number_text(crystal.volume_angstrom3, 3)} Å³"
    )


def _measurement_lines(one: Measurement) -> str:
    lines = [f"{one.kind} {one.atoms}: {one.text}"]
    if len(one.distances) > 1:
        lines.append("Distances along it: " + ", ".join(number_text(value, 3) for value in one.distances) + " Å")
    return "\n".join(lines)
