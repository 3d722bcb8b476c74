"""Dialogs that grow where a message appears in them."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QDialog


class Growing(QDialog):
    """`grow` makes room for what has come to be shown; nobody's own size is ever taken back."""

    def grow(self) -> None:
        """Once the fields below have told their layouts what they need."""
        QTimer.singleShot(0, self, self._fit)

    def _fit(self) -> None:
        layout = self.layout()
        layout.activate()
        tall = layout.totalHeightForWidth(self.width()) if layout.hasHeightForWidth() else 0
        needed = max(tall, layout.totalSizeHint().height())
        if needed > self.height():
            self.resize(self.width(), min(needed, self.screen().availableSize().height()))
