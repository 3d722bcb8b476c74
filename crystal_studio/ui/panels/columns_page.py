"""Blocks of text and numbers side by side: as many columns as the width allows, filled evenly."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

_LETTERS = 44  # a block is about so wide
_MOST_COLUMNS = 4


class ColumnsPage(QWidget):
    """A headline over blocks; each block goes to the column that is shortest so far."""

    def __init__(self, head: QWidget | None, blocks: list[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._blocks = blocks
        self._columns: list[QVBoxLayout] = []
        self._row = QHBoxLayout()
        self._row.setSpacing(8)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 4, 6, 4)
        layout.setSpacing(4)
        if head is not None:
            layout.addWidget(head)
        layout.addLayout(self._row)
        layout.addStretch()
        self._share_out(1, 0)

    @property
    def num_columns(self) -> int:
        """Columns at the width in force."""
        return len(self._columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More or fewer columns."""
        super().resizeEvent(event)
        wanted = event.size().width() // (_LETTERS * self.fontMetrics().averageCharWidth())
        number = max(1, min(wanted, len(self._blocks), _MOST_COLUMNS))
        if number != len(self._columns):
            self._share_out(number, event.size().width() // number)

    def _share_out(self, number: int, width: int) -> None:
        for column in self._columns:
            while column.count():
                column.takeAt(0)
            self._row.removeItem(column)
            column.deleteLater()
        self._columns = [QVBoxLayout() for _ in range(number)]
        heights = [0] * number
        for block in self._blocks:
            shortest = heights.index(min(heights))
            self._columns[shortest].addWidget(block)
            heights[shortest] += block.heightForWidth(width) if block.hasHeightForWidth() else block.sizeHint().height()
        for column in self._columns:
            column.addStretch()
            self._row.addLayout(column, 1)
