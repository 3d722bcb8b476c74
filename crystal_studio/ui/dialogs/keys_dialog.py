"""All keys on one sheet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.ui.actions import ActionSet, plain_text

# Keys that are not actions of the window: of Qt itself and of single views.
COMMON_KEYS = (
    ("Next field, field before", "Tab, Shift+Tab"),
    ("Open a menu", "Alt and its underlined letter"),
    ("Go through a list, a tree or tabs", "Arrow keys"),
    ("Close a dialog", "Esc"),
)


class KeysDialog(QDialog):
    """A table of what can be done and its key."""

    def __init__(self, actions: ActionSet, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keys")
        self.setObjectName("keys")
        rows = [
            (plain_text(one.menu), plain_text(one.text), actions[one.id].shortcut().toString(_NATIVE))
            for one in actions.table
            if one.shortcut
        ]
        rows += [("Everywhere", text, key) for text, key in COMMON_KEYS]
        self.table = QTableWidget(len(rows), 3, self)
        self.table.setHorizontalHeaderLabels(["Menu", "What it does", "Key"])
        self.table.verticalHeader().hide()
        self.table.setEditTriggers(QTableWidget.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QTableWidget.SelectionBehavior.SelectRows)
        self.table.setTabKeyNavigation(False)
        self.table.setAccessibleName("Keys")
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                item = QTableWidgetItem(text)
                item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()
        self.table.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.table)
        layout.addWidget(buttons)
        self.resize(self.fontMetrics().averageCharWidth() * 80, self.fontMetrics().height() * 32)


_NATIVE = QKeySequence.SequenceFormat.NativeText
