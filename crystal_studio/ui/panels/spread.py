"""Parts of a panel beside each other in a wide, low dock, and below each other in a narrow, high one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QSplitter, QVBoxLayout, QWidget

_WIDE = 1.4  # times the height
_LETTERS = 40  # a part with text is about so wide beside others
_LEAST_LINES = 9  # of the large part below others
_LARGEST_SHARE = 0.36  # of the width, for a part with text


class Spread(QSplitter):
    """Small parts in scroll areas and one large part that takes the rest; the person may move the borders.

    Signals:
        turned: whether the parts lie beside each other now.
    """

    turned = Signal(bool)

    def __init__(self, parts: Sequence[QWidget], large: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Vertical, parent)
        self._parts = tuple(parts)
        self._large = large
        self._was_moved = False
        self.setChildrenCollapsible(False)
        large.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        for part in self._parts:
            self.addWidget(part if part is large else _scrolling(part))
            part.installEventFilter(self)
        self._settling = QTimer(self, singleShot=True, interval=0)
        self._settling.timeout.connect(self._settle)
        self.splitterMoved.connect(self._keep_as_moved)

    @property
    def is_wide(self) -> bool:
        """Whether the parts lie beside each other."""
        return self.orientation() == Qt.Orientation.Horizontal

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn where the shape asks for it."""
        super().resizeEvent(event)
        is_wide = event.size().width() > _WIDE * event.size().height()
        if is_wide != self.is_wide:
            self._was_moved = False
            self.setOrientation(Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical)
            self.turned.emit(is_wide)
        self._settling.start()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """A part has other text: it may need another height."""
        if event.type() == QEvent.Type.LayoutRequest:
            self._settling.start()
        return super().eventFilter(watched, event)

    def _keep_as_moved(self, *_: int) -> None:
        self._was_moved = True

    def _settle(self) -> None:
        if self._was_moved:
            return
        length = self.width() if self.is_wide else self.height()
        wanted = [0 if part is self._large else self._wish(part) for part in self._parts]
        small = sum(wanted)
        most = length - self.fontMetrics().height() * _LEAST_LINES
        if not self.is_wide and small > most > 0:
            wanted = [size * most // small for size in wanted]
        rest = max(length - sum(wanted) - self.handleWidth() * (len(wanted) - 1), 1)
        self.setSizes([size or rest for size in wanted])

    def _wish(self, part: QWidget) -> int:
        """Width or height that a small part would like."""
        if self.is_wide:
            needed = part.minimumSizeHint().width() + self.fontMetrics().averageCharWidth() * 3
            usual = self.fontMetrics().averageCharWidth() * _LETTERS
            return min(max(needed, usual), int(self.width() * _LARGEST_SHARE))
        layout = part.layout()
        if layout is not None and layout.hasHeightForWidth():
            return layout.totalHeightForWidth(self.width())
        return part.sizeHint().height()


def column(widget: QWidget, *parts: QWidget) -> QVBoxLayout:
    """Stack widgets in one column with a margin of one letter."""
    layout = QVBoxLayout(widget)
    margin = widget.fontMetrics().averageCharWidth()
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(margin)
    for part in parts:
        layout.addWidget(part)
    return layout


def group(*parts: QWidget) -> QWidget:
    """Widgets in one column, kept together at its top."""
    made = QWidget()
    column(made, *parts).addStretch(1)
    return made


def divided(first: QWidget, second: QWidget) -> QSplitter:
    """Two parts with a border that can be moved, the first one larger."""
    made = QSplitter(Qt.Orientation.Vertical)
    made.setChildrenCollapsible(False)
    made.addWidget(first)
    made.addWidget(second)
    return made


def turn(split: QSplitter, is_wide: bool) -> None:
    """Put the two parts beside each other, or below, the first one larger."""
    split.setOrientation(Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical)
    split.setSizes([600, 400])


def _scrolling(content: QWidget) -> QScrollArea:
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(content)
    return area
