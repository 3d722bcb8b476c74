"""How much memory is in use, told anew every few seconds while it is seen."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from crystal_studio.domain.machine import Machine
from crystal_studio.ui.models.kind_words import size_text
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.process_memory import resident_bytes

_INTERVAL_MS = 3000
_MEGABYTE = 1e6


def memory_text(machine: Machine | None, held_bytes: int | None) -> str:
    """What the program holds, what the machine and its cards have free."""
    parts = []
    if held_bytes is not None:
        of = f" of {size_text(machine.memory_mb)}" if machine else ""
        parts.append(f"Memory in use by the window and its engines: {size_text(held_bytes / _MEGABYTE)}{of}")
    if machine is not None:
        parts += [
            f"{card.name}: {size_text(card.free_mb)} of {size_text(card.memory_mb)} free" for card in machine.cards
        ]
    return "   ".join(parts)


class MemoryLine(PlainLabel):
    """Asks the system only; no engine is disturbed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent, wraps=True)
        self.setAccessibleName("Memory in use")
        self._machine: Machine | None = None
        self._timer = QTimer(self, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self._measure)

    def show_machine(self, machine: Machine) -> None:
        """Tell it beside what this machine has."""
        self._machine = machine
        self._measure()

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to measure."""
        super().showEvent(event)
        self._timer.start()
        self._measure()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks."""
        self._timer.stop()
        super().hideEvent(event)

    def _measure(self) -> None:
        self.setText(memory_text(self._machine, resident_bytes()))
