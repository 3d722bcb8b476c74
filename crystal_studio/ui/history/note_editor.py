"""A note on a node, written below the tree."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

MAX_NOTE_LENGTH = 10_000


class NoteEditor(QFrame):
    """Text with "Save" and "Discard"; hidden until `edit` is called.

    Signals:
        saved: (node id, text).
        closed: it was hidden again.
    """

    saved = Signal(str, str)
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._node_id = ""
        self._label = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self._text = QPlainTextEdit()
        self._text.setTabChangesFocus(True)
        self._text.setAccessibleName("Note")
        self._label.setBuddy(self._text)
        self._complaint = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self._save = QPushButton("Save n&ote")
        discard = QPushButton("D&iscard")
        self._save.clicked.connect(self._hand_over)
        discard.clicked.connect(self._finish)
        self._text.textChanged.connect(self._validate)
        buttons = QHBoxLayout()
        for part in (self._save, discard):
            buttons.addWidget(part)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        for part in (self._label, self._text, self._complaint):
            layout.addWidget(part)
        layout.addLayout(buttons)
        self._text.setFixedHeight(self.fontMetrics().lineSpacing() * 4 + 12)
        self._complaint.hide()
        self.hide()

    @property
    def text(self) -> QPlainTextEdit:
        """The field."""
        return self._text

    def edit(self, node_id: str, title: str, note: str) -> None:
        """Show the note of a node and take the keyboard."""
        self._node_id = node_id
        self._label.setText(f"Note on {title}")
        self._text.setPlainText(note)
        self.show()
        self._text.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape discards, Ctrl+Enter saves."""
        if event.key() == Qt.Key.Key_Escape:
            self._finish()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.modifiers() & (
            Qt.KeyboardModifier.ControlModifier
        ):
            self._hand_over()
        else:
            super().keyPressEvent(event)

    def _validate(self) -> None:
        too_long = len(self._text.toPlainText()) - MAX_NOTE_LENGTH
        self._complaint.setText(f"The note is {too_long:,} characters too long. Shorten it to {MAX_NOTE_LENGTH:,}.")
        self._complaint.setVisible(too_long > 0)
        self._save.setEnabled(too_long <= 0)

    def _hand_over(self) -> None:
        if self._save.isEnabled():
            self.saved.emit(self._node_id, self._text.toPlainText().strip())
            self._finish()

    def _finish(self) -> None:
        self.hide()
        self.closed.emit()
