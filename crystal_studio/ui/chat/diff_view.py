"""Shows what differs between two texts."""

from __future__ import annotations

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QWidget

from crystal_studio.domain.word_diff import Change, word_diff
from crystal_studio.ui import theme
from crystal_studio.ui.chat.plain_text import FlatText
from crystal_studio.ui.chat.wording import shown


class DiffView(FlatText):
    """Words that came are underlined and marked with +, words that went are struck out and marked with −."""

    def __init__(self, parent: QWidget | None = None) -> None:
        self._pair = ("", "")
        super().__init__("", "text", parent)
        theme.switch.changed.connect(self._draw_again)

    def compare(self, before: str, after: str) -> None:
        """Show how `after` differs from `before`."""
        self._pair = (before, after)
        stretches = word_diff(shown(before), shown(after))
        self.say("")
        if all(one.change is Change.SAME for one in stretches):
            self.say("Word for word the same." if after.strip() else "")
            return
        cursor = QTextCursor(self.document())
        for index, one in enumerate(stretches):
            if index:
                cursor.insertText(" ", _format(Change.SAME))
            cursor.insertText(f"{one.change.value}{one.text}", _format(one.change))
        self.fit()

    def _draw_again(self, _theme: object) -> None:
        self.compare(*self._pair)


def _format(change: Change) -> QTextCharFormat:
    colours = theme.current()
    made = QTextCharFormat()
    made.setForeground(QColor({Change.ADDED: colours.good, Change.REMOVED: colours.bad}.get(change, colours.text)))
    made.setFontUnderline(change is Change.ADDED)
    made.setFontStrikeOut(change is Change.REMOVED)
    return made
