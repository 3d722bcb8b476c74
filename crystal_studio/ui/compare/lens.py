"""One renderer for several pictures: each canvas draws its own scene with it, one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crystal_studio.scene.drawable import Scene
from crystal_studio.ui.viewer.camera import Camera

if TYPE_CHECKING:
    from crystal_studio.ui.viewer.renderer import Picture, Renderer, Rgb


class SharedRenderer:
    """A `Renderer` that remembers whose scene it holds: starting one takes long in software, showing a scene none."""

    def __init__(self, renderer: Renderer) -> None:
        self._renderer = renderer
        self._shown: Scene | None = None

    def picture(self, scene: Scene, camera: Camera, size: tuple[int, int], ground: Rgb | None, lines: float) -> Picture:
        """A picture of a scene, see `Renderer.picture`."""
        if scene is not self._shown:
            self._renderer.show(scene)
            self._shown = scene
        return self._renderer.picture(camera, size, ground, lines)

    def close(self) -> None:
        """Give OpenGL's memory back."""
        self._renderer.close()


class Lens:
    """What one canvas draws with: a shared renderer and a scene of its own."""

    def __init__(self, shared: SharedRenderer, scene: Scene) -> None:
        self._shared = shared
        self.scene = scene

    def picture(self, camera: Camera, size: tuple[int, int], ground: Rgb | None, line_scale: float = 1.0) -> Picture:
        """See `Renderer.picture`."""
        return self._shared.picture(self.scene, camera, size, ground, line_scale)
