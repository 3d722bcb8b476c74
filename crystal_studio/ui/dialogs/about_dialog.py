"""What the program is."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from crystal_studio.ui.plain_label import PlainLabel

_LINES = (
    "Design crystals by talking: text to crystal and back, offline, on one workstation.",
    "Apache License 2.0. Qt is used under the LGPL 3.0, VTK under the BSD licence.",
    "Predicted values are estimates of learned models: band gaps are of the PBE functional, usually well below "
    "experiment; energies above the hull are no measurement of stability.",
    "Nothing you do here leaves this machine.",
)


class AboutDialog(QDialog):
    """Name, version, licence, and what its numbers are worth."""

    def __init__(self, version: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("About Crystal Studio")
        self.setObjectName("about")
        layout = QVBoxLayout(self)
        heading = PlainLabel(f"Crystal Studio {version}", self)
        font = heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        heading.setFont(font)
        layout.addWidget(heading)
        for line in _LINES:
            layout.addWidget(PlainLabel(line, self, wraps=True))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 60)
