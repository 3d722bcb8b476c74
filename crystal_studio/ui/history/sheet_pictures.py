"""Pictures of a contact sheet: all seen the same way and at one scale, so that sizes can be compared."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.ui.history.thumbnail_shelf import ThumbnailShelf

if TYPE_CHECKING:
    from crystal_studio.ui.viewer.camera import Camera

PICTURE_SIZE = 84


class SheetPictures(QObject):
    """The camera of the first crystal, far enough away for the largest one.

    Signals:
        changed: a picture was drawn, or all have to be drawn anew.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._like: Camera | None = None
        self._half_height = 0.0
        self._measured: dict[str, Camera] = {}
        self._shelf = ThumbnailShelf(PICTURE_SIZE, self._draw, self)
        self._shelf.drawn.connect(lambda _key: self.changed.emit())

    @property
    def half_height_angstrom(self) -> float:
        """Half of what the height of every picture shows."""
        return self._half_height

    def clear(self) -> None:
        """Begin another sheet."""
        self._like, self._half_height = None, 0.0
        self._measured.clear()

    def picture(self, node: Node) -> QPixmap | None:
        """The picture of a cell, None until it is drawn."""
        key = f"{node.crystal.content_hash} {self._half_height:.3f}"
        return self._shelf.picture(key, lambda: node.crystal)

    def include(self, crystal: Crystal) -> None:
        """Go far enough away for another crystal."""
        if crystal.content_hash in self._measured:
            return
        from crystal_studio.ui.thumbnails import usual_camera

        camera = usual_camera(crystal, self._like)
        self._like = self._like or camera
        self._measured[crystal.content_hash] = camera
        if camera.half_height > self._half_height:
            self._half_height = camera.half_height
            self.changed.emit()

    def close(self) -> None:
        """Draw nothing more."""
        self._shelf.close()

    def _draw(self, crystal: Crystal, size: int) -> QPixmap:
        from crystal_studio.ui.thumbnails import picture

        camera = replace(self._measured[crystal.content_hash], half_height=self._half_height)
        return picture(crystal, size, camera)
