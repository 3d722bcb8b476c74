"""One thread per lane: the client of one engine host, which only sends and relays."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress

from PySide6.QtCore import QObject, QThread, Signal

from crystal_studio.host.protocol import Command, Event
from crystal_studio.ui.jobs.keeper import HostKeeper, LaneNews

logger = logging.getLogger(__name__)

_MOST_UNREAD = 200  # beyond that the host waits until the window has caught up


class LaneThread(QThread):
    """Relays between the window and the host of one lane.

    Attributes:
        inbox: events that the window has not taken yet, oldest first.

    Signals:
        arrived: something came into an inbox that was announced as empty.
    """

    arrived = Signal()

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str] | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.inbox: deque[Event | LaneNews] = deque()
        self._orders: deque[Command] = deque()
        self._is_announced = False
        self._keeper = HostKeeper(command, environment, self._relay)
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)

    def order(self, command: Command) -> None:
        """Hand a command to the lane; returns at once. Called by the window."""
        self._orders.append(command)
        with suppress(BlockingIOError):  # so many calls are waiting that one more changes nothing
            os.write(self._wake_write, b"!")

    def begin_reading(self) -> None:
        """The window is about to take what is in the inbox, and wants to hear of anything that comes later."""
        self._is_announced = False

    def release(self) -> None:
        """Close the wake pipe; the thread must have ended."""
        os.close(self._wake_read)
        os.close(self._wake_write)

    def run(self) -> None:
        """The thread's life."""
        try:
            while not self._keeper.is_finished:
                self._follow_orders()
                if not self._keeper.is_finished:
                    self._keeper.turn(self._wake_read, reading=len(self.inbox) < _MOST_UNREAD)
        except Exception:  # an exception in a Qt override would take the window with it
            logger.exception("bug in a lane")
            self._keeper.abandon()

    def _follow_orders(self) -> None:
        with suppress(BlockingIOError):
            os.read(self._wake_read, 4096)
        while self._orders:
            self._keeper.take(self._orders.popleft())

    def _relay(self, news: Event | LaneNews) -> None:
        self.inbox.append(news)
        if not self._is_announced:
            self._is_announced = True
            self.arrived.emit()
