"""Tables of numbers: one model for all panels, quick at thousands of rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, isnan
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QItemSelectionModel, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from crystal_studio.ui.notation import MISSING, number_text

Index = QModelIndex | QPersistentModelIndex
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_ROWS_MEASURED = 40


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        title: heading.
        show: value -> text; None for `str`. A value of None is shown as a dash.
        is_number: aligned to the right; put none before a column of texts, where the two would touch.
        tip: what the heading means.
    """

    title: str
    show: Callable[[Any], str] | None = None
    is_number: bool = False
    tip: str = ""


def decimals(digits: int) -> Callable[[Any], str]:
    """Numbers with a fixed number of decimals and a true minus sign."""
    return lambda value: number_text(float(value), digits)


class RowsModel(QAbstractTableModel):
    """Rows of plain values, sortable; `order` says which row of the source each line shows."""

    def __init__(self, columns: Sequence[Column], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._rows: list[tuple[Any, ...]] = []
        self._order: list[int] = []
        self._sorted_by: tuple[int, bool] = (-1, False)

    def show_rows(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Replace every row; the order is that of the source unless the person has sorted."""
        self.beginResetModel()
        self._rows = list(rows)
        self._order = self._ordered()
        self.endResetModel()

    def source_row(self, line: int) -> int:
        """Which row of the source a line shows."""
        return self._order[line]

    def line_of(self, source_row: int) -> int:
        """Where a row of the source is shown.

        Raises:
            ValueError: there is no such row.
        """
        return self._order.index(source_row)

    def text(self, line: int, column: int) -> str:
        """A cell as shown."""
        value = self._rows[self._order[line]][column]
        show = self._columns[column].show
        return MISSING if value is None else show(value) if show else str(value)

    def as_text(self, lines: Sequence[int]) -> str:
        """Lines with headings, separated by tabs."""
        heading = "\t".join(column.title for column in self._columns)
        return "\n".join([heading, *("\t".join(self.text(i, j) for j in range(len(self._columns))) for i in lines)])

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Lines."""
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Columns."""
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Text and alignment."""
        if not index.isValid() or index.row() >= len(self._order):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self._columns[index.column()].is_number else _LEFT
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Headings with their meaning as tool tip."""
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._columns[section].tip or None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _RIGHT if self._columns[section].is_number else _LEFT
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by the values, not by their texts; missing values come last."""
        self.layoutAboutToBeChanged.emit()
        before = self.persistentIndexList()
        rows = [self._order[index.row()] for index in before]
        self._sorted_by = (column, order == Qt.SortOrder.DescendingOrder)
        self._order = self._ordered()
        lines = {row: line for line, row in enumerate(self._order)}
        after = [self.index(lines[row], index.column()) for row, index in zip(rows, before, strict=True)]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _ordered(self) -> list[int]:
        column, descending = self._sorted_by
        rows = list(range(len(self._rows)))
        if column < 0:
            return rows
        present = [row for row in rows if self._rows[row][column] is not None]
        missing = [row for row in rows if self._rows[row][column] is None]
        return sorted(present, key=lambda row: _sortable(self._rows[row][column]), reverse=descending) + missing


class RowsView(QTableView):
    """A table that reports selected and opened rows by their number in the source.

    Signals:
        picked: tuple of source rows that the person selected.
        opened: source row that was double-clicked or entered.
    """

    picked = Signal(tuple)
    opened = Signal(int)

    def __init__(self, model: RowsModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._reports = True
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setSortingEnabled(True)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(int(self.fontMetrics().height() * 1.5))
        header = self.horizontalHeader()
        header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        header.setResizeContentsPrecision(_ROWS_MEASURED)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        header.setHighlightSections(False)
        self.setMinimumHeight(self.fontMetrics().height() * 5)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.selectionModel().selectionChanged.connect(self._tell_picked)
        self.activated.connect(lambda index: self.opened.emit(model.source_row(index.row())))
        copy = QShortcut(QKeySequence.StandardKey.Copy, self, context=Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)

    def select_rows(self, source_rows: Sequence[int]) -> None:
        """Select rows of the source without reporting them, and scroll to the last."""
        selection = self.selectionModel()
        self._reports = False
        selection.clearSelection()
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        for row in source_rows:
            index = self._model.index(self._model.line_of(row), 0)
            selection.select(index, flags)
            self.scrollTo(index)
        self._reports = True

    def picked_rows(self) -> tuple[int, ...]:
        """Selected rows of the source."""
        return tuple(self._model.source_row(index.row()) for index in self.selectionModel().selectedRows())

    def copy(self) -> None:
        """Put the selected lines, or all, on the clipboard."""
        lines = sorted(index.row() for index in self.selectionModel().selectedRows())
        QGuiApplication.clipboard().setText(self._model.as_text(lines or range(self._model.rowCount())))

    def _tell_picked(self, *_: object) -> None:
        if self._reports:
            self.picked.emit(self.picked_rows())


def _sortable(value: Any) -> tuple[int, Any]:
    """Numbers before texts; what is not a number last among numbers."""
    if isinstance(value, bool | int | float):
        return 0, inf if isnan(value) else value
    return 1, str(value)
