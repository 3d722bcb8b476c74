"""Draws a `Scene` off screen with VTK.

VTK never touches a window of the desktop: it renders into memory and the caller paints the picture. That works alike
under X11, Wayland and without any display, and the window needs no OpenGL surface of its own.
This module imports VTK: import it after the first paint.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkLogger, vtkUnsignedCharArray
from vtkmodules.vtkRenderingCore import vtkLight, vtkRenderer, vtkRenderWindow

from crystal_studio.scene.drawable import Scene
from crystal_studio.ui.viewer.actors import ArrowActor, LineActor, PolyhedronActor, SphereActor, StickActor
from crystal_studio.ui.viewer.camera import VIEW_ANGLE_DEGREE, Camera

Picture = NDArray[np.uint8]
Rgb = tuple[int, int, int]

_CELL_PIXELS, _EDGE_PIXELS = 1.4, 1.0
_LARGEST_SIDE = 16384


class NoOpenGL(RuntimeError):
    """This machine cannot draw with OpenGL."""


class Renderer:
    """One off-screen picture of one scene.

    Raises:
        NoOpenGL: no OpenGL 3.2 was found, neither of the display nor in software.
    """

    def __init__(self) -> None:
        # Without a display VTK falls back to EGL, then to software, and warns of it on the terminal.
        vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
        if not _offers_opengl():
            raise NoOpenGL("No OpenGL 3.2 was found.")
        self._spheres, self._sticks = SphereActor(), StickActor()
        self._polyhedra, self._edges, self._cell = PolyhedronActor(), LineActor(), LineActor()
        self._arrows = ArrowActor()
        self._renderer = vtkRenderer()
        self._renderer.AutomaticLightCreationOff()
        # VTK's own way without peeling mixes all faces alike; ours are sorted, see `PolyhedronActor.order`.
        self._renderer.SetUseOIT(False)
        for light in _lights():
            self._renderer.AddLight(light)
        for one in (self._spheres, self._sticks, self._arrows, self._cell, self._edges, self._polyhedra):
            self._renderer.AddActor(one.actor)
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetAlphaBitPlanes(1)
        self._window.AddRenderer(self._renderer)
        self._middle, self._reach = np.zeros(3), 1.0

    def show(self, scene: Scene) -> None:
        """Take over a scene; arrays of the same length are replaced in place."""
        self._spheres.show(scene.spheres.centers_A3, scene.spheres.radii_A, scene.spheres.colours_A3)
        self._sticks.show(scene.sticks)
        self._polyhedra.show(scene.polyhedra)
        self._arrows.show(scene.arrows)
        edge_colours = np.full((len(scene.polyhedra.edges_E23), 3), 70, dtype=np.uint8)
        self._edges.show(scene.polyhedra.edges_E23, edge_colours)
        self._cell.show(scene.cell.segments_E23, scene.cell.colours_E3)
        self._middle, self._reach = _bounds(scene)

    def picture(self, camera: Camera, size: tuple[int, int], ground: Rgb | None, line_scale: float = 1.0) -> Picture:
        """Draw.

        Args:
            camera: from where.
            size: width and height in pixels.
            ground: the colour behind everything, or None for a transparent picture.
            line_scale: how much thicker than on screen lines are.

        Returns:
            (height, width, 4) RGBA from the top row down, multiplied by its alpha.
        """
        width, height = (int(np.clip(side, 1, _LARGEST_SIDE)) for side in size)
        self._window.SetSize(width, height)
        self._renderer.SetBackground(*(np.array(ground or (0, 0, 0)) / 255))
        self._renderer.SetBackgroundAlpha(0.0 if ground is None else 1.0)
        self._cell.actor.GetProperty().SetLineWidth(_CELL_PIXELS * line_scale)
        self._edges.actor.GetProperty().SetLineWidth(_EDGE_PIXELS * line_scale)
        self._polyhedra.order(camera.rotation[2])
        self._aim(camera)
        self._window.Render()
        pixels = vtkUnsignedCharArray()
        # mypy: VTK's stubs take an array for Any and count it as two arguments (9.7.2).
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, pixels)  # type: ignore[call-overload]
        return np.ascontiguousarray(vtk_to_numpy(pixels).reshape(height, width, 4)[::-1])

    def close(self) -> None:
        """Give OpenGL's memory back, and the connection to the display: it must not outlive the display."""
        self._window.Finalize()
        self._window.RemoveRenderer(self._renderer)
        del self._window, self._renderer

    def _aim(self, camera: Camera) -> None:
        target = self._renderer.GetActiveCamera()
        offset = float((self._middle - camera.center) @ camera.rotation[2])
        distance = camera.distance if camera.perspective else self._reach + abs(offset) + 1.0
        target.SetParallelProjection(not camera.perspective)
        target.SetParallelScale(camera.half_height)
        target.SetViewAngle(VIEW_ANGLE_DEGREE)
        target.SetFocalPoint(*camera.center)
        target.SetPosition(*(camera.center + distance * camera.rotation[2]))
        target.SetViewUp(*camera.rotation[1])
        nearest, farthest = distance - offset - self._reach, distance - offset + self._reach
        target.SetClippingRange(max(nearest, 1e-3 * max(farthest, 1.0)), max(farthest, 0.1))


@cache
def _offers_opengl() -> bool:
    """Whether this computer can draw; asking makes a window of its own, so it is asked once."""
    probe = vtkRenderWindow()
    probe.SetOffScreenRendering(1)
    return bool(probe.SupportsOpenGL())


def _lights() -> list[vtkLight]:
    """A soft light from the eye and a stronger one from above its left shoulder."""
    made = []
    for position, intensity in (((0.0, 0.0, 1.0), 0.36), ((-0.6, 0.8, 1.0), 0.66)):
        light = vtkLight()
        light.SetLightTypeToCameraLight()
        light.SetPosition(*position)
        light.SetFocalPoint(0, 0, 0)
        light.SetIntensity(intensity)
        made.append(light)
    return made


def _bounds(scene: Scene) -> tuple[NDArray[np.float64], float]:
    """Middle of everything drawn, and how far it reaches from there, angstrom."""
    points = [scene.spheres.centers_A3, scene.cell.segments_E23.reshape(-1, 3), scene.sticks.ends_S3]
    points += [scene.polyhedra.triangles_F33.reshape(-1, 3), scene.sticks.starts_S3]
    points += [scene.arrows.triangles_T33.reshape(-1, 3)]
    together = np.concatenate(points).astype(np.float64)
    if not len(together):
        return np.zeros(3), 1.0
    middle = (together.min(axis=0) + together.max(axis=0)) / 2
    largest = float(scene.spheres.radii_A.max(initial=scene.sticks.radius))
    return middle, float(np.linalg.norm(together - middle, axis=1).max()) + largest + 0.1
