"""What differs between compared nodes, in tables: a summary, sites, bonds, and the texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.comparison import Comparison
from crystal_studio.domain.history import Node
from crystal_studio.ui.chat.diff_view import DiffView
from crystal_studio.ui.compare import facts, words
from crystal_studio.ui.compare.grid_table import GridTable
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.notation import formula_text
from crystal_studio.ui.panels.rows import Column, RowsModel, RowsView, decimals
from crystal_studio.ui.plain_label import PlainLabel

_SITES = (
    Column("Site", tip="element and number in the first crystal"),
    Column("Becomes", tip="the site of the other crystal that it is matched with"),
    Column("Displacement (Å)", decimals(3), is_number=True),
    Column("x (Å)", decimals(3), is_number=True, tip="Cartesian, in the frame of the first crystal"),
    Column("y (Å)", decimals(3), is_number=True),
    Column("z (Å)", decimals(3), is_number=True),
    Column(""),
)
_BONDS = (
    Column("Bond"),
    Column("First (Å)", decimals(3), is_number=True, tip="mean length around the first of the two elements"),
    Column("Other (Å)", decimals(3), is_number=True),
    Column("Change (%)", lambda value: words.signed(value, ""), is_number=True),
    Column(""),
)
_SAME_TEXT = "Both crystals were made from the same text."


class Findings(QWidget):
    """The tables; the first node is what the others are compared with.

    Signals:
        site_picked: row of the matched site, as in `Comparison.moves`, -1 for none.
        other_chosen: index of the other node whose sites, bonds and text are shown, from 1.
    """

    site_picked = Signal(int)
    other_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nodes: tuple[Node, ...] = ()
        self._found: dict[str, Comparison] = {}
        self._problems: dict[str, str] = {}
        self.summary = GridTable("What differs")
        self.site_rows, self.bond_rows = RowsModel(_SITES, self), RowsModel(_BONDS, self)
        self.sites = RowsView(self.site_rows, "Displacements of matched sites")
        self.bonds = RowsView(self.bond_rows, "Mean bond lengths")
        self.sites_hint, self.bonds_hint = EmptyHint(""), EmptyHint("")
        self.text = DiffView()
        self.text_note = PlainLabel(wraps=True)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("Differences")
        self.other = QComboBox()
        self.other.setAccessibleName("Node whose sites, bonds and text are compared with the first")
        self.copy_text, self.copy_csv = QPushButton("Copy as te&xt"), QPushButton("Copy as CS&V")
        self._lay_out()
        self.copy_text.clicked.connect(lambda: self._copy(as_csv=False))
        self.copy_csv.clicked.connect(lambda: self._copy(as_csv=True))
        self.other.currentIndexChanged.connect(self._choose)
        self.sites.picked.connect(lambda rows: self.site_picked.emit(rows[-1] if rows else -1))

    @property
    def other_index(self) -> int:
        """Which node is compared with the first in sites, bonds and text, from 1."""
        return max(self.other.currentIndex(), 0) + 1

    def show_nodes(self, nodes: Sequence[Node], found: Mapping[str, Comparison], problems: Mapping[str, str]) -> None:
        """Show what is known.

        Args:
            nodes: two to four, the first one first.
            found: id of another node -> its comparison with the first.
            problems: id of another node -> why there is none.
        """
        changed = [one.id for one in nodes] != [one.id for one in self._nodes]
        self._nodes, self._found, self._problems = tuple(nodes), dict(found), dict(problems)
        if changed:
            self._offer_others()
        self.summary.show_rows(self._summary())
        self._show_other()

    def show_site(self, row: int) -> None:
        """Select a matched site, or none for -1."""
        if 0 <= row < self.site_rows.rowCount():
            self.sites.select_rows([row])
        else:
            self.sites.clearSelection()

    def _lay_out(self) -> None:
        self._site_pages = _pages(self.sites_hint, self.sites)
        self._bond_pages = _pages(self.bonds_hint, self.bonds)
        texts = QWidget()
        column = QVBoxLayout(texts)
        column.addWidget(self.text_note)
        column.addWidget(self.text)
        column.addStretch(1)
        area = QScrollArea(widgetResizable=True, frameShape=QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(texts)
        for page, name in (
            (self.summary, "&Summary"),
            (self._site_pages, "&Displacements"),
            (self._bond_pages, "&Bonds"),
            (area, "&Pivot"),
        ):
            self.tabs.addTab(page, name)
        corner = QWidget()
        line = QHBoxLayout(corner)
        line.setContentsMargins(0, 0, 0, 2)
        for widget in (self.other, self.copy_text, self.copy_csv):
            line.addWidget(widget)
        self.tabs.setCornerWidget(corner)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self.tabs)

    def _offer_others(self) -> None:
        self.other.blockSignals(True)
        self.other.clear()
        first = self._name(0)
        for index in range(1, len(self._nodes)):
            self.other.addItem(f"{self._name(index)} against {first}")
        self.other.setVisible(len(self._nodes) > 2)
        self.other.blockSignals(False)

    def _name(self, index: int) -> str:
        return f"{words.LETTERS[index]} {formula_text(self._nodes[index].crystal.formula)}"

    def _summary(self) -> list[list[str]]:
        first, others = self._nodes[0], self._nodes[1:]
        columns = [facts.facts(first, one, self._found.get(one.id), self._problems.get(one.id, "")) for one in others]
        return facts.table([self._name(index) for index in range(len(self._nodes))], columns)

    def _choose(self, _index: int) -> None:
        self._show_other()
        self.other_chosen.emit(self.other_index)

    def _show_other(self) -> None:
        first, other = self._nodes[0], self._nodes[self.other_index]
        found = self._found.get(other.id)
        problem = self._problems.get(other.id, "")
        self.site_rows.show_rows([(*row, "") for row in facts.site_rows(found)] if found else [])
        self.bond_rows.show_rows([(*row, "") for row in facts.bond_rows(found)] if found else [])
        waiting = problem or ("" if found else "Comparing …")
        reason = waiting or (found.unmatched_reason if found else "")
        self.sites_hint.setText(reason or "No site could be matched.")
        self.bonds_hint.setText(waiting or "No bonds were found.")
        self._site_pages.setCurrentIndex(int(self.site_rows.rowCount() > 0))
        self._bond_pages.setCurrentIndex(int(self.bond_rows.rowCount() > 0))
        is_same = first.pivot == other.pivot
        self.text_note.setText(_SAME_TEXT if is_same else "From the text of the first crystal to that of the other:")
        self.text.compare(first.pivot, other.pivot)

    def _copy(self, *, as_csv: bool) -> None:
        page = self.tabs.currentIndex()
        if page == 0:
            (self.summary.copy_csv if as_csv else self.summary.copy_text)()
        elif page in (1, 2):
            rows = _rows_of(self.site_rows if page == 1 else self.bond_rows)
            QGuiApplication.clipboard().setText((facts.as_csv if as_csv else facts.as_text)(rows))
        else:
            pivots = [["", "Pivot"], *([self._name(i), one.pivot] for i, one in enumerate(self._nodes))]
            QGuiApplication.clipboard().setText((facts.as_csv if as_csv else facts.as_text)(pivots))


def _rows_of(model: RowsModel) -> list[list[str]]:
    """Heading and lines as they are sorted, without the empty last column."""
    text = model.as_text(range(model.rowCount()))
    return [line.split("\t")[:-1] for line in text.split("\n")]


def _pages(hint: QWidget, table: QWidget) -> QStackedWidget:
    made = QStackedWidget()
    made.addWidget(hint)
    made.addWidget(table)
    return made
