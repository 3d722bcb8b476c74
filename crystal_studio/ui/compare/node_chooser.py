"""Choose one node of the project by typing a part of its formula, name or message."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.chat.wording import shortened
from crystal_studio.ui.notation import formula_text, space_group_text, with_unit
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.session_state import SessionState

_MOST = 60
_PATIENCE_MS = 120
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}


class NodeChooser(QDialog):
    """The newest nodes, or those in which all typed words occur.

    Signals:
        chosen: id of the node.
    """

    chosen = Signal(str)

    def __init__(
        self, state: SessionState, question: str, without: Sequence[str] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state = state
        self._without = frozenset(without)
        self.setWindowTitle(question)
        self.line = QLineEdit(placeholderText="Formula, name, message …", clearButtonEnabled=True)
        self.line.setAccessibleName("Words to find")
        self.list = QListWidget(uniformItemSizes=True)
        self.list.setAccessibleName("Nodes that were found")
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.note = PlainLabel(wraps=True)
        column = QVBoxLayout(self)
        for widget in (self.line, self.list, self.note):
            column.addWidget(widget)
        self.resize(self.fontMetrics().averageCharWidth() * 76, self.fontMetrics().height() * 20)
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self.find)
        self.line.textChanged.connect(lambda _text: self._patience.start())
        self.line.returnPressed.connect(self._choose)
        self.line.installEventFilter(self)
        self.list.itemActivated.connect(lambda _item: self._choose())
        self.list.itemClicked.connect(lambda _item: self._choose())
        self.find()

    def find(self) -> None:
        """List what the words find."""
        query = NodeQuery(words=self.line.text().strip(), order=NodeOrder.CREATED, is_descending=True)
        try:
            found = self._state.search(query, 0, _MOST + len(self._without))
        except StudioError as error:
            self._say(str(error))
            return
        found = [one for one in found if one.id not in self._without]
        self.list.clear()
        for outline in found[:_MOST]:
            item = QListWidgetItem(_line(outline, self._state.mark(outline.id).name))
            item.setData(Qt.ItemDataRole.UserRole, outline.id)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        more = f"Only the newest {_MOST} are listed; type more letters." if len(found) > _MOST else ""
        self._say(more if found else "No other node fits. Type fewer letters.")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys in the line move through the list."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = _STEPS.get(Qt.Key(event.key()))
            if step is not None and self.list.count():
                self.list.setCurrentRow(max(0, min(self.list.count() - 1, self.list.currentRow() + step)))
                return True
        return super().eventFilter(watched, event)

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.note.setVisible(bool(sentence))

    def _choose(self) -> None:
        if self._patience.isActive():  # Enter right after the last letter
            self._patience.stop()
            self.find()
        item = self.list.currentItem()
        if item is not None:
            self.accept()
            self.chosen.emit(item.data(Qt.ItemDataRole.UserRole))


def _line(outline: NodeOutline, name: str) -> str:
    parts = [formula_text(outline.formula), space_group_text(outline.space_group)]
    if outline.band_gap_ev is not None:
        parts.append(f"gap {with_unit(outline.band_gap_ev, 'eV')}")
    parts.append(f"round {outline.round}")
    told = name or outline.message
    return " · ".join([*parts, *([shortened(told, 60)] if told else [])])
