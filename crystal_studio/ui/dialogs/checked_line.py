"""A field that says what is wrong with its text."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.plain_label import PlainLabel


class CheckedLine(QWidget):
    """A line to type in, with what is wrong with it below."""

    def __init__(self, text: str, check: Callable[[str], str], name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._check = check
        self.line = QLineEdit(text, self)
        self.line.setAccessibleName(name)
        self.message = PlainLabel("", self, wraps=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self.row = QHBoxLayout()
        self.row.addWidget(self.line, 1)
        layout.addLayout(self.row)
        layout.addWidget(self.message)
        self.setFocusProxy(self.line)
        self.line.textChanged.connect(self.examine)
        self.examine()

    @property
    def text(self) -> str:
        """What was typed, without blanks around it."""
        return self.line.text().strip()

    def examine(self) -> bool:
        """Whether the text can be used; says what is wrong where not."""
        wrong = self._check(self.text) if self.isEnabled() else ""
        self.message.setText(wrong)
        self.message.setVisible(bool(wrong))
        self.message.setStyleSheet(f"color: {theme.current().bad};")
        return not wrong
