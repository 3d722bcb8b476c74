"""The cells of a contact sheet as a Qt table, as strengths and seeds or in the order of a value."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from crystal_studio.domain.history import Node
from crystal_studio.ui.history.sheet_cells import Cell, SheetCells, SheetOrder
from crystal_studio.ui.history.sheet_pictures import SheetPictures
from crystal_studio.ui.notation import formula_text, measured_text, number_text, plain_tooltip, space_group_text

CELL_ROLE = Qt.ItemDataRole.UserRole + 1
_NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class SheetModel(QAbstractTableModel):
    """Rows and columns of cells; a place without a cell is empty."""

    def __init__(self, pictures: SheetPictures, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pictures = pictures
        self._cells = SheetCells("")
        self._ranked: list[Cell] = []
        self._order = SheetOrder.GRID
        self._wrap = 1
        pictures.changed.connect(self.repaint_all)

    @property
    def cells(self) -> SheetCells:
        """The sheet that is shown."""
        return self._cells

    def show_cells(self, cells: SheetCells) -> None:
        """Show another sheet, or the same one with other cells."""
        self.beginResetModel()
        self._cells = cells
        self._rank()
        self.endResetModel()

    def set_order(self, order: SheetOrder) -> None:
        """Lay the cells out another way."""
        self.beginResetModel()
        self._order = order
        self._rank()
        self.endResetModel()

    def wrap_at(self, columns: int) -> None:
        """How many cells stand side by side where they are in the order of a value."""
        if columns != self._wrap:
            self._wrap = max(columns, 1)
            if self._order is not SheetOrder.GRID:
                self.set_order(self._order)

    def rowCount(self, parent: Index = _NOWHERE) -> int:
        """Strengths in each layer, or rows of the list."""
        if parent.isValid():
            return 0
        if self._order is SheetOrder.GRID:
            rows, _, layers = self._cells.shape
            return rows * layers
        return -(-len(self._ranked) // self._wrap)

    def columnCount(self, parent: Index = _NOWHERE) -> int:
        """Seeds, or as many as fit."""
        if parent.isValid():
            return 0
        return self._cells.shape[1] if self._order is SheetOrder.GRID else min(self._wrap, len(self._ranked))

    def cell(self, index: Index) -> Cell | None:
        """The cell at an index."""
        if not index.isValid():
            return None
        if self._order is SheetOrder.GRID:
            layer, row = divmod(index.row(), max(self._cells.shape[0], 1))
            return self._cells.at((row, index.column(), layer))
        number = index.row() * self._wrap + index.column()
        return self._ranked[number] if number < len(self._ranked) else None

    def index_of(self, node_id: str) -> QModelIndex:
        """Where a node stands."""
        for row in range(self.rowCount()):
            for column in range(self.columnCount()):
                cell = self.cell(self.index(row, column))
                if cell is not None and cell.node is not None and cell.node.id == node_id:
                    return self.index(row, column)
        return QModelIndex()

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """A cell, its picture or what it says."""
        cell = self.cell(index)
        if cell is None:
            return None
        if role == CELL_ROLE:
            return cell
        if role == Qt.ItemDataRole.DecorationRole:
            return self._pictures.picture(cell.node) if cell.node is not None else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return "\n".join(cell_lines(cell))
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tooltip("\n".join([*cell_lines(cell), *_origin(cell)]))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Strengths and seeds; nothing where the cells are in the order of a value."""
        if role != Qt.ItemDataRole.DisplayRole or self._order is not SheetOrder.GRID:
            return None
        if orientation is Qt.Orientation.Horizontal:
            return f"seed {self._cells.seeds.get(section, 0)}"
        return self._cells.row_title(section)

    def repaint_all(self) -> None:
        """Pictures have changed."""
        if self.rowCount() and self.columnCount():
            last = self.index(self.rowCount() - 1, self.columnCount() - 1)
            self.dataChanged.emit(self.index(0, 0), last)

    def _rank(self) -> None:
        self._ranked = [] if self._order is SheetOrder.GRID else self._cells.ranked(self._order)


def cell_lines(cell: Cell) -> list[str]:
    """Formula, group, gap, and how well it fits the text and how stable it is."""
    if cell.node is None:
        return [cell.refused or "not drawn yet"]
    node = cell.node
    lines = [formula_text(node.crystal.formula), space_group_text(node.space_group.number)]
    lines.append(f"gap {measured_text(node.band_gap)}")
    return [*lines, f"fit {number_text(node.alignment)} · hull {_hull(node)}"]


def _hull(node: Node) -> str:
    return number_text(node.e_above_hull.value if node.e_above_hull else None)


def _origin(cell: Cell) -> list[str]:
    if cell.node is None:
        return []
    return [
        "valid" if cell.node.valid else "not valid: a required check failed",
        f"strength {cell.node.strength:g}, seed {cell.node.seed}, fit: cosine between text and crystal",
        "click to look at it, double-click to promote it",
    ]
