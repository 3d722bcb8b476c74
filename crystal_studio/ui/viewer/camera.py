"""Where a crystal is looked at from, and where its points land in the picture.

The camera is plain numbers, so that picking, labels and linked views need no OpenGL.
Shapes: P points.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import cos, radians, sin, tan

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Numbers = NDArray[np.floating]

VIEW_ANGLE_DEGREE = 30.0
_MARGIN = 1.08
_SMALLEST_ANGSTROM, _LARGEST_ANGSTROM = 0.2, 5000.0
_LEAST_PIXELS = 6.0


@dataclass(frozen=True, eq=False)
class Camera:
    """A view of a scene.

    Attributes:
        rotation: (3, 3) orthonormal rows: to the right, up, and towards the eye.
        center: (3,) the point in the middle of the picture, angstrom.
        half_height: half of what the picture's height shows at the center, angstrom.
        perspective: whether near things look larger.
    """

    rotation: Array
    center: Array
    half_height: float
    perspective: bool = False

    @property
    def distance(self) -> float:
        """From the eye to the center, angstrom (it matters in perspective only)."""
        return self.half_height / tan(radians(VIEW_ANGLE_DEGREE / 2))

    def turned(self, right_degree: float, up_degree: float, roll_degree: float = 0.0) -> Camera:
        """Turned about the picture's own axes, as a ball under the hand."""
        turn = _about(2, roll_degree) @ _about(0, -up_degree) @ _about(1, right_degree)
        rows, _ = np.linalg.qr((turn @ self.rotation).T)
        signs = np.sign(np.sum(rows.T * (turn @ self.rotation), axis=1))
        return replace(self, rotation=rows.T * signs[:, None])

    def panned(self, right_pixels: float, down_pixels: float, height: int) -> Camera:
        """Moved so that the scene follows the hand."""
        angstrom = 2 * self.half_height / max(height, 1)
        shift = -right_pixels * angstrom * self.rotation[0] + down_pixels * angstrom * self.rotation[1]
        return replace(self, center=self.center + shift)

    def zoomed(self, factor: float, at: tuple[float, float] | None = None, size: tuple[int, int] = (1, 1)) -> Camera:
        """Nearer by a factor; the point under the pixel `at` stays where it is."""
        half_height = float(np.clip(self.half_height / factor, _SMALLEST_ANGSTROM, _LARGEST_ANGSTROM))
        if at is None:
            return replace(self, half_height=half_height)
        to_angstrom = 2 * (self.half_height - half_height) / max(size[1], 1)
        right, up = (at[0] - size[0] / 2) * to_angstrom, (size[1] / 2 - at[1]) * to_angstrom
        center = self.center + right * self.rotation[0] + up * self.rotation[1]
        return replace(self, half_height=half_height, center=center)

    def fitted(self, points_P3: Numbers, radii_P: Numbers, aspect: float) -> Camera:
        """With all spheres inside the picture; `aspect` is its width over its height."""
        if len(points_P3) == 0:
            return self
        seen = np.asarray(points_P3, dtype=np.float64) @ self.rotation.T
        low, high = (seen - radii_P[:, None]).min(axis=0), (seen + radii_P[:, None]).max(axis=0)
        middle = (low + high) / 2
        across = (np.abs(seen - middle) + radii_P[:, None]) / np.array([max(aspect, 1e-3), 1.0, 1.0])
        half_height = across[:, :2].max(axis=1)
        if self.perspective:
            # What stands nearer to the eye by z covers as much as it would in the middle plane, and z tan(angle) more.
            half_height = half_height + (seen - middle)[:, 2] * tan(radians(VIEW_ANGLE_DEGREE / 2))
        half_height = float(half_height.max()) * _MARGIN + 0.2
        return replace(self, center=self.rotation.T @ middle, half_height=half_height)

    def projected(self, points_P3: Numbers, size: tuple[int, int]) -> tuple[Array, Array, Array]:
        """Where points land.

        Returns:
            (P, 2) pixels from the top left, (P,) depth towards the eye in angstrom, (P,) pixels per angstrom there.
        """
        seen = (np.asarray(points_P3, dtype=np.float64).reshape(-1, 3) - self.center) @ self.rotation.T
        scale = np.full(len(seen), size[1] / 2 / self.half_height)
        if self.perspective:
            scale = scale * self.distance / np.maximum(self.distance - seen[:, 2], 1e-3)
        pixels = np.stack([size[0] / 2 + seen[:, 0] * scale, size[1] / 2 - seen[:, 1] * scale], axis=1)
        return pixels, seen[:, 2], scale

    def picked(
        self, at: tuple[float, float], size: tuple[int, int], points_P3: Numbers, radii_P: Numbers
    ) -> int | None:
        """Index of the sphere that is seen at a pixel; very small ones may be missed by a few pixels."""
        pixels, depth, scale = self.projected(points_P3, size)
        distance = np.linalg.norm(pixels - np.asarray(at), axis=1)
        for reach in (radii_P * scale, np.maximum(radii_P * scale, _LEAST_PIXELS)):
            hit = np.flatnonzero((distance <= reach) & (depth < self.distance if self.perspective else True))
            if len(hit):
                surface = depth[hit] + np.sqrt(np.maximum(reach[hit] ** 2 - distance[hit] ** 2, 0)) / scale[hit]
                return int(hit[np.argmax(surface)])
        return None


def standing(lattice: Array) -> Camera:
    """The usual first view: c upwards, a towards the eye, turned a little so that depth shows."""
    up = lattice[2] / np.linalg.norm(lattice[2])
    toward = lattice[0] - (lattice[0] @ up) * up
    toward /= np.linalg.norm(toward)
    rotation = np.array([np.cross(up, toward), up, toward])
    if np.linalg.det(lattice) < 0:
        rotation[:] = [-rotation[0], rotation[1], -rotation[2]]
    return Camera(rotation, lattice.sum(axis=0) / 2, 10.0).turned(-20.0, 0.0).turned(0.0, -12.0)


def looking(camera: Camera, toward_eye: Array, up: Array) -> Camera:
    """The same camera turned so that it looks against `toward_eye`, with `up` as nearly upwards as can be."""
    toward = np.asarray(toward_eye, dtype=np.float64) / np.linalg.norm(toward_eye)
    level = np.asarray(up, dtype=np.float64) - (up @ toward) * toward
    if np.linalg.norm(level) < 1e-6:
        level = camera.rotation[1] - (camera.rotation[1] @ toward) * toward
    level /= np.linalg.norm(level)
    return replace(camera, rotation=np.array([np.cross(level, toward), level, toward]))


def _about(axis: int, degree: float) -> Array:
    """Rotation about one of the picture's axes."""
    c, s = cos(radians(degree)), sin(radians(degree))
    turn = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    turn[i, i], turn[i, j], turn[j, i], turn[j, j] = c, -s, s, c
    return turn
