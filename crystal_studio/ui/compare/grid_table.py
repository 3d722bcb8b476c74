"""A table of texts whose columns are made anew with each comparison."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from crystal_studio.ui.compare import facts
from crystal_studio.ui.notation import plain_tooltip


class GridTable(QTableWidget):
    """Rows as they are shown; Ctrl+C copies the selected ones, or all, with the heading."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[list[str]] = []
        self.setAccessibleName(name)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(int(self.fontMetrics().height() * 1.5))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setStretchLastSection(True)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Ctrl+C copies rows; Qt's own would copy one cell."""
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_text()
        else:
            super().keyPressEvent(event)

    def show_rows(self, rows: Sequence[Sequence[str]]) -> None:
        """Replace everything; the first row is the heading."""
        self._rows = [list(row) for row in rows]
        heading, body = self._rows[0], self._rows[1:]
        self.setColumnCount(len(heading))
        self.setRowCount(len(body))
        self.setHorizontalHeaderLabels(heading)
        for line, row in enumerate(body):
            for column, text in enumerate(row):
                item = QTableWidgetItem(text)
                item.setToolTip(plain_tooltip(text))
                self.setItem(line, column, item)

    def copy_text(self) -> None:
        """Put the selected rows, or all, on the clipboard with tabs."""
        QGuiApplication.clipboard().setText(facts.as_text(self._chosen()))

    def copy_csv(self) -> None:
        """Put the selected rows, or all, on the clipboard as comma-separated values."""
        QGuiApplication.clipboard().setText(facts.as_csv(self._chosen()))

    def _chosen(self) -> list[list[str]]:
        lines = sorted({index.row() for index in self.selectedIndexes()})
        return [self._rows[0], *(self._rows[1 + line] for line in lines)] if lines else self._rows
