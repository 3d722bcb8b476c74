"""Files and crystals dropped anywhere on a window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Protocol, cast

from PySide6.QtCore import QEvent, QMimeData, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QDockWidget, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.exchange.offer import Offer, offer_of

_DRAGS = (QEvent.Type.DragEnter, QEvent.Type.DragMove)
_VEIL = 215  # of 255: what lies below is guessed at, no more
_FRAME = 3


class Brought(Protocol):
    """Something that is dragged."""

    @property
    def refusal(self) -> str:
        """Why it cannot be taken, "" where it can."""

    @property
    def invitation(self) -> str:
        """What a drop will do, in a sentence."""


class DropZone(QObject):
    """Takes what is dropped before any field of the window can: a field would put in the name of the file.

    What is dragged within the window itself (text to another place) is left alone.

    Args:
        window: is shown already.
        read: says what a drag holds, None for what is left alone.

    Signals:
        dropped: what was read, without a refusal.
    """

    dropped = Signal(object)

    def __init__(self, window: QWidget, read: Callable[[QMimeData], Brought | None] = offer_of) -> None:
        super().__init__(window)
        self._read = read
        self.hint = DropHint(window)
        self._listen(window)
        for dock in window.findChildren(QDockWidget):
            dock.topLevelChanged.connect(self._floats)
            if dock.isFloating():
                self._listen(dock)

    def close(self) -> None:
        """Take nothing more."""
        windows = [self.parent(), *self.parent().findChildren(QDockWidget)]
        for handle in (one.windowHandle() for one in windows):
            if handle is not None:
                handle.removeEventFilter(self)

    def _listen(self, widget: QWidget) -> None:
        """The widgets of a window hear of drags from its QWindow, so one filter there is enough for all of them."""
        widget.setAcceptDrops(True)
        handle = widget.windowHandle()
        if handle is not None:
            handle.installEventFilter(self)

    def _floats(self, floats: bool) -> None:
        """A panel that was taken out has a window of its own, once it is shown there."""
        if floats:
            QTimer.singleShot(0, self, partial(self._listen, self.sender()))

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Drags that bring something for us go no further."""
        kind = event.type()
        if kind in _DRAGS:
            return self._drag(cast(QDropEvent, event))
        if kind == QEvent.Type.Drop:
            return self._drop(cast(QDropEvent, event))
        if kind == QEvent.Type.DragLeave:
            self.hint.hide()
        return False

    def _drag(self, event: QDropEvent) -> bool:
        if event.type() == QEvent.Type.DragMove and not self.hint.isHidden():
            self._answer(event, self.hint.offer)
            return True
        offer = self._brought(event)
        if offer is None:
            return False
        self.hint.show_offer(offer)
        self._answer(event, offer)
        return True

    def _drop(self, event: QDropEvent) -> bool:
        offer = self._brought(event)
        self.hint.hide()
        if offer is None:
            return False
        self._answer(event, offer)
        if not offer.refusal:
            self.dropped.emit(offer)
        return True

    def _answer(self, event: QDropEvent, offer: Brought) -> None:
        if offer.refusal:
            event.ignore()
        else:
            event.setDropAction(Qt.DropAction.CopyAction)  # the file stays where it is
            event.accept()

    def _brought(self, event: QDropEvent) -> Brought | None:
        return self._read(event.mimeData()) if event.source() is None else None


class DropHint(QWidget):
    """A frame over the whole window that says what a drop will do.

    Attributes:
        offer: what is being dragged.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.offer: Brought = Offer()
        self.setObjectName("drop_hint")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("What a drop will do")
        self.hide()

    def show_offer(self, offer: Brought) -> None:
        """Cover the window and say what will happen."""
        self.offer = offer
        self.setAccessibleDescription(offer.invitation)
        self.setGeometry(QRect(0, 0, self.parentWidget().width(), self.parentWidget().height()))
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """A veil, a frame and the sentence."""
        colours = theme.current()
        painter = QPainter(self)
        ground = QColor(colours.window)
        ground.setAlpha(_VEIL)
        painter.fillRect(self.rect(), ground)
        colour = QColor(colours.bad if self.offer.refusal else colours.accent)
        painter.setPen(QPen(colour, _FRAME, Qt.PenStyle.DashLine))
        painter.drawRect(self.rect().adjusted(_FRAME * 2, _FRAME * 2, -_FRAME * 2, -_FRAME * 2))
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        painter.setFont(font)
        margin = self.fontMetrics().height()
        room = self.rect().adjusted(margin * 3, margin * 3, -margin * 3, -margin * 3)
        how = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
        box = painter.boundingRect(room, how, self.offer.invitation).adjusted(-margin, -margin, margin, margin)
        painter.setBrush(QColor(colours.surface))
        painter.setPen(QPen(colour, 1))
        painter.drawRoundedRect(box, margin / 2, margin / 2)
        painter.drawText(box, how, self.offer.invitation)
        painter.end()
