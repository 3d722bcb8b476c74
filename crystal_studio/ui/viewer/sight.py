"""What a person sees of a crystal: fitted into the view until the person chooses a part."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.directions import ViewDirection
from crystal_studio.scene.drawable import Scene
from crystal_studio.ui.viewer.camera import Camera, looking, standing
from crystal_studio.ui.viewer.canvas import Canvas


class Sight(QObject):
    """Keeps the camera of a canvas.

    Signals:
        changed: the new `Camera`, for linked views.
    """

    changed = Signal(object)

    def __init__(self, canvas: Canvas) -> None:
        super().__init__(canvas)
        self.scene: Scene | None = None
        self._canvas = canvas
        self._perspective = False
        self._whole = False
        self._fitted_for: tuple[float, ...] = ()
        self._before: tuple[Camera, tuple[float, ...]] | None = None
        canvas.camera_changed.connect(self._moved)
        canvas.resized.connect(self._refit)

    @property
    def camera(self) -> Camera | None:
        """Where the scene is looked at from; None before the first one."""
        return self._canvas.camera

    def reset(self) -> None:
        """The usual view of the whole crystal."""
        if self.scene is not None:
            standard = standing(np.asarray(self.scene.lattice, dtype=np.float64))
            self.fit(replace(standard, perspective=self._perspective))

    def along(self, direction: ViewDirection) -> None:
        """Look along a direction, at the whole crystal."""
        if self.scene is not None and self.camera is not None:
            toward_eye, up = direction.vectors(np.asarray(self.scene.lattice, dtype=np.float64))
            self.fit(looking(self.camera, toward_eye, up))

    def use_perspective(self, perspective: bool) -> None:
        """Near things larger, or all of one scale."""
        if perspective != self._perspective:
            self._perspective = perspective
            if self.camera is not None:
                self.fit(replace(self.camera, perspective=perspective))

    def fit(self, camera: Camera | None = None) -> None:
        """Show the whole crystal, turned as this camera is, or as it is now."""
        camera = camera or self.camera
        if camera is None or self.scene is None:
            return
        spheres, corners = self.scene.spheres, self.scene.cell.segments_E23.reshape(-1, 3)
        points = np.concatenate([spheres.centers_A3, corners])
        radii = np.concatenate([spheres.radii_A, np.zeros(len(corners))])
        fitted = camera.fitted(points, radii, self._canvas.aspect)
        self._canvas.aim(fitted)
        self._whole = True
        self.changed.emit(fitted)

    def follow(self, camera: Camera) -> None:
        """Look from where a linked view looks from; tells nobody."""
        self._whole = False
        self._perspective = camera.perspective
        self._canvas.aim(camera)

    def fit_to(self, crystal: Crystal) -> None:
        """Keep the person's view of a crystal of the same size; show another one whole, turned as before."""
        size = (*crystal.lengths_angstrom.round(2), *crystal.angles_degree.round(1))
        if self.camera is None:
            self.reset()
        elif size != self._fitted_for:
            self.fit()
        self._fitted_for = size

    def remember(self) -> None:
        """Before unfinished crystals are shown, whose cells have other sizes."""
        if self._before is None and self.camera is not None:
            self._before = self.camera, self._fitted_for

    def recall(self) -> None:
        """Look as before the unfinished crystals."""
        if self._before is not None:
            camera, self._fitted_for = self._before
            self._before = None
            self._canvas.aim(camera)

    def forget(self) -> None:
        """There is nothing to look at."""
        self._before, self._fitted_for = None, ()
        self._canvas.camera = None

    def _moved(self, camera: Camera) -> None:
        self._whole = False
        self.changed.emit(camera)

    def _refit(self) -> None:
        """The view has another shape: show the whole crystal again unless a person has chosen a part."""
        if self._whole:
            self.fit()
