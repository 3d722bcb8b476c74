"""What an empty project shows: an invitation and three wishes to click."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from crystal_studio.ui.chat.plain_text import ToneLabel
from crystal_studio.ui.chat.wording import button_text

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

    def _example(self, text: str) -> QPushButton:
        button = QPushButton(button_text(text))
        button.setAccessibleName(f"Send the example wish: {text}")
        button.setMinimumHeight(int(button.fontMetrics().height() * 2.2))
        button.clicked.connect(lambda _checked=False: self.chosen.emit(text))
        return button
