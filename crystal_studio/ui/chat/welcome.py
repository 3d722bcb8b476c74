"""What an empty project shows: an invitation and three wishes to click."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.ui.chat.bubble import ClickableBubble, Ground
from crystal_studio.ui.chat.plain_text import ToneLabel

EXAMPLES = (
    "A wide-gap insulator with strontium",
    "A layered semiconductor without toxic elements",
    "A cubic perovskite oxide with barium",
)


class Welcome(QWidget):
    """Invites a wish.

    Signals:
        chosen: the example that was clicked.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = ToneLabel("What crystal would you like?")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        font.setBold(True)
        title.setFont(font)
        words = ToneLabel(
            "Say in plain English what it should contain, be or do. You get a crystal, drawn and checked; then say "
            "what to change, as often as you like. Every answer is kept.",
            "muted",
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 24, 20, 24)
        column.setSpacing(10)
        column.addStretch(1)
        for label in (title, words):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            column.addWidget(label)
        column.addSpacing(8)
        self.examples = [self._example(text) for text in EXAMPLES]
        for button in self.examples:
            column.addWidget(button)
        column.addStretch(2)

    def _example(self, text: str) -> ClickableBubble:
        sheet = ClickableBubble(Ground.CRYSTAL)
        sheet.setAccessibleName(f"Send the example wish: {text}")
        words = ToneLabel(text, "accent")
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        sheet.column.addWidget(words)
        sheet.clicked.connect(lambda: self.chosen.emit(text))
        return sheet
