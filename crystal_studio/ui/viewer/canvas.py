"""The surface on which a crystal is seen and turned."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.viewer.camera import Camera
from crystal_studio.ui.viewer.overlay import Overlay, paint

if TYPE_CHECKING:
    from crystal_studio.ui.viewer.renderer import Renderer

_SETTLED_MS = 180
# The event loop waits as long as a picture takes, and longer than was measured where the models use the processors.
_SPARING_SECONDS, _SMOOTH_SECONDS, _SHARP_SECONDS = 0.008, 0.03, 0.08
_UNKNOWN_FINENESS = 0.5  # of the first picture: a sharp one follows once it is known what it costs
_KEY_DEGREE, _KEY_PIXELS, _KEY_ZOOM = 5.0, 24.0, 1.15
_CLICK_PIXELS = 4
_LARGEST_SIDE = 8192
_TURNS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_ZOOMS = {Qt.Key.Key_Plus: _KEY_ZOOM, Qt.Key.Key_Equal: _KEY_ZOOM, Qt.Key.Key_Minus: 1 / _KEY_ZOOM}
_STYLE_KEYS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3, Qt.Key.Key_4)


class Canvas(QWidget):
    """Paints what a `Renderer` draws, with a coarse picture while things move and a smooth one when they rest.

    Attributes:
        is_sparing: pictures stay coarse at rest too, because somebody else needs the processors.

    Signals:
        painted_once: the first paint is over.
        resized: the view has another shape.
        camera_changed: the new `Camera`, when a person moved it.
        clicked: x and y of a click without a drag, and whether Shift was held.
        style_asked: 0 to 3.
        reset_asked, clear_asked: R and Escape were pressed.
    """

    painted_once = Signal()
    resized = Signal()
    camera_changed = Signal(object)
    clicked = Signal(float, float, bool)
    style_asked = Signal(int)
    reset_asked = Signal()
    clear_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Crystal in three dimensions")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.message = ""
        self.overlay = Overlay()
        self.camera: Camera | None = None
        self._renderer: Renderer | None = None
        self._frame: QImage | None = None
        self._frame_of: tuple[object, ...] = ()
        self._version, self._painted = 0, False
        self._seconds_per_pixel = 0.0
        self._moving = False
        self.is_sparing = False
        self._pressed: QPointF | None = None
        self._last = QPointF()
        self._dragged = False
        self._settle = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settle.timeout.connect(self._rest)

    @property
    def pixels(self) -> tuple[int, int]:
        """Width and height in logical pixels."""
        return max(self.width(), 1), max(self.height(), 1)

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.pixels[0] / self.pixels[1]

    def use(self, renderer: Renderer | None) -> None:
        """Draw with this; None leaves only the message."""
        self._renderer = renderer
        self.redraw()

    def redraw(self, *, moving: bool = False) -> None:
        """The scene has changed."""
        self._version += 1
        self._move() if moving else self.update()

    def aim(self, camera: Camera) -> None:
        """Look from here; tells nobody."""
        self.camera = camera
        self._move()

    def lay(self, overlay: Overlay) -> None:
        """Paint this over the picture."""
        self.overlay = overlay
        self.update()

    def picture(self, scale: float, *, transparent: bool, axes: bool) -> QImage:
        """The view as an image, `scale` times as many pixels as on screen (before HiDPI)."""
        width, height = (max(1, round(side * scale)) for side in self.pixels)
        twice = 2 if 2 * max(width, height) <= _LARGEST_SIDE else 1
        drawn = self._drawn((width * twice, height * twice), scale * twice, transparent=transparent)
        smooth = Qt.TransformationMode.SmoothTransformation
        image = QImage(drawn.scaled(width, height, Qt.AspectRatioMode.IgnoreAspectRatio, smooth))
        painter = QPainter(image)
        painter.setFont(self.font())
        painter.scale(scale, scale)
        if self.camera is not None:
            paint(painter, self.overlay, self.camera, self.pixels, theme.current(), axes=axes)
        painter.end()
        return image

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Paint the picture and what lies over it, or the message where there is none."""
        painter = QPainter(self)
        colours = theme.current()
        if self._renderer is None or self.camera is None:
            self._paint_message(painter, colours)
        else:
            self._refresh()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(QRectF(self.rect()), self._frame)
            paint(painter, self.overlay, self.camera, self.pixels, colours)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self.painted_once.emit)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a click or a drag."""
        self._pressed = self._last = event.position()
        self._dragged = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn, or move with the middle button or Shift, or roll with Ctrl."""
        if self._pressed is None or self.camera is None:
            return
        if not self._dragged and (event.position() - self._pressed).manhattanLength() < _CLICK_PIXELS:
            return
        self._dragged = True
        step = event.position() - self._last
        self._last = event.position()
        self._drag(step, event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End of a drag, or a click."""
        if self._pressed is not None and not self._dragged and event.button() is Qt.MouseButton.LeftButton:
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.clicked.emit(event.position().x(), event.position().y(), shift)
        self._pressed = None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom at the pointer."""
        if self.camera is None:
            return
        at = (event.position().x(), event.position().y())
        self._moved_to(self.camera.zoomed(1.0016 ** event.angleDelta().y(), at, self.pixels))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows turn (with Shift they move), + and - zoom, R resets, 1 to 4 choose a style, Escape clears."""
        key = Qt.Key(event.key())
        plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if plain and self.camera is not None and (key in _TURNS or key in _ZOOMS):
            self._steer(self.camera, key, bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif plain and key in _STYLE_KEYS:
            self.style_asked.emit(_STYLE_KEYS.index(key))
        elif plain and key == Qt.Key.Key_R:
            self.reset_asked.emit()
        elif key == Qt.Key.Key_Escape:
            self.clear_asked.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Tell that the view has another shape."""
        super().resizeEvent(event)
        self.resized.emit()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that keys come here."""
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that keys go elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def _drag(self, step: QPointF, event: QMouseEvent) -> None:
        camera = self.camera
        assert camera is not None
        modifiers, turn = event.modifiers(), 180.0 / min(self.pixels)
        beside = event.buttons() & (Qt.MouseButton.MiddleButton | Qt.MouseButton.RightButton)
        if beside or modifiers & Qt.KeyboardModifier.ShiftModifier:
            self._moved_to(camera.panned(step.x(), step.y(), self.pixels[1]))
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            self._moved_to(camera.turned(0, 0, -step.x() * turn))
        else:
            self._moved_to(camera.turned(step.x() * turn, -step.y() * turn))

    def _steer(self, camera: Camera, key: Qt.Key, shift: bool) -> None:
        if key in _ZOOMS:
            self._moved_to(camera.zoomed(_ZOOMS[key]))
            return
        right, up = _TURNS[key]
        if shift:
            self._moved_to(camera.panned(right * _KEY_PIXELS, -up * _KEY_PIXELS, self.pixels[1]))
        else:
            self._moved_to(camera.turned(right * _KEY_DEGREE, up * _KEY_DEGREE))

    def _moved_to(self, camera: Camera) -> None:
        self.aim(camera)
        self.camera_changed.emit(camera)

    def _move(self) -> None:
        self._moving = True
        self._settle.start()
        self.update()

    def _rest(self) -> None:
        self._moving = False
        self.update()

    def _refresh(self) -> None:
        """Draw a new frame where the old one is of something else, or coarser than it need be."""
        ratio = self.devicePixelRatioF() * self._fineness()
        width, height = (min(max(1, round(side * ratio)), _LARGEST_SIDE) for side in self.pixels)
        wanted = (self._version, self.camera, width, height, theme.current().name)
        if self._frame is None or wanted != self._frame_of:
            begun = perf_counter()
            self._frame = self._drawn((width, height), ratio, transparent=False)
            self._note((perf_counter() - begun) / (width * height))
            self._frame_of = wanted

    def _note(self, seconds: float) -> None:
        """Learn how fast this machine draws; the first picture is always slower, and a hiccup counts little."""
        before = self._seconds_per_pixel
        if not before:
            self._seconds_per_pixel = seconds / 3
            self._settle.start()
        else:
            self._seconds_per_pixel = seconds if seconds < before else 0.7 * before + 0.3 * seconds

    def _fineness(self) -> float:
        """Drawn pixels per device pixel: 2 smooths the rims of the impostors, one half keeps slow machines fluent."""
        seconds = self._seconds_per_pixel * self.pixels[0] * self.pixels[1] * self.devicePixelRatioF() ** 2
        if not seconds:
            return _UNKNOWN_FINENESS
        hurries = self._moving or self.is_sparing
        allowed = _SPARING_SECONDS if self.is_sparing else _SMOOTH_SECONDS if self._moving else _SHARP_SECONDS
        if 4 * seconds <= allowed:
            return 2.0
        return 1.0 if seconds <= allowed or not hurries else 0.5

    def _drawn(self, size: tuple[int, int], line_scale: float, *, transparent: bool) -> QImage:
        ground = QColor(theme.current().viewer)
        rgb = None if transparent else (ground.red(), ground.green(), ground.blue())
        if self._renderer is None or self.camera is None:
            blank = QImage(*size, QImage.Format.Format_RGBA8888_Premultiplied)
            blank.fill(Qt.GlobalColor.transparent if transparent else ground)
            return blank
        pixels = self._renderer.picture(self.camera, size, rgb, line_scale)
        height, width = pixels.shape[:2]
        borrowed = QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGBA8888_Premultiplied)
        own: QImage = borrowed.copy()
        return own

    def _paint_message(self, painter: QPainter, colours: theme.Theme) -> None:
        painter.fillRect(self.rect(), QColor(colours.viewer))
        painter.setPen(QColor(colours.muted))
        margin = self.fontMetrics().height() * 2
        box = self.rect().adjusted(margin, margin, -margin, -margin)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self.message)
