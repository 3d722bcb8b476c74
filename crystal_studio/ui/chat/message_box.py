"""The box a message is typed into."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QMimeData, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QPlainTextEdit, QSizePolicy, QWidget

from crystal_studio.ui.chat.mentions import begun_mention
from crystal_studio.ui.chat.wording import shown

MOST_LINES = 6
MOST_CHARACTERS = 20_000  # of one paste; five times what can be heard
Suggestion = tuple[str, str]  # what is put in, what is shown

_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class MessageBox(QPlainTextEdit):
    """Enter sends, Shift+Enter breaks the line, Up and Down recall, `@` offers nodes, Esc asks to leave a choice.

    Attributes:
        suggest: what to offer after `@`, given what was typed behind it.
        recall: earlier messages, newest first.

    Signals:
        submitted, left (Esc).
        was_cut: how many characters of a paste were left out.
        pasted: the whole text of a paste or drop, once it is in the box as far as it fits.
    """

    submitted = Signal()
    left = Signal()
    was_cut = Signal(int)
    pasted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.suggest: Callable[[str], list[Suggestion]] = lambda _typed: []
        self.recall: Callable[[], list[str]] = list
        self._recalled = -1
        self._typed = ""
        self._is_recalling = False
        self._paste = QTextCursor(self.document())
        self._paste.setKeepPositionOnInsert(True)
        self.setAccessibleName("Message")
        self.setTabChangesFocus(True)
        self.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.popup = self._popup()
        self.textChanged.connect(self._changed)
        self._grow()

    def _popup(self) -> QListWidget:
        popup = QListWidget(self)
        popup.setWindowFlags(Qt.WindowType.ToolTip)
        popup.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        popup.setFrameShape(QFrame.Shape.Box)
        popup.setAccessibleName("Nodes to mention")
        popup.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        popup.setTextElideMode(Qt.TextElideMode.ElideRight)
        popup.itemClicked.connect(lambda _item: self._complete())
        popup.hide()
        return popup

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of the list while it is open, then those of the box."""
        if self.popup.isVisible() and self._list_key(event.key()):
            return
        if event.key() in _ENTER and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.submitted.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Up and self._may_recall(QTextCursor.MoveOperation.Up):
            self._recall(1)
        elif (
            event.key() == Qt.Key.Key_Down and self._recalled >= 0 and self._may_recall(QTextCursor.MoveOperation.Down)
        ):
            self._recall(-1)
        else:
            super().keyPressEvent(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        """Plain text only, and not more than could be read."""
        text, start = source.text(), self.textCursor().selectionStart()
        self.insertPlainText(shown(text[:MOST_CHARACTERS]))
        self._paste.setPosition(start)
        self._paste.setPosition(self.textCursor().position(), QTextCursor.MoveMode.KeepAnchor)
        if len(text) > MOST_CHARACTERS:
            self.was_cut.emit(len(text) - MOST_CHARACTERS)
        self.pasted.emit(text)

    def take_back_paste(self) -> None:
        """Take out what was pasted last; what was typed around it stays."""
        self._paste.removeSelectedText()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fewer words fit in a line of a narrower box."""
        super().resizeEvent(event)
        self._grow()

    def focusOutEvent(self, event: object) -> None:
        """The list goes with the focus."""
        super().focusOutEvent(event)
        self.popup.hide()

    def put(self, text: str) -> None:
        """Show a text with the cursor behind it; it can be undone."""
        self.selectAll()
        self.insertPlainText(text[:MOST_CHARACTERS])

    def _changed(self) -> None:
        if not self._is_recalling:
            self._recalled = -1
        self._grow()
        self._offer()

    def _grow(self) -> None:
        lines = min(max(self._visible_lines(), 2), MOST_LINES)
        margins = 2 * (self.frameWidth() + int(self.document().documentMargin()))
        self.setFixedHeight(lines * self.fontMetrics().lineSpacing() + margins + 2)

    def _visible_lines(self) -> int:
        block, lines = self.document().firstBlock(), 0
        while block.isValid() and lines < MOST_LINES:
            lines += max(block.layout().lineCount(), 1)
            block = block.next()
        return lines

    def _may_recall(self, way: QTextCursor.MoveOperation) -> bool:
        """Whether the cursor can go no further that way."""
        return not QTextCursor(self.textCursor()).movePosition(way)

    def _recall(self, step: int) -> None:
        earlier = self.recall()
        place = self._recalled + step
        if place >= len(earlier):
            return
        if self._recalled < 0:
            self._typed = self.toPlainText()
        self._is_recalling = True
        self.put(earlier[place] if place >= 0 else self._typed)
        self._is_recalling = False
        self._recalled = place

    def _offer(self) -> None:
        cursor = self.textCursor()
        typed = begun_mention(cursor.block().text()[: cursor.positionInBlock()])
        found = self.suggest(typed) if typed is not None and self.hasFocus() else []
        self.popup.clear()
        for put, words in found:
            item = QListWidgetItem(words)
            item.setData(Qt.ItemDataRole.UserRole, put)
            self.popup.addItem(item)
        if not found:
            self.popup.hide()
            return
        self.popup.setCurrentRow(0)
        height = self.popup.sizeHintForRow(0) * len(found) + 2 * self.popup.frameWidth()
        self.popup.resize(self.width(), height)
        self.popup.move(self.mapToGlobal(QPoint(0, -height)))
        self.popup.show()

    def _list_key(self, key: int) -> bool:
        row, count = self.popup.currentRow(), self.popup.count()
        if key == Qt.Key.Key_Down:
            self.popup.setCurrentRow((row + 1) % count)
        elif key == Qt.Key.Key_Up:
            self.popup.setCurrentRow((row - 1) % count)
        elif key in (*_ENTER, Qt.Key.Key_Tab):
            self._complete()
        elif key == Qt.Key.Key_Escape:
            self.popup.hide()
        else:
            return False
        return True

    def _complete(self) -> None:
        item, cursor = self.popup.currentItem(), self.textCursor()
        typed = begun_mention(cursor.block().text()[: cursor.positionInBlock()])
        self.popup.hide()
        if item is None or typed is None:
            return
        cursor.movePosition(QTextCursor.MoveOperation.Left, QTextCursor.MoveMode.KeepAnchor, len(typed) + 1)
        cursor.insertText(f"{item.data(Qt.ItemDataRole.UserRole)} ")
        self.setTextCursor(cursor)
