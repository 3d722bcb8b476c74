"""Renders the icon's PNGs from its SVG: QT_QPA_PLATFORM=offscreen python installer/render_icons.py."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

SIDES = (16, 24, 32, 48, 64, 128, 256)
_SVG = Path(__file__).parents[1] / "resources" / "icons" / "crystal-studio.svg"


def render(side: int) -> Path:
    """Draw the icon `side` pixels wide."""
    image = QImage(side, side, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    QSvgRenderer(str(_SVG)).render(painter)
    painter.end()
    path = _SVG.with_name(f"crystal-studio-{side}.png")
    if not image.save(str(path)):
        raise SystemExit(f"{path} could not be written.")
    return path


if __name__ == "__main__":
    application = QGuiApplication([])
    for side in SIDES:
        render(side)
