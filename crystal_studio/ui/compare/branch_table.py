"""The rounds of a branch below each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from crystal_studio.domain.comparison import interval_95
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.compare.numbers import Numbers
from crystal_studio.ui.notation import formula_text, number_text, space_group_text
from crystal_studio.ui.panels.rows import Column, RowsModel, RowsView, decimals
from crystal_studio.ui.plain_label import PlainLabel

_FEWEST, _MOST = 2, 4


def _interval(ends: tuple[float, float]) -> str:
    return f"{number_text(ends[0])} to {number_text(ends[1])}"


_COLUMNS = (
    Column("Round"),
    Column("", tip="★: the node that is shown"),
    Column("Formula", formula_text),
    Column("Group", space_group_text),
    Column("Gap (eV)", decimals(2), is_number=True),
    Column("95 % interval", _interval, is_number=True),
    Column("Hull (eV/atom)", decimals(3), is_number=True, tip="predicted energy above the convex hull"),
    Column("Alignment", decimals(2), is_number=True, tip="cosine between text and crystal"),
    Column("Å³/atom", decimals(2), is_number=True, tip="volume per atom"),
    Column("Strength", decimals(2), is_number=True),
    Column("Seed", is_number=True),
    Column(""),
)


class BranchTable(QWidget):
    """Enter or a double click shows a round; two to four chosen ones can be compared.

    Signals:
        opened: a node's id.
        compare_asked: ids of the chosen rows.
    """

    opened = Signal(str)
    compare_asked = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ids: list[str] = []
        self.rows = RowsModel(_COLUMNS, self)
        self.view = RowsView(self.rows, "Rounds of the branch")
        self.note = PlainLabel()
        self.compare = QPushButton("&Compare chosen rows")
        self.copy = QPushButton("Cop&y as text")
        self.copy.setToolTip("The chosen rows, or all, with tabs (Ctrl+C in the table)")
        line = QHBoxLayout()
        line.addWidget(self.note, 1)
        for button in (self.compare, self.copy):
            line.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addWidget(self.view, 1)
        column.addLayout(line)
        self.view.opened.connect(lambda row: self.opened.emit(self._ids[row]))
        self.view.picked.connect(self._offer)
        self.compare.clicked.connect(lambda: self.compare_asked.emit(self.chosen()))
        self.copy.clicked.connect(self.view.copy)
        self._offer(())

    def show_branch(
        self, outlines: Sequence[NodeOutline], numbers: Mapping[str, Numbers], current: str, *, is_cut: bool
    ) -> None:
        """Show these rounds; a dash stands where a number is unknown or not read yet."""
        chosen = self.chosen()
        self._ids = [one.id for one in outlines]
        self.rows.show_rows([_row(one, numbers.get(one.id), one.id == current) for one in outlines])
        self.view.select_rows([self._ids.index(one) for one in chosen if one in self._ids])
        self.note.setText(f"Only the last {len(outlines)} rounds are listed." if is_cut else "")
        self._offer(())

    def chosen(self) -> list[str]:
        """Ids of the selected rows, in the order of the branch."""
        return [self._ids[row] for row in sorted(self.view.picked_rows()) if row < len(self._ids)]

    def _offer(self, _rows: tuple[int, ...]) -> None:
        is_possible = _FEWEST <= len(self.chosen()) <= _MOST
        self.compare.setEnabled(is_possible)
        self.compare.setToolTip("" if is_possible else f"Choose {_FEWEST} to {_MOST} rows with Ctrl or Shift")


def _row(outline: NodeOutline, numbers: Numbers | None, is_current: bool) -> tuple[object, ...]:
    gap = numbers.gap if numbers else None
    return (
        outline.round,
        "★" if is_current else "",
        outline.formula,
        outline.space_group,
        outline.band_gap_ev,
        interval_95(gap) if gap else None,
        outline.e_above_hull_ev,
        numbers.alignment if numbers else None,
        numbers.volume_per_atom_angstrom3 if numbers else None,
        outline.strength,
        outline.seed,
        "" if outline.valid else "failed a check",
    )
