"""Dock: space group and Wyckoff positions at a tolerance, and the choice of the cell that is shown."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QGroupBox, QRadioButton, QWidget

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.inspection import CellChoice, Orbit, SymmetryReport
from crystal_studio.services.jobs import CellJob, SymmetryJob
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import formula_text, number_text, space_group_text
from crystal_studio.ui.panels.inspection import Answers, Inspection
from crystal_studio.ui.panels.inspection_panel import InspectionPanel, NewsLine, plain_label
from crystal_studio.ui.panels.number_field import NumberField
from crystal_studio.ui.panels.rows import Column, RowsModel, RowsView, decimals
from crystal_studio.ui.panels.spread import group
from crystal_studio.ui.session_state import SessionState

TOLERANCES_ANGSTROM = (0.001, 0.5)
START_TOLERANCE_ANGSTROM = 0.1
COMPARED_ANGSTROM = (0.01, 0.1, 0.3)
_LARGEST_COMPARED = 200  # atoms; above, three more searches cost more than they tell
_COLUMNS = (
    Column("Element"),
    Column("Position", tip="multiplicity in the conventional cell and Wyckoff letter"),
    Column("Symmetry", tip="oriented site-symmetry symbol"),
    Column("Atoms", tip="atoms of the orbit in the cell shown"),
    Column("x", decimals(4), is_number=True, tip="fractional coordinates of the first atom"),
    Column("y", decimals(4), is_number=True),
    Column("z", decimals(4), is_number=True),
)


class SymmetryPanel(InspectionPanel):
    """Symmetry of the crystal that is drawn.

    Signals:
        sites_selected: tuple of the atoms of the orbits that the person selected.
    """

    title = "Symmetry"
    object_name = "symmetry_panel"
    help_text = "Space group, Wyckoff positions and other cells of a crystal appear here, once one is shown."
    sites_selected = Signal(tuple)

    def __init__(self, state: SessionState, jobs: JobRunner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._generated: Crystal | None = None
        self._shown_cell: Crystal | None = None
        self._shown_choice = CellChoice.INPUT
        self._reported: Crystal | None = None
        self._found: dict[float, int] = {}
        self._orbits: tuple[Orbit, ...] = ()
        answers = Answers()
        self.symmetry, self.cell = Inspection(jobs, self, answers), Inspection(jobs, self)
        self.compared = {tolerance: Inspection(jobs, self, answers) for tolerance in COMPARED_ANGSTROM}
        self.tolerance = NumberField("&Tolerance", "Å", START_TOLERANCE_ANGSTROM, TOLERANCES_ANGSTROM, with_slider=True)
        self.facts = plain_label("", selectable=True)
        self.comparison = plain_label("", selectable=True)
        self.news, self.cell_news = NewsLine("Finding the symmetry …"), NewsLine("Working out the cell …")
        self.rows = RowsModel(_COLUMNS, self)
        self.table = RowsView(self.rows, "Wyckoff positions by orbit")
        self.lattice = plain_label("", selectable=True)
        self.choices = {choice: QRadioButton(label) for choice, label in _labels().items()}
        facts = group(self.tolerance, self.facts, self.news, self.comparison)
        self.lay_out([facts, self.table, group(self._cell_box())], large=self.table)
        self._connect()

    def has_subject(self) -> bool:
        """Whether a crystal is drawn."""
        return self._state.crystal is not None

    def refresh(self) -> None:
        """Show the crystal that is drawn."""
        crystal = self._state.crystal
        assert crystal is not None
        if crystal is not self._shown_cell:
            self._take_as_generated(crystal)
        if crystal is not self._reported:
            self._clear_report("")
        self.lattice.setText(f"{_lattice_text(crystal)}\nShown: {self._shown_choice.value}, {crystal.num_sites} atoms")
        self._found = {}
        self.comparison.setText("")
        self.symmetry.ask(SymmetryJob(crystal, self.tolerance.value))
        self._compare(crystal)

    def close_panel(self) -> None:
        """Listen no longer."""
        super().close_panel()
        self._state.crystal_changed.disconnect(self._changed)
        for one in (self.symmetry, self.cell, *self.compared.values()):
            one.close()

    def _connect(self) -> None:
        self._state.crystal_changed.connect(self._changed)
        self.tolerance.changed.connect(self._retolerate)
        self.symmetry.answered.connect(self._show_report)
        self.symmetry.failed.connect(self._clear_report)
        self.cell.answered.connect(self._show_cell)
        self.cell.failed.connect(self._back_to_shown)
        self.news.follow(self.symmetry)
        self.news.retried.connect(self._changed)
        self.cell_news.follow(self.cell)
        self.cell_news.retry.setVisible(False)
        for one in self.compared.values():
            one.answered.connect(self._show_comparison)
        self.table.picked.connect(self._tell_sites)

    def _cell_box(self) -> QGroupBox:
        box = QGroupBox("Cell shown")
        grid = QGridLayout(box)
        self._group = QButtonGroup(self)
        for i, (choice, button) in enumerate(self.choices.items()):
            self._group.addButton(button)
            grid.addWidget(button, i // 2, i % 2)
            button.clicked.connect(lambda _, wanted=choice: self._choose(wanted))
        self.choices[CellChoice.INPUT].setChecked(True)
        grid.addWidget(self.cell_news, 2, 0, 1, 2)
        grid.addWidget(self.lattice, 3, 0, 1, 2)
        return box

    def _take_as_generated(self, crystal: Crystal) -> None:
        """Somebody else shows a crystal: it is the one whose cells are offered now."""
        self.cell.drop()
        self._generated, self._shown_cell = crystal, None
        self._shown_choice = CellChoice.INPUT
        self.choices[CellChoice.INPUT].setChecked(True)

    def _choice(self) -> CellChoice:
        return next(choice for choice, button in self.choices.items() if button.isChecked())

    def _choose(self, choice: CellChoice) -> None:
        if self._generated is None:
            return
        if choice is CellChoice.INPUT:
            self.cell.drop()
            self._show(self._generated, choice)
        else:
            self.cell.ask(CellJob(self._generated, choice, self.tolerance.value))

    def _show_cell(self, question: CellJob, crystal: Crystal) -> None:
        if question.crystal is self._generated:
            self._show(crystal, question.choice)

    def _show(self, crystal: Crystal, choice: CellChoice) -> None:
        self._shown_cell, self._shown_choice = crystal, choice
        self._state.show_crystal(crystal)

    def _back_to_shown(self, sentence: str) -> None:
        self.cell_news.tell(sentence, failed=True)
        self.choices[CellChoice.INPUT].setChecked(True)
        if self._generated is not None and self._state.crystal is not self._generated:
            self._show(self._generated, CellChoice.INPUT)

    def _retolerate(self, _: float) -> None:
        if self._choice() is not CellChoice.INPUT:
            self._choose(self._choice())
        self._changed()

    def _show_report(self, question: SymmetryJob, report: SymmetryReport) -> None:
        if question.crystal is not self._state.crystal:
            return
        self._show_comparison(question, report)
        group = report.space_group
        self.facts.setText(
            f"{space_group_text(group.number)} (No. {group.number})\n"
            f"{group.crystal_system.capitalize()} · point group {report.point_group}\n"
            f"Hall symbol {report.hall}\n"
            f"found within {question.symprec_angstrom:g} Å"
        )
        self._reported, self._orbits = question.crystal, report.orbits
        self.rows.show_rows(
            [
                (one.element, f"{one.multiplicity}{one.wyckoff}", one.site_symmetry, len(one.sites), *_in_cell(one))
                for one in report.orbits
            ]
        )

    def _clear_report(self, _: str) -> None:
        self._reported, self._orbits = None, ()
        self.facts.setText("")
        self.rows.show_rows([])

    def _compare(self, crystal: Crystal) -> None:
        """The tolerance of the panel is asked for anyway."""
        for tolerance, inspection in self.compared.items():
            if crystal.num_sites <= _LARGEST_COMPARED and tolerance != self.tolerance.value:
                inspection.ask(SymmetryJob(crystal, tolerance))
            else:
                inspection.drop()

    def _show_comparison(self, question: SymmetryJob, report: SymmetryReport) -> None:
        if question.crystal is not self._state.crystal:
            return
        self._found[question.symprec_angstrom] = report.space_group.number
        self.comparison.setText(f"Tolerances compared: {_compared_text(self._found)}")

    def _tell_sites(self, rows: tuple[int, ...]) -> None:
        self.sites_selected.emit(tuple(site for row in rows for site in self._orbits[row].sites))


def _labels() -> dict[CellChoice, str]:
    return {
        CellChoice.INPUT: "As &generated",
        CellChoice.PRIMITIVE: "&Primitive",
        CellChoice.CONVENTIONAL: "C&onventional",
        CellChoice.NIGGLI: "&Niggli reduced",
    }


def _compared_text(found: dict[float, int]) -> str:
    """``P4mm within 0.01 Å; Pm-3m within 0.1 and 0.3 Å``: one part a group."""
    tolerances: dict[int, list[str]] = {}
    for tolerance, number in sorted(found.items()):
        tolerances.setdefault(number, []).append(f"{tolerance:g}")
    return "; ".join(f"{space_group_text(number)} within {_listed(at)} Å" for number, at in tolerances.items())


def _listed(words: list[str]) -> str:
    return " and ".join(part for part in (", ".join(words[:-1]), words[-1]) if part)


def _lattice_text(crystal: Crystal) -> str:
    lengths = ", ".join(number_text(value, 3) for value in crystal.lengths_angstrom)
    angles = ", ".join(number_text(value, 2) for value in crystal.angles_degree)
    return (
        f"{formula_text(crystal.formula)}: a, b, c = {lengths} Å; α, β, γ = {angles}°; "
        f"V = {number_text(crystal.volume_angstrom3, 2)} Å³"
    )


def _in_cell(orbit: Orbit) -> list[float]:
    """The first atom's fractional coordinates as they are read: 0.0000 to 0.9999, never 1.0000."""
    return [round(float(value), 4) % 1 for value in orbit.frac_coords]
