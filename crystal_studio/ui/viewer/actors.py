"""VTK actors fed with NumPy arrays: impostor spheres and sticks, flat triangles, lines.

Nothing here loops over atoms. Shapes: A atoms, S half-bonds, F triangles, E segments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData
from vtkmodules.vtkRenderingCore import vtkActor, vtkPolyDataMapper
from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLSphereMapper, vtkOpenGLStickMapper

from crystal_studio.scene.drawable import Arrows, Bytes, Floats, Polyhedra, Sticks

_OPACITY = 0.62


class SphereActor:
    """Atoms as impostors: one quad each, rounded by the fragment shader."""

    def __init__(self) -> None:
        self._data = vtkPolyData()
        mapper = vtkOpenGLSphereMapper()
        mapper.SetInputData(self._data)
        mapper.SetScaleArray("radius")
        self.actor = _shiny(mapper)

    def show(self, centers_A3: Floats, radii_A: Floats, colours_A3: Bytes) -> None:
        """Replace the atoms."""
        _vertices(self._data, centers_A3)
        # The mapper reads the scale as float32 whatever it is: anything else is a crash.
        _attach(self._data, "radius", np.asarray(radii_A, dtype=np.float32))
        _colour(self._data, colours_A3)
        self.actor.SetVisibility(len(centers_A3) > 0)


class StickActor:
    """Half-bonds as impostors.

    The mapper wants the middle of each stick, its direction, and (length, radius, radius): found by experiment, as its
    documentation does not say.
    """

    def __init__(self) -> None:
        self._data = vtkPolyData()
        mapper = vtkOpenGLStickMapper()
        mapper.SetInputData(self._data)
        mapper.SetScaleArray("scale")
        mapper.SetOrientationArray("direction")
        self.actor = _shiny(mapper)

    def show(self, sticks: Sticks) -> None:
        """Replace the half-bonds."""
        along_S3 = np.asarray(sticks.ends_S3 - sticks.starts_S3, dtype=np.float32)
        length_S = np.linalg.norm(along_S3, axis=1).astype(np.float32)
        scale_S3 = np.full((len(along_S3), 3), sticks.radius, dtype=np.float32)
        scale_S3[:, 0] = length_S
        _vertices(self._data, (sticks.starts_S3 + along_S3 / 2).astype(np.float32))
        _attach(self._data, "scale", scale_S3)
        _attach(self._data, "direction", along_S3 / np.maximum(length_S, 1e-6)[:, None])
        _colour(self._data, sticks.colours_S3)
        self.actor.SetVisibility(len(along_S3) > 0)


class PolyhedronActor:
    """Translucent flat triangles, drawn from the farthest to the nearest."""

    def __init__(self) -> None:
        self._data = vtkPolyData()
        self._middles_F3 = np.zeros((0, 3), dtype=np.float32)
        self._ordered_for: NDArray[np.float64] | None = None
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._data)
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        look = self.actor.GetProperty()
        look.SetInterpolationToFlat()
        look.SetOpacity(_OPACITY)
        look.SetAmbient(0.45)
        look.SetDiffuse(0.6)

    def show(self, polyhedra: Polyhedra) -> None:
        """Replace the triangles."""
        triangles_F33 = np.asarray(polyhedra.triangles_F33, dtype=np.float32)
        _points(self._data, triangles_F33.reshape(-1, 3))
        _colour(self._data, np.repeat(polyhedra.colours_F3, 3, axis=0))
        self._middles_F3 = triangles_F33.mean(axis=1)
        self._ordered_for = None
        self.actor.SetVisibility(len(triangles_F33) > 0)

    def order(self, toward_eye: NDArray[np.float64]) -> None:
        """Sort the triangles for a direction of view: the cheap way to blend them rightly without peeling."""
        if not len(self._middles_F3) or (
            self._ordered_for is not None and np.array_equal(self._ordered_for, toward_eye)
        ):
            return
        order_F = np.argsort(self._middles_F3 @ toward_eye, kind="stable")
        self._data.SetPolys(_cells((order_F[:, None] * 3 + np.arange(3)).reshape(-1), 3))
        self._ordered_for = toward_eye.copy()


class ArrowActor:
    """Displacement arrows: shaded triangles that hide what is behind them."""

    def __init__(self) -> None:
        self._data = vtkPolyData()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._data)
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        look = self.actor.GetProperty()
        look.SetInterpolationToFlat()
        look.SetAmbient(0.4)
        look.SetDiffuse(0.7)

    def show(self, arrows: Arrows) -> None:
        """Replace the arrows."""
        triangles = len(arrows.triangles_T33)
        _points(self._data, arrows.triangles_T33.reshape(-1, 3))
        self._data.SetPolys(_cells(np.arange(3 * triangles), 3))
        _colour(self._data, np.repeat(arrows.colours_T3, 3, axis=0))
        self.actor.SetVisibility(triangles > 0)


class LineActor:
    """Thin lines without shading."""

    def __init__(self) -> None:
        self._data = vtkPolyData()
        mapper = vtkPolyDataMapper()
        mapper.SetInputData(self._data)
        mapper.SetResolveCoincidentTopologyToPolygonOffset()
        self.actor = vtkActor()
        self.actor.SetMapper(mapper)
        self.actor.GetProperty().LightingOff()

    def show(self, segments_E23: Floats, colours_E3: Bytes) -> None:
        """Replace the segments."""
        _points(self._data, segments_E23.reshape(-1, 3))
        self._data.SetLines(_cells(np.arange(2 * len(segments_E23)), 2))
        _colour(self._data, np.repeat(colours_E3, 2, axis=0))
        self.actor.SetVisibility(len(segments_E23) > 0)


def _shiny(mapper: vtkPolyDataMapper) -> vtkActor:
    actor = vtkActor()
    actor.SetMapper(mapper)
    look = actor.GetProperty()
    look.SetAmbient(0.28)
    look.SetDiffuse(0.8)
    look.SetSpecular(0.25)
    look.SetSpecularPower(30)
    return actor


def _points(data: vtkPolyData, points_P3: Floats) -> None:
    points = vtkPoints()
    points.SetData(numpy_to_vtk(np.ascontiguousarray(points_P3, dtype=np.float32), deep=True))
    data.SetPoints(points)


def _vertices(data: vtkPolyData, points_P3: Floats) -> None:
    """Points with one vertex cell each: without the cells the impostor mappers draw nothing."""
    if data.GetNumberOfVerts() != len(points_P3):
        data.SetVerts(_cells(np.arange(len(points_P3)), 1))
    _points(data, points_P3)


def _cells(indices: NDArray[np.int64], size: int) -> vtkCellArray:
    cells = vtkCellArray()
    offsets = np.arange(0, len(indices) + 1, size, dtype=np.int64)
    cells.SetData(numpy_to_vtk(offsets, deep=True), numpy_to_vtk(indices.astype(np.int64), deep=True))
    return cells


def _attach(data: vtkPolyData, name: str, values: NDArray[np.float32]) -> None:
    array = numpy_to_vtk(np.ascontiguousarray(values), deep=True)
    array.SetName(name)
    data.GetPointData().AddArray(array)


def _colour(data: vtkPolyData, colours_P3: Bytes) -> None:
    array = numpy_to_vtk(np.ascontiguousarray(colours_P3, dtype=np.uint8), deep=True)
    array.SetName("colour")
    data.GetPointData().SetScalars(array)
    data.Modified()
