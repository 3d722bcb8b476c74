"""Text that stays text: it wraps anywhere, loads nothing, opens nothing, and is cut where it would be too long."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QColor, QPalette, QTextOption
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QTextBrowser, QToolButton, QVBoxLayout, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.chat.wording import shown

FEW_CHARACTERS = 900
FEW_LINES = 14
MOST_CHARACTERS = 20_000


def set_tone(widget: QWidget, tone: str) -> None:
    """Give a widget's text one of the theme's colours, by its name there."""
    colours = widget.palette()
    colour = QColor(getattr(theme.current(), tone))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        colours.setColor(role, colour)
    widget.setPalette(colours)


class ToneLabel(QLabel):
    """One line or a paragraph of plain text in one of the theme's colours."""

    def __init__(
        self, text: str = "", tone: str = "text", parent: QWidget | None = None, *, wraps: bool = True
    ) -> None:
        super().__init__(parent)
        self._tone = tone
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(wraps)
        self.setText(text)
        self._colour()
        theme.switch.changed.connect(self._colour)

    def say(self, text: str, tone: str | None = None) -> None:
        """Show a text, in another tone where one is given."""
        if tone is not None and tone != self._tone:
            self._tone = tone
            self._colour()
        self.setText(text)

    def _colour(self, _theme: object = None) -> None:
        set_tone(self, self._tone)


class FlatText(QTextBrowser):
    """Plain text as high as it needs to be; it can be selected, and nothing in it is a link or a picture."""

    def __init__(self, text: str = "", tone: str = "text", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = tone
        self._natural_width = 0.0
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
        self._colour()
        theme.switch.changed.connect(self._colour)
        self.say(text)

    def say(self, text: str, tone: str | None = None) -> None:
        """Show a text."""
        if tone is not None and tone != self._tone:
            self._tone = tone
            self._colour()
        self.setPlainText(text)
        self.document().setTextWidth(-1)
        self._natural_width = self.document().idealWidth()
        self.document().setTextWidth(max(self.viewport().width(), 40))
        self.updateGeometry()

    def loadResource(self, _kind: int, _name: QUrl) -> object:
        """Nothing, whatever the text names."""
        return None

    def hasHeightForWidth(self) -> bool:
        """The height follows from the width."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of the text at a width."""
        document = self.document()
        before = document.textWidth()
        document.setTextWidth(max(width, 40))
        height = int(document.size().height() + 0.999) + 1
        if before > 0:
            document.setTextWidth(before)
        return height

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

    def _colour(self, _theme: object = None) -> None:
        colours = self.palette()
        colours.setColor(QPalette.ColorRole.Text, QColor(getattr(theme.current(), self._tone)))
        colours.setColor(QPalette.ColorRole.Base, QColor(0, 0, 0, 0))
        self.setPalette(colours)


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
