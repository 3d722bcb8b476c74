"""One sentence across the window, with at most one thing to do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from crystal_studio.ui import theme


class Banner(QFrame):
    """Hidden until there is something to say; what is said later waits until the first is closed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("banner")
        self._waiting: list[tuple[str, str, Callable[[], None] | None]] = []
        self._do: Callable[[], None] | None = None
        self.label = QLabel(self, textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        self.label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.button = QPushButton(self)
        self.dismiss = QToolButton(self, text="×", autoRaise=True)
        self.dismiss.setAccessibleName("Close the message")
        self.dismiss.setToolTip("Close the message")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 4, 4, 4)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.button)
        layout.addWidget(self.dismiss)
        self.button.clicked.connect(self._act)
        self.dismiss.clicked.connect(self.next)
        theme.switch.changed.connect(self._recolour)
        self._recolour()
        self.hide()

    @property
    def text(self) -> str:
        """What is said now, "" where nothing is."""
        return self.label.text() if not self.isHidden() else ""

    def say(self, sentence: str, action: str = "", do: Callable[[], None] | None = None) -> None:
        """Say a sentence now, or after those that are waiting; the same sentence is not said twice."""
        if sentence in (self.text, *(one[0] for one in self._waiting)):
            return
        self._waiting.append((sentence, action, do))
        if self.isHidden():
            self.next()

    def next(self) -> None:
        """Go on to the next sentence, or away."""
        if not self._waiting:
            self.hide()
            return
        sentence, action, self._do = self._waiting.pop(0)
        self.label.setText(sentence)
        self.button.setText(action)
        self.button.setVisible(bool(action))
        self.show()

    def _act(self) -> None:
        do = self._do
        self.next()
        if do is not None:
            do()

    def _recolour(self) -> None:
        colours = theme.current()
        self.setStyleSheet(
            f"#banner {{ background: {colours.raised}; border: none; border-left: 4px solid {colours.warning}; }}"
        )
