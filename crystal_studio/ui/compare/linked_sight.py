"""One camera for several pictures: they turn, move and zoom together, and an angstrom is as many pixels in each.

Each crystal keeps its own turn and its own middle, so that crystals whose cells stand differently in space can be seen
along the same axis; what the hand does to one is done to all, in the frame of the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from crystal_studio.scene.directions import ViewDirection
from crystal_studio.scene.drawable import Scene
from crystal_studio.ui.viewer.camera import Camera, looking, standing
from crystal_studio.ui.viewer.canvas import Canvas


@dataclass
class _View:
    """A canvas, what it shows, and the camera it was given last."""

    canvas: Canvas
    scene: Scene
    camera: Camera


class LinkedSight(QObject):
    """The camera of all canvases of a comparison, orthographic: only so is there one scale.

    Signals:
        scaled: angstrom per logical pixel, the same in all pictures.
    """

    scaled = Signal(float)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._views: list[_View] = []
        self._angstrom_per_pixel = 0.05
        self._whole = True

    @property
    def angstrom_per_pixel(self) -> float:
        """Of every picture (logical pixels)."""
        return self._angstrom_per_pixel

    def take(self, canvas: Canvas, scene: Scene) -> None:
        """Show a scene on a canvas that is not among the others yet, from the usual side."""
        view = _View(canvas, scene, standing(np.asarray(scene.lattice, dtype=np.float64)))
        self._views.append(view)
        canvas.camera_changed.connect(lambda camera: self._follow(view, camera))
        canvas.resized.connect(self._resized)
        self._whole = True
        self.fit()

    def replace(self, canvas: Canvas, scene: Scene) -> None:
        """Show another scene of the same crystal, and keep the view."""
        for view in self._views:
            if view.canvas is canvas:
                view.scene = scene

    def clear(self) -> None:
        """Look after no canvas."""
        for view in self._views:
            view.canvas.camera_changed.disconnect()
            view.canvas.resized.disconnect(self._resized)
        self._views.clear()

    def reset(self) -> None:
        """The usual side of each crystal, whole."""
        for view in self._views:
            view.camera = standing(np.asarray(view.scene.lattice, dtype=np.float64))
        self.fit()

    def along(self, direction: ViewDirection) -> None:
        """Look along this direction of each crystal's own lattice."""
        for view in self._views:
            toward_eye, up = direction.vectors(np.asarray(view.scene.lattice, dtype=np.float64))
            view.camera = looking(view.camera, toward_eye, up)
        self.fit()

    def fit(self) -> None:
        """Show every crystal whole: the largest one decides the scale."""
        self._whole = True
        needed = [self._fitted(view) for view in self._views]
        if needed:
            self._angstrom_per_pixel = max(needed)
        self._aim()

    def _fitted(self, view: _View) -> float:
        """Put the crystal into the middle; returns the angstrom a pixel that it needs."""
        points, radii = _extent(view.scene)
        view.camera = view.camera.fitted(points, radii, view.canvas.aspect)
        return 2 * view.camera.half_height / view.canvas.pixels[1]

    def _aim(self) -> None:
        for view in self._views:
            view.camera = replace(view.camera, half_height=self._angstrom_per_pixel * view.canvas.pixels[1] / 2)
            view.canvas.aim(view.camera)
        if self._views:
            self.scaled.emit(self._angstrom_per_pixel)

    def _follow(self, moved: _View, camera: Camera) -> None:
        """A person moved one picture: do the same to the others."""
        before = moved.camera
        turn = camera.rotation @ before.rotation.T
        shift = before.rotation @ (camera.center - before.center)
        self._whole = False
        self._angstrom_per_pixel = 2 * camera.half_height / moved.canvas.pixels[1]
        for view in self._views:
            if view is moved:
                view.camera = camera
                continue
            center = view.camera.center + view.camera.rotation.T @ shift
            view.camera = replace(view.camera, rotation=_orthonormal(turn @ view.camera.rotation), center=center)
        self._aim()

    def _resized(self) -> None:
        """Pictures have another shape: show all crystals whole again unless a person has chosen a part."""
        if self._whole:
            self.fit()
        else:
            self._aim()


def _orthonormal(rotation: np.ndarray) -> np.ndarray:
    """The nearest rotation: thousands of small turns would otherwise shear the picture."""
    left, _, right = np.linalg.svd(rotation)
    return np.asarray(left @ right)


def _extent(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Points and radii that have to be seen."""
    corners = scene.cell.segments_E23.reshape(-1, 3)
    tips = scene.arrows.triangles_T33.reshape(-1, 3)
    points = np.concatenate([scene.spheres.centers_A3, corners, tips])
    return points, np.concatenate([scene.spheres.radii_A, np.zeros(len(corners) + len(tips))])
