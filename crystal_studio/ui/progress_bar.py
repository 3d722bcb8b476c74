"""A progress bar that is painted when its window is."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar


class ProgressBar(QProgressBar):
    """`QProgressBar.setValue` paints the whole window at once, 3D view and all, in the middle of handling news."""

    def show_value(self, value: int) -> None:
        """Show a value with the next painting of the window."""
        self.setUpdatesEnabled(False)
        self.setValue(value)
        self.setUpdatesEnabled(True)
