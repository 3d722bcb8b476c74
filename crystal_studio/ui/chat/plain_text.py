"""Text that stays text: it wraps anywhere, loads nothing, opens nothing, and is cut where it would be too long."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QUrl
from PySide6.QtGui import QTextOption
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QTextBrowser, QToolButton, QVBoxLayout, QWidget

from crystal_studio.ui.chat.tones import set_tone
from crystal_studio.ui.chat.wording import shown

FEW_CHARACTERS = 900
FEW_LINES = 14
MOST_CHARACTERS = 20_000


class ToneLabel(QLabel):
    """One line or a paragraph of plain text in one of the theme's colours."""

    def __init__(
        self, text: str = "", tone: str = "text", parent: QWidget | None = None, *, wraps: bool = True
    ) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wraps)
        self.setText(text)
        set_tone(self, tone)

    def say(self, text: str, tone: str | None = None) -> None:
        """Show a text, in another tone where one is given."""
        if tone is not None:
            set_tone(self, tone)
        self.setText(text)


class FlatText(QTextBrowser):
    """Plain text as high as it needs to be; it can be selected, and nothing in it is a link or a picture."""

    def __init__(self, text: str = "", tone: str = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._natural_width = 0.0
        self._heights: dict[int, int] = {}
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setTabChangesFocus(True)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(0)
        option = QTextOption()
        option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self.document().setDefaultTextOption(option)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        set_tone(self, tone)
        self.say(text)

    def say(self, text: str, tone: str | None = None) -> None:
        """Show a text."""
        if tone is not None:
            set_tone(self, tone)
        self.setPlainText(text)
        self.fit()

    def fit(self) -> None:
        """Take the room that the text needs now."""
        self._heights.clear()
        self.document().setTextWidth(-1)
        self._natural_width = self.document().idealWidth()
        self.document().setTextWidth(max(self.viewport().width(), 40))
        self.updateGeometry()

    def loadResource(self, _kind: int, _name: QUrl) -> object:
        """Nothing, whatever the text names; for no answer at all Qt would read the file itself."""
        return QByteArray(b"")

    def hasHeightForWidth(self) -> bool:
        """The height follows from the width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of the text at a width."""
        if width not in self._heights:
            document = self.document()
            before = document.textWidth()
            document.setTextWidth(max(width, 40))
            self._heights[width] = int(document.size().height() + 0.999) + 1
            if before > 0:
                document.setTextWidth(before)
        return self._heights[width]

    def changeEvent(self, event: QEvent) -> None:
        """Another font needs another height."""
        if event.type() is QEvent.Type.FontChange:
            self._heights.clear()
        super().changeEvent(event)

    def sizeHint(self) -> QSize:
        """As wide as the longest line."""
        width = int(min(self._natural_width, 4000)) + 2
        return QSize(width, self.heightForWidth(width))

    def minimumSizeHint(self) -> QSize:
        """One word of a line."""
        return QSize(40, self.fontMetrics().height())

    def wheelEvent(self, event: object) -> None:
        """Leave the wheel to the conversation."""
        event.ignore()


class CappedText(QWidget):
    """A text of any length, of which the beginning is shown until "Show all" is asked for."""

    def __init__(self, text: str = "", tone: str = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.body = FlatText("", tone)
        self.more = QToolButton()
        self.more.setText("Show all")
        self.more.setAutoRaise(True)
        self.more.clicked.connect(self._show_all)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.body)
        column.addWidget(self.more)
        self.say(text)

    def say(self, text: str) -> None:
        """Show a text, from its beginning."""
        self._text = text
        start = _beginning(text)
        self.body.say(start)
        self.more.setVisible(len(start) < len(text))

    def _show_all(self) -> None:
        whole = shown(self._text[:MOST_CHARACTERS])
        left = len(self._text) - MOST_CHARACTERS
        self.body.say(f"{whole}\n… and {left:,} more characters" if left > 0 else whole)
        self.more.hide()


def _beginning(text: str) -> str:
    start = shown(text[:FEW_CHARACTERS])
    lines = start.split("\n")
    if len(lines) > FEW_LINES:
        start = "\n".join(lines[:FEW_LINES])
    return start if len(start) == len(text) or len(text) <= len(start) else start.rstrip() + " …"
