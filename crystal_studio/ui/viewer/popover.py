"""A small sheet that opens under a button."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from crystal_studio.ui import theme


class Popover(QFrame):
    """Holds one widget, scrolls where it is taller than the screen, closes with Escape or a click beside it."""

    def __init__(self, content: QWidget, button: QToolButton) -> None:
        super().__init__(button.window(), Qt.WindowType.Popup)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._button = button
        self._content = content
        self._scroll = QScrollArea(self, widgetResizable=True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._scroll)
        button.clicked.connect(self.open)
        theme.switch.changed.connect(self._recolour)
        self._recolour()

    def open(self) -> None:
        """Show under the button, inside its window."""
        window = self._button.window()
        wanted = self._content.sizeHint()
        bar = self._scroll.verticalScrollBar().sizeHint().width()
        self.resize(wanted.width() + bar + 4, min(wanted.height() + 4, max(window.height() - 80, 200)))
        corner = self._button.mapToGlobal(QPoint(0, self._button.height() + 2))
        right = window.mapToGlobal(QPoint(window.width(), 0)).x() - self.width() - 4
        below = window.mapToGlobal(QPoint(0, window.height())).y() - self.height() - 4
        self.move(max(min(corner.x(), right), 0), max(min(corner.y(), below), 0))
        self.show()
        self._content.setFocus(Qt.FocusReason.PopupFocusReason)
        self._content.focusNextChild()

    def _recolour(self) -> None:
        self.setStyleSheet(f"Popover {{ border: 1px solid {theme.current().border}; }}")
