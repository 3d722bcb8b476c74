"""Colours and text size of the whole program."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication

from crystal_studio.services.settings import Settings, SettingsFile
from crystal_studio.ui import theme

_BASE_POINTS = "crystal_studio_base_points"


def use_appearance(app: QApplication, settings: Settings) -> None:
    """Put colours and text size in force; the size is a part of what the desktop says."""
    if app.property(_BASE_POINTS) is None:
        app.setProperty(_BASE_POINTS, app.font().pointSizeF())
    font = app.font()
    font.setPointSizeF(app.property(_BASE_POINTS) * settings.appearance.font_percent / 100)
    app.setFont(font)
    theme.switch.use(app, theme.Mode(settings.appearance.theme))


def follow_desktop(app: QApplication, settings: SettingsFile) -> None:
    """Change with the desktop between light and dark, where the person has chosen to follow it."""

    def changed(_scheme: object) -> None:
        if settings.settings.appearance.theme == theme.Mode.SYSTEM:
            theme.switch.use(app, theme.Mode.SYSTEM)

    app.styleHints().colorSchemeChanged.connect(changed)
