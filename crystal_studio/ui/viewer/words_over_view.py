"""Plain sentences over the picture: what is being shown, and what the scene has to say."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.plain_label import PlainLabel


class WordsOverView(QObject):
    """Two lines at the top of a view; the mouse goes through them."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)  # so that the switch of themes forgets it with the view
        self.state, self.notices = PlainLabel(parent=over), PlainLabel(parent=over, wraps=True)
        column = QVBoxLayout(over)
        for label in (self.state, self.notices):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            label.hide()
        column.addWidget(self.state, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.notices)
        column.addStretch(1)
        theme.switch.changed.connect(self._recolour)
        self._recolour()

    def say_state(self, text: str) -> None:
        """What is shown instead of a finished crystal; "" for a finished one."""
        _say(self.state, text)

    def say_notices(self, notices: tuple[str, ...]) -> None:
        """What the scene has left out, and such."""
        _say(self.notices, " ".join(notices))

    def _recolour(self) -> None:
        colours = theme.current()
        self.state.setStyleSheet(
            f"color: {colours.on_accent}; background: {colours.accent}; padding: 3px 8px; border-radius: 4px;"
        )
        self.notices.setStyleSheet(f"color: {colours.muted}; background: transparent;")


def _say(label: PlainLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
