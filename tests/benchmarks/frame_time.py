"""Time per frame of the 3D view beside VTK's glyph mapper: the same atoms, the same run, the same camera.

    python tests/benchmarks/frame_time.py [--atoms 5000] [--frames 10] [--size 1280x800] [--resolution 24]

Both are drawn off screen in turn, a frame each, and both pictures must show an atom at every place where one is in
front; a mapper that draws nothing would be the fastest of all. The pictures are read back, as the window does. The
glyphs have as many meridians and parallels as `--resolution` says; with fewer than about 20 corners are seen.
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk, vtk_to_numpy
from vtkmodules.vtkCommonCore import vtkPoints, vtkUnsignedCharArray
from vtkmodules.vtkCommonDataModel import vtkPolyData
from vtkmodules.vtkFiltersSources import vtkSphereSource
from vtkmodules.vtkRenderingCore import vtkActor, vtkGlyph3DMapper, vtkRenderer, vtkRenderWindow

from crystal_studio.scene.drawable import Lines, Polyhedra, Scene, Spheres, Sticks
from crystal_studio.ui.viewer.camera import VIEW_ANGLE_DEGREE, Camera
from crystal_studio.ui.viewer.renderer import Renderer

WHITE = (255, 255, 255)
SPACING_ANGSTROM, RADIUS_ANGSTROM = 2.5, 0.9


class GlyphRenderer:
    """The usual way: a triangulated sphere drawn once for each atom."""

    def __init__(self, spheres: Spheres, size: tuple[int, int], resolution: int) -> None:
        points, data, source = vtkPoints(), vtkPolyData(), vtkSphereSource()
        points.SetData(numpy_to_vtk(spheres.centers_A3, deep=True))
        data.SetPoints(points)
        for name, values in (("radius", spheres.radii_A), ("colour", spheres.colours_A3)):
            array = numpy_to_vtk(values, deep=True)
            array.SetName(name)
            data.GetPointData().AddArray(array)
        source.SetRadius(1.0)
        source.SetThetaResolution(resolution)
        source.SetPhiResolution(resolution)
        mapper = vtkGlyph3DMapper()
        mapper.SetInputData(data)
        mapper.SetSourceConnection(source.GetOutputPort())
        mapper.SetScaleArray("radius")
        mapper.SetScaleModeToScaleByMagnitude()
        mapper.SetScalarModeToUsePointFieldData()
        mapper.SelectColorArray("colour")
        actor = vtkActor()
        actor.SetMapper(mapper)
        self._renderer = vtkRenderer()
        self._renderer.AddActor(actor)
        self._renderer.SetBackground(1, 1, 1)
        self._window = vtkRenderWindow()
        self._window.SetOffScreenRendering(1)
        self._window.SetMultiSamples(0)
        self._window.SetSize(*size)
        self._window.AddRenderer(self._renderer)
        self._size = size
        self._pixels = vtkUnsignedCharArray()

    def picture(self, camera: Camera) -> np.ndarray:
        """Draw and read back, as `Renderer.picture` does."""
        width, height = self._size
        target = self._renderer.GetActiveCamera()
        target.SetParallelProjection(True)
        target.SetParallelScale(camera.half_height)
        target.SetViewAngle(VIEW_ANGLE_DEGREE)
        target.SetFocalPoint(*camera.center)
        target.SetPosition(*(camera.center + 1000 * camera.rotation[2]))
        target.SetViewUp(*camera.rotation[1])
        target.SetClippingRange(1, 2000)
        self._window.Render()
        self._window.GetRGBACharPixelData(0, 0, width - 1, height - 1, 0, self._pixels)
        return vtk_to_numpy(self._pixels).reshape(height, width, 4)[::-1].copy()


def main() -> None:
    """Print a line for each of the two and their ratio."""
    arguments = _arguments()
    size = tuple(int(side) for side in arguments.size.split("x"))
    scene = crystal_of(arguments.atoms)
    camera = Camera(np.eye(3), scene.spheres.centers_A3.mean(axis=0).astype(float), 1.0).turned(25, 15)
    camera = camera.fitted(scene.spheres.centers_A3, scene.spheres.radii_A, size[0] / size[1])
    ours = Renderer()
    ours.show(scene)
    glyphs = GlyphRenderer(scene.spheres, size, arguments.resolution)
    ways = {"impostors": lambda view: ours.picture(view, size, WHITE), "glyph mapper": glyphs.picture}
    seconds = {name: [] for name in ways}
    for frame in range(-1, arguments.frames):
        view = camera.turned(4.0 * frame, 0)
        for name, draw in ways.items():
            begun = time.perf_counter()
            picture = draw(view)
            seconds[name].append(time.perf_counter() - begun)
            assert_drawn(name, picture, view, scene.spheres, size)
    medians = {name: statistics.median(times[1:]) for name, times in seconds.items()}
    for name, median in medians.items():
        print(f"{name:14} {1000 * median:8.1f} ms a frame  (median of {arguments.frames}, {arguments.atoms} atoms)")
    print(f"ratio          {medians['glyph mapper'] / medians['impostors']:8.1f}")


def crystal_of(atoms: int) -> Scene:
    """Atoms of three colours on a simple cubic lattice."""
    side = int(np.ceil(atoms ** (1 / 3)))
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)[:atoms]
    palette = np.array([[220, 40, 40], [40, 180, 60], [60, 80, 220]], dtype=np.uint8)
    spheres = Spheres(
        (grid * SPACING_ANGSTROM).astype(np.float32),
        np.full(atoms, RADIUS_ANGSTROM, dtype=np.float32),
        palette[grid.sum(axis=1) % 3],
        np.arange(atoms, dtype=np.int32),
        np.zeros((atoms, 3), dtype=np.int32),
    )
    empty, none = np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8)
    lines = np.zeros((0, 2, 3), np.float32)
    polyhedra = Polyhedra(np.zeros((0, 3, 3), np.float32), none, lines)
    return Scene(
        np.eye(3) * side * SPACING_ANGSTROM, spheres, Sticks(empty, empty, 0.1, none), polyhedra, Lines(lines, none)
    )


def assert_drawn(name: str, picture: np.ndarray, camera: Camera, spheres: Spheres, size: tuple[int, int]) -> None:
    """The foremost atoms must be seen in their own colours; a coarse glyph may be black at its very pole."""
    pixels, depth, _ = camera.projected(spheres.centers_A3, size)
    right = []
    for index in np.argsort(-depth)[: max(len(depth) // 50, 1)]:
        if camera.picked(tuple(pixels[index]), size, spheres.centers_A3, spheres.radii_A) == index:
            column, row = (int(one) for one in pixels[index])
            right.append(np.argmax(picture[row, column, :3]) == np.argmax(spheres.colours_A3[index]))
    share = float(np.mean(right))
    assert share > 0.9, f"{name}: only {share:.0%} of the foremost atoms have their colour"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Time per frame, impostors and glyph mapper.")
    parser.add_argument("--atoms", type=int, default=5000)
    parser.add_argument("--frames", type=int, default=10)
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--resolution", type=int, default=24)
    return parser.parse_args()


if __name__ == "__main__":
    main()
