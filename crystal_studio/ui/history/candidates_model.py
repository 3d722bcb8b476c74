"""The candidates of a round as a table: numbers sort as numbers, and what is missing comes last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel, Qt
from PySide6.QtGui import QColor, QFont, QPixmap

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.history import Node
from crystal_studio.domain.measured import Measured
from crystal_studio.ui import theme
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf
from crystal_studio.ui.notation import (
    formula_text,
    measured_text,
    number_text,
    one_line,
    plain_tooltip,
    space_group_text,
)

THUMBNAIL_SIZE = 40
ORDER_ROLE = Qt.ItemDataRole.UserRole + 1
_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True)
class Column:
    """One column: heading, what it means, what is written, what it sorts by (None: missing)."""

    title: str
    tip: str
    text: Callable[[Candidate], str]
    order: Callable[[Candidate], float | str | None]
    is_number: bool = True


class CandidatesModel(QAbstractTableModel):
    """Rows in order of rank."""

    def __init__(self, shelf: ThumbnailShelf, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._shelf = shelf
        self._node: Node | None = None
        shelf.drawn.connect(self._repaint_picture)

    def show_node(self, node: Node | None) -> None:
        """List another node's candidates."""
        self.beginResetModel()
        self._node = node
        self.endResetModel()

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Candidates."""
        return 0 if parent.isValid() or self._node is None else len(self._node.candidates)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Columns."""
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        """Headings and what they mean."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(COLUMNS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].title
        return plain_tooltip(COLUMNS[section].tip) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell."""
        if not index.isValid() or self._node is None:
            return None
        row, column = index.row(), index.column()
        candidate = self._node.candidates[row]
        if column == NUMBER:
            return self._of_number(row, candidate, role)
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[column].text(candidate)
        if role == ORDER_ROLE:
            return COLUMNS[column].order(candidate)
        return self._of_row(row, candidate, COLUMNS[column].is_number, role)

    def _of_number(self, row: int, candidate: Candidate, role: int) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{row + 1}  chosen" if self._is_chosen(row) else str(row + 1)
        if role == ORDER_ROLE:
            return float(row)
        if role == Qt.ItemDataRole.DecorationRole:
            return self._shelf.picture(candidate.crystal.content_hash, lambda: candidate.crystal) or _blank()
        return self._of_row(row, candidate, False, role)

    def _of_row(self, row: int, candidate: Candidate, is_number: bool, role: int) -> Any:
        if role == Qt.ItemDataRole.ForegroundRole and not candidate.valid:
            return QColor(theme.current().muted)
        if role == Qt.ItemDataRole.FontRole:
            return _font(bold=self._is_chosen(row), italic=not candidate.valid)
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip(summary(row, candidate))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            side = Qt.AlignmentFlag.AlignRight if is_number else Qt.AlignmentFlag.AlignLeft
            return int(side | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _is_chosen(self, row: int) -> bool:
        return self._node is not None and row == self._node.chosen

    def _repaint_picture(self, key: str) -> None:
        for row, candidate in enumerate(self._node.candidates if self._node else ()):
            if candidate.crystal.content_hash == key:
                self.dataChanged.emit(self.index(row, NUMBER), self.index(row, NUMBER))


class CandidatesOrder(QSortFilterProxyModel):
    """Sorts by value; what is missing stays at the end, whichever way it is sorted."""

    def lessThan(self, left: Index, right: Index) -> bool:
        """Numbers before what is missing; equal ones by rank."""
        first, second = left.data(ORDER_ROLE), right.data(ORDER_ROLE)
        if first is None or second is None:
            missing_is_less = self.sortOrder() is Qt.SortOrder.DescendingOrder
            return (first is None) == missing_is_less and (first is None) != (second is None)
        return bool(first < second)


def refusal(candidate: Candidate) -> str:
    """Why a candidate cannot be chosen; "" where it can."""
    if not candidate.checks:
        return "not checked"
    failed = [check for check in candidate.checks if check.required and check.passed is False]
    return "; ".join(one_line(check.detail[:400]) or check.name.replace("_", " ") for check in failed)


def summary(row: int, candidate: Candidate) -> str:
    """A candidate in a few lines."""
    lines = [f"Candidate {row + 1}: {formula_text(candidate.crystal.formula)}, {candidate.crystal.num_sites} atoms"]
    origin = f": {candidate.origin_in_words[:200]}" if candidate.origin else ""
    began = candidate.start.words if candidate.start is Start.WRITTEN else f"started from {candidate.start.value}"
    lines.append(f"{began}{origin}")
    if reason := refusal(candidate):
        lines.append(f"failed: {reason}")
    lines.append("relaxed" if candidate.relaxed is not None else "as drawn, not relaxed")
    lines += [f"{value:.4g} {name.replace('_', ' ')}" for name, value in candidate.goal_values.items()]
    return "\n".join([*lines, *(note[:300] for note in candidate.notes)])


def _passed(candidate: Candidate) -> tuple[int, int]:
    """How many checks passed, of those that decided."""
    decided = [check.passed for check in candidate.checks if check.passed is not None]
    return sum(decided), len(decided)


def _checks_text(candidate: Candidate) -> str:
    passed, decided = _passed(candidate)
    return f"{passed} of {decided}" if decided else "none"


def _share_passed(candidate: Candidate) -> float | None:
    passed, decided = _passed(candidate)
    return passed / decided if decided else None


def _group_text(candidate: Candidate) -> str:
    return space_group_text(candidate.space_group.number) if candidate.space_group else "–"


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _value(measured: Measured | None) -> float | None:
    return _finite(measured.value) if measured else None


def _blank() -> QPixmap:
    """Keeps the place of a picture that is not drawn yet."""
    empty = QPixmap(THUMBNAIL_SIZE, THUMBNAIL_SIZE)
    empty.fill(Qt.GlobalColor.transparent)
    return empty


def _font(bold: bool, italic: bool) -> QFont:
    font = QFont()
    font.setBold(bold)
    font.setItalic(italic)
    return font


NUMBER, FORMULA = 0, 1
COLUMNS = (
    Column("#", "Rank; failed candidates come last.", lambda one: "", lambda one: None),
    Column("Formula", "Reduced formula.", lambda one: formula_text(one.crystal.formula),
           lambda one: one.crystal.formula, is_number=False),
    Column("Start", "What the draw started from; written: by the language model.", lambda one: one.start.value,
           lambda one: one.start.value, is_number=False),
    Column("Origin", "Prototype or parent that it started from; the space group that it was written for.",
           lambda one: one_line(one.origin_in_words[:200]) or "–", lambda one: one.origin.casefold() or None,
           is_number=False),
    Column("Alignment", "Cosine between the text and the crystal, −1 to 1.",
           lambda one: number_text(one.alignment, 3), lambda one: _finite(one.alignment)),
    Column("Space group", "Sorted by its number.", _group_text,
           lambda one: one.space_group.number if one.space_group else None, is_number=False),
    Column("Gap", "Predicted band gap (PBE: usually well below experiment).", lambda one: measured_text(one.band_gap),
           lambda one: _value(one.band_gap)),
    Column("Above hull", "Predicted energy above the convex hull.", lambda one: measured_text(one.e_above_hull, 3),
           lambda one: _value(one.e_above_hull)),
    Column("E (eV/atom)", "Energy of the relaxer's potential.", lambda one: number_text(one.energy_per_atom_ev, 3),
           lambda one: _finite(one.energy_per_atom_ev)),
    Column("Checks", "Checks passed, of those that could decide.", _checks_text, _share_passed),
    Column("Score", "What it was ranked by; higher is better.", lambda one: number_text(one.score, 3),
           lambda one: _finite(one.score)),
    Column("Failed because", "Why it cannot be chosen.", refusal, lambda one: refusal(one) or None, is_number=False),
)  # fmt: skip
