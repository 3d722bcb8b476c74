"""A list of nodes: one column of equally high rows, of which Qt asks for no more than it shows."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from crystal_studio.ui.history.node_model import NodeModel, NodeRole
from crystal_studio.ui.history.tree_delegate import TreeDelegate, row_height

_MANY_ROWS = 40


class NodeView(QTableView):
    """A table of one column rather than a list: a list asks for the size of every row.

    Signals:
        chosen: id of the node that is to be shown.
        hiding_asked: id of the node that is to be hidden, with all below it.
        left: Escape was pressed.
    """

    chosen = Signal(str)
    hiding_asked = Signal(str)
    left = Signal()

    def __init__(self, model: NodeModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nodes = model
        self.setModel(model)
        self.setItemDelegate(TreeDelegate(self))
        self.setAccessibleName(name)
        self.setShowGrid(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.horizontalHeader().hide()
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._set_row_height()
        self.clicked.connect(self._clicked)

    def rows_in_sight(self) -> range:
        """The rows that are at least partly seen."""
        first = max(self.rowAt(0), 0)
        last = self.rowAt(self.viewport().height() - 1)
        return range(first, self.model().rowCount() if last < 0 else last + 1)

    def choose(self, index: QModelIndex) -> None:
        """Ask for a row to be shown."""
        node_id = index.data(NodeRole.ID)
        if node_id is not None:
            self.chosen.emit(node_id)

    def _clicked(self, index: QModelIndex) -> None:
        if QGuiApplication.keyboardModifiers() == Qt.KeyboardModifier.NoModifier:  # else several are being selected
            self.choose(index)

    def event(self, event: QEvent) -> bool:
        """Keys that the window has other uses for are ours while the list has the keyboard."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_delete(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the row, Delete hides it, Escape leaves; everything else is Qt's."""
        index = self.currentIndex()
        is_editing = self.state() is QAbstractItemView.State.EditingState
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid() and not is_editing:
            self.choose(index)
        elif _is_delete(event) and index.data(NodeRole.ID) is not None:
            self.hiding_asked.emit(index.data(NodeRole.ID))
        elif event.key() == Qt.Key.Key_Escape and not is_editing:
            self.left.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Read what all rows in sight need at once."""
        rows = self.rows_in_sight()
        if len(rows) <= _MANY_ROWS:
            self._nodes.read_ahead(rows.start, rows.stop)
        super().paintEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Rows grow with their text."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._set_row_height()

    def _set_row_height(self) -> None:
        self.verticalHeader().setMinimumSectionSize(1)
        self.verticalHeader().setDefaultSectionSize(row_height(self.font()))


def _is_delete(event: QKeyEvent) -> bool:
    return event.key() == Qt.Key.Key_Delete and event.modifiers() == Qt.KeyboardModifier.NoModifier
