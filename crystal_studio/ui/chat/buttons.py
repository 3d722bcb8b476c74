"""Buttons of the chat: quiet words, and one that stands out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.chat.tones import set_tone
from crystal_studio.ui.chat.wording import button_text, plain_tooltip


class QuietButton(QToolButton):
    """A word that can be clicked."""

    def __init__(self, text: str, tone: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(button_text(text))
        self.setAutoRaise(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        set_tone(self, tone)


class AccentButton(QPushButton):
    """What one most probably wants to do."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._colour()
        theme.switch.changed.connect(self._colour)

    def _colour(self, _theme: object = None) -> None:
        colours = theme.current()
        self.setStyleSheet(
            f"QPushButton {{ background: {colours.accent}; color: {colours.on_accent}; border: 2px solid "
            f"{colours.accent}; border-radius: 5px; padding: 3px 12px; }}"
            f"QPushButton:focus, QPushButton:hover {{ border-color: {colours.text}; }}"
            f"QPushButton:disabled {{ background: {colours.raised}; color: {colours.muted}; border-color: "
            f"{colours.border}; }}"
        )


def action_button(text: str, does: Callable[[], object], hint: str = "", tone: str = "accent") -> QuietButton:
    """A quiet button that does something."""
    button = QuietButton(text, tone)
    button.setToolTip(plain_tooltip(hint))
    button.setAccessibleName(hint or text)
    button.clicked.connect(lambda _checked=False: does())
    return button
