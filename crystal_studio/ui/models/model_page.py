"""Everything about the chosen model, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from crystal_studio.services.device_plan import ROUND
from crystal_studio.services.jobs_models import ModelListing, OfferListing
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.models.card_words import card_text, offer_text

_CHOOSE_ONE = "Choose a model in the list to read about it.\n"


class ModelPage(QWidget):
    """A text to read, select and copy, over a row of buttons.

    Signals:
        choose_asked, verify_asked, try_asked, pack_asked, remove_asked, stop_asked, copy_asked: its button was pressed.
    """

    choose_asked = Signal()
    verify_asked = Signal()
    try_asked = Signal()
    pack_asked = Signal()
    remove_asked = Signal()
    stop_asked = Signal()
    copy_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = QPlainTextEdit(_CHOOSE_ONE, self, readOnly=True)
        self.text.setAccessibleName("About the chosen model")
        self.text.setTabChangesFocus(True)
        self.choose = self._button("Use for its jo&b", self.choose_asked)
        self.verify = self._button("&Verify", self.verify_asked)
        self.verify.setToolTip("Hash the files of the chosen models and compare them with their cards")
        self.try_out = self._button("&Test run", self.try_asked)
        self.pack = self._button("&Pack…", self.pack_asked)
        self.pack.setToolTip("Write the chosen models, and those they build on, into one file for a memory stick")
        self.remove = self._button("&Remove…", self.remove_asked)
        self.copy = self._button("&Copy how to get it", self.copy_asked)
        self.stop = self._button("St&op", self.stop_asked)
        buttons = FlowLayout()
        for button in (self.choose, self.verify, self.try_out, self.pack, self.remove, self.copy, self.stop):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.text, 1)
        layout.addLayout(buttons)
        self.show_nothing()

    def show_model(self, listing: ModelListing, is_busy: bool) -> None:
        """An installed model, or an optional one."""
        self._say(card_text(listing))
        usable = listing.installed and not is_busy
        self._offer(self.choose, usable and not listing.in_use, _why_not_chosen(listing))
        self._offer(self.verify, usable, self.verify.toolTip())
        self._offer(self.try_out, usable, _why_not_tried(listing))
        self._offer(self.pack, usable, self.pack.toolTip())
        self._offer(self.remove, usable and listing.writable, _why_not_removed(listing))
        for button in (self.verify, self.pack, self.remove):
            button.setVisible(listing.installed)
        for button in (self.choose, self.try_out):  # the parts of other models do nothing by themselves
            button.setVisible(listing.installed and listing.card.kind in ROUND)
        self.copy.setVisible(not listing.installed)
        self.stop.setVisible(is_busy)

    def show_offer(self, listing: OfferListing) -> None:
        """A model that can be fetched elsewhere."""
        self._say(offer_text(listing))
        self._show_only(*(() if listing.offer.lacks else (self.copy,)))

    def show_words(self, text: str) -> None:
        """Something that is no model."""
        self._say(text)
        self._show_only()

    def show_many(self, number: int, is_busy: bool) -> None:
        """Several models at once."""
        self._say(f"{number} models are chosen. They can be verified, or packed into one file.\n")
        self._show_only(self.verify, self.pack, *((self.stop,) if is_busy else ()))
        for button in (self.verify, self.pack):
            button.setEnabled(not is_busy)

    def show_nothing(self) -> None:
        """None is chosen."""
        self.show_words(_CHOOSE_ONE)

    def _say(self, text: str) -> None:
        if self.text.toPlainText() != text:
            self.text.setPlainText(text)

    def _show_only(self, *wanted: QPushButton) -> None:
        for button in (self.choose, self.verify, self.try_out, self.pack, self.remove, self.copy, self.stop):
            button.setVisible(button in wanted)

    def _offer(self, button: QPushButton, may: bool, tip: str) -> None:
        button.setEnabled(may)
        button.setToolTip(tip)

    def _button(self, text: str, signal: Signal) -> QPushButton:
        button = QPushButton(text, self, autoDefault=False)
        button.clicked.connect(lambda _checked=False: signal.emit())
        return button


def _why_not_chosen(listing: ModelListing) -> str:
    return "It does its job already" if listing.in_use else "From now on this model does the job of its kind"


def _why_not_tried(_listing: ModelListing) -> str:
    return "Load it in a process of its own, let it do its part of a round, and tell time and memory"


def _why_not_removed(listing: ModelListing) -> str:
    if listing.shipped:
        return "It comes with the program and stays"
    return "Delete its files" if listing.writable else "It lies in a shared folder: ask who looks after it"
