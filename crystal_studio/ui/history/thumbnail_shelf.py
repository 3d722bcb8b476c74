"""Small pictures for lists, drawn one at a time between the window's other work."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QPixmap

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import StudioError
from crystal_studio.ui import theme

_KEPT = 400
_WAITING = 60  # what was asked for before that has long been scrolled away


def _drawn(crystal: Crystal, size: int) -> QPixmap:
    from crystal_studio.ui.thumbnails import thumbnail

    return thumbnail(crystal, size)


class ThumbnailShelf(QObject):
    """Pictures by key: what is asked for is drawn soon, the latest first, and kept for a while.

    Signals:
        drawn: key of a picture that is now there.
    """

    drawn = Signal(str)

    def __init__(
        self, size: int, draw: Callable[[Crystal, int], QPixmap] = _drawn, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.size = size
        self._draw = draw
        self._kept: OrderedDict[str, QPixmap] = OrderedDict()
        self._asked: OrderedDict[str, Callable[[], Crystal]] = OrderedDict()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._draw_next)
        theme.switch.changed.connect(self._forget)

    def picture(self, key: str, crystal: Callable[[], Crystal]) -> QPixmap | None:
        """The picture of a crystal if it is there; otherwise it is asked for, and `drawn` tells when it is."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        self._asked[key] = crystal
        self._asked.move_to_end(key)
        while len(self._asked) > _WAITING:
            self._asked.popitem(last=False)
        if not self._timer.isActive():
            self._timer.start()
        return None

    def close(self) -> None:
        """Draw nothing more."""
        self._timer.stop()
        self._asked.clear()
        theme.switch.changed.disconnect(self._forget)

    def _draw_next(self) -> None:
        if not self._asked:
            return
        key, crystal = self._asked.popitem()
        try:
            self._kept[key] = self._draw(crystal(), self.size)
        except StudioError:
            self._kept[key] = QPixmap()  # the crystal cannot be had; an empty picture is not asked for again
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        if self._asked:
            self._timer.start()
        self.drawn.emit(key)

    def _forget(self, _theme: object) -> None:
        self._kept.clear()
