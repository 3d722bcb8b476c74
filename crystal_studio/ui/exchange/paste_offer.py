"""A pasted crystal in the message box: it can be imported in place of being sent."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from crystal_studio.ui.exchange.recognise import kind_of
from crystal_studio.ui.plain_label import PlainLabel


class PasteOffer(QWidget):
    """Hidden until something that looks like a crystal was pasted.

    Signals:
        import_asked: the whole text that was pasted.
    """

    import_asked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("paste_offer")
        self._text = ""
        self.label = PlainLabel("", self, wraps=True)
        self.take = QPushButton("&Import it", self)
        self.leave = QPushButton("&Keep as text", self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label, 1)
        row.addWidget(self.take)
        row.addWidget(self.leave)
        self.take.clicked.connect(self._take)
        self.leave.clicked.connect(self.hide)
        self.hide()

    def look_at(self, text: str) -> None:
        """Offer to import a text that was pasted, where it is a crystal."""
        kind = kind_of(text)
        self._text = text
        self.setVisible(kind is not None)
        if kind is not None:
            self.label.setText(f"This looks like {kind}, not like a wish.")

    def look_at_rest(self, text: str) -> None:
        """The box holds another text: an offer about a crystal that is no longer in it goes away."""
        if not self.isHidden() and kind_of(text) is None:
            self.hide()

    def _take(self) -> None:
        self.hide()
        self.import_asked.emit(self._text)
