"""Loads VTK in small steps after the first paint, so that the window stays awake meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal

from crystal_studio.scene.drawable import Lines, Polyhedra, Scene, Spheres, Sticks
from crystal_studio.ui.viewer.camera import Camera

if TYPE_CHECKING:
    from crystal_studio.ui.viewer.renderer import Renderer

# In the order in which they need each other: each step is one short gap instead of a long one.
_MODULES = (
    "vtkmodules.vtkCommonCore",
    "vtkmodules.vtkCommonDataModel",
    "vtkmodules.vtkRenderingCore",
    "vtkmodules.vtkRenderingOpenGL2",
    "vtkmodules.util.numpy_support",
    "crystal_studio.ui.viewer.renderer",
)
_BETWEEN_MS = 5


class Starter(QObject):
    """Makes a renderer whose shaders are compiled.

    Signals:
        ready: the `Renderer`.
        failed: why there is none, for the log.
    """

    ready = Signal(object)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: Iterator[Callable[[], Any]] | None = None
        self._next = QTimer(self, singleShot=True, interval=_BETWEEN_MS)
        self._next.timeout.connect(self._step)
        self._renderer: Renderer | None = None

    def start(self) -> None:
        """Begin, once."""
        if self._steps is None:
            steps: list[Callable[[], Any]] = [partial(import_module, name) for name in _MODULES]
            self._steps = iter([*steps, self._make, *_warm(self)])
            self._next.start()

    def stop(self) -> None:
        """Do no further step."""
        self._next.stop()

    def _step(self) -> None:
        assert self._steps is not None
        try:
            step = next(self._steps, None)
            if step is not None:
                step()
        # RuntimeError is the renderer's NoOpenGL as well, which cannot be named before VTK is imported.
        except (ImportError, RuntimeError) as error:
            self.failed.emit(str(error))
            return
        if step is not None:
            self._next.start()
        else:
            self.ready.emit(self._renderer)

    def _make(self) -> None:
        from crystal_studio.ui.viewer.renderer import Renderer

        self._renderer = Renderer()

    def draw(self, scene: Scene) -> None:
        """Draw a tiny picture: OpenGL compiles its shaders when they are first used."""
        assert self._renderer is not None
        self._renderer.show(scene)
        self._renderer.picture(Camera(np.eye(3), np.zeros(3), 2.0), (8, 8), (0, 0, 0))


def _warm(starter: Starter) -> list[Callable[[], Any]]:
    """One step for each kind of thing."""
    return [partial(starter.draw, _of(*parts)) for parts in ((1, 0, 0), (1, 1, 0), (1, 1, 1))]


def _of(atoms: int, bonds: int, others: int) -> Scene:
    """A scene with so many atoms, half-bonds, and triangles and lines."""
    grey = np.full((1, 3), 128, dtype=np.uint8)
    corners = np.eye(3, dtype=np.float32)
    line = corners[None, :2].repeat(others, axis=0)
    return Scene(
        np.eye(3),
        Spheres(
            np.zeros((atoms, 3), np.float32),
            np.ones(atoms, np.float32),
            grey.repeat(atoms, axis=0),
            np.zeros(atoms, np.int32),
            np.zeros((atoms, 3), np.int32),
        ),
        Sticks(corners[:bonds], corners[1 : 1 + bonds], 0.1, grey.repeat(bonds, axis=0)),
        Polyhedra(corners[None].repeat(others, axis=0), grey.repeat(others, axis=0), line),
        Lines(line, grey.repeat(others, axis=0)),
    )
