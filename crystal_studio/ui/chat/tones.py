"""Text in the theme's colours, which follow when the theme is changed."""

from __future__ import annotations

from weakref import WeakKeyDictionary

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from crystal_studio.ui import theme

_ROLES = (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText)
# One listener for all: a conversation has hundreds of labels, and a connection of its own for each takes its time.
_toned: WeakKeyDictionary[QWidget, str] = WeakKeyDictionary()
_palettes: dict[tuple[str, str], QPalette] = {}


def set_tone(widget: QWidget, tone: str) -> None:
    """Give a widget's text one of the theme's colours, by its name there, for as long as the widget lives."""
    if _toned.get(widget) != tone:
        _toned[widget] = tone
        widget.setPalette(_palette(tone))


def _palette(tone: str) -> QPalette:
    colours = theme.current()
    key = (colours.name, tone)
    if key not in _palettes:
        made = QPalette()
        made.setResolveMask(0)  # every other colour is the parent's
        for role in _ROLES:
            made.setColor(role, QColor(getattr(colours, tone)))
        _palettes[key] = made
    return _palettes[key]


def _colour_again(_theme: object) -> None:
    for widget, tone in list(_toned.items()):
        if isValid(widget):
            widget.setPalette(_palette(tone))


theme.switch.changed.connect(_colour_again)
