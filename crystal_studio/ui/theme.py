"""Colours and fonts of the window, light and dark."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication


class Mode(StrEnum):
    """Which colours are used."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Theme:
    """Colours as ``#rrggbb``; each pair of text and ground has a contrast of at least 4.5 (WCAG 2.2, 1.4.3)."""

    name: str
    window: str
    surface: str
    raised: str
    text: str
    muted: str
    border: str
    accent: str
    on_accent: str
    good: str
    warning: str
    bad: str
    viewer: str


LIGHT = Theme(
    "light", "#f4f5f7", "#ffffff", "#eaecf0", "#1c2026", "#5a6270", "#d3d7de", "#2f5fd0", "#ffffff",
    "#1a7f45", "#9a5b00", "#c0322f", "#ffffff",
)  # fmt: skip
# Fusion outlines fields in a darker shade of the window's colour: on a nearly black window they could not be seen.
DARK = Theme(
    "dark", "#2b2e35", "#1d1f23", "#383c45", "#e7e9ed", "#adb4c0", "#525863", "#7da2ff", "#10131a",
    "#5cc98a", "#e5b15c", "#ff8a85", "#15171a",
)  # fmt: skip


class ThemeSwitch(QObject):
    """Says which theme is in force.

    Signals:
        changed: the new `Theme`.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT

    def use(self, app: QApplication, mode: Mode) -> None:
        """Switch the whole program to a mode; SYSTEM follows the desktop."""
        self.theme = _of_mode(app, mode)
        app.setStyle("Fusion")
        app.setPalette(palette(self.theme))
        self.changed.emit(self.theme)


switch = ThemeSwitch()


def current() -> Theme:
    """The theme in force."""
    return switch.theme


def palette(theme: Theme) -> QPalette:
    """Qt's palette of a theme."""
    roles = QPalette.ColorRole
    colours = {
        roles.Window: theme.window,
        roles.WindowText: theme.text,
        roles.Base: theme.surface,
        roles.AlternateBase: theme.raised,
        roles.Text: theme.text,
        roles.Button: theme.raised,
        roles.ButtonText: theme.text,
        roles.BrightText: theme.bad,
        roles.ToolTipBase: theme.raised,
        roles.ToolTipText: theme.text,
        roles.PlaceholderText: theme.muted,
        roles.Highlight: theme.accent,
        roles.HighlightedText: theme.on_accent,
        roles.Link: theme.accent,
        roles.Mid: theme.border,
        roles.Light: theme.raised,
        roles.Midlight: theme.raised,
        roles.Dark: theme.border,
    }
    made = QPalette()
    for role, colour in colours.items():
        made.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.muted))
    return made


def _of_mode(app: QApplication, mode: Mode) -> Theme:
    from PySide6.QtCore import Qt

    if mode is Mode.SYSTEM:
        return DARK if app.styleHints().colorScheme() is Qt.ColorScheme.Dark else LIGHT
    return DARK if mode is Mode.DARK else LIGHT
