"""Room beneath the message box for what is opened now and then."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget


class Drawer(QScrollArea):
    """As high as its open contents where there is room; it scrolls where there is not."""

    def __init__(self, contents: Sequence[QWidget], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._contents = contents
        sheet = QWidget()
        column = QVBoxLayout(sheet)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        for widget in contents:
            column.addWidget(widget)
        self.setWidget(sheet)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.adapt()

    def adapt(self) -> None:
        """Open or close with the contents."""
        self.setVisible(any(not widget.isHidden() for widget in self._contents))
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        """The whole of the open contents."""
        sheet = self.widget()
        width = max(self.viewport().width(), sheet.minimumSizeHint().width())
        height = sheet.layout().heightForWidth(width) if sheet.layout().hasHeightForWidth() else -1
        return QSize(sheet.sizeHint().width(), max(height, sheet.sizeHint().height()) + 2)

    def minimumSizeHint(self) -> QSize:
        """A few fields."""
        return QSize(80, self.fontMetrics().height() * 5)
