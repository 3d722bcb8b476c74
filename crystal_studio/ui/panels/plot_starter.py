"""Loads pyqtgraph in small steps, so that the window stays awake meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

# pyqtgraph touches every name of these, and each touch makes a class: four tenths of a second if done in one go.
_TOUCHED = ("PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets", "PySide6.QtSvg", "PySide6.QtTest")
_NEEDED = ("PySide6.QtOpenGLWidgets", "xml.etree.ElementTree", "html.parser", "subprocess", "pydoc", "cProfile",
           "multiprocessing.connection", "importlib.resources", "numpy.fft")  # fmt: skip
_STEP_SECONDS = 0.008
_BETWEEN_MS = 2


class PlotStarter(QObject):
    """Makes pyqtgraph importable without a wait.

    Signals:
        ready: it is loaded.
    """

    ready = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: Iterator[None] | None = None
        self._next = QTimer(self, singleShot=True, interval=_BETWEEN_MS)
        self._next.timeout.connect(self._step)

    def start(self) -> None:
        """Begin, once; `ready` comes at once where the library is loaded already."""
        if self._steps is not None:
            return
        self._steps = _loading()
        if "pyqtgraph" in sys.modules:
            self.ready.emit()
        else:
            self._next.start()

    def stop(self) -> None:
        """Do no further step."""
        self._next.stop()

    def _step(self) -> None:
        assert self._steps is not None
        began = perf_counter()
        while perf_counter() - began < _STEP_SECONDS:
            try:
                next(self._steps)
            except StopIteration:
                self.ready.emit()
                return
        self._next.start()


def _loading() -> Iterator[None]:
    """One short piece of work a turn; the last one imports the library itself."""
    for name in _NEEDED:
        import_module(name)
        yield
    for name in _TOUCHED:
        module = import_module(name)
        for attribute in dir(module):
            getattr(module, attribute, None)  # QtTest lists names that it does not have
            yield
    yield
    import_module("pyqtgraph")
    yield
