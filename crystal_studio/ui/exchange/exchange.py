"""Everything that brings crystals into a window's project and out of it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication

from crystal_studio.ui.exchange.bundling import Bundling
from crystal_studio.ui.exchange.drop_zone import DropZone
from crystal_studio.ui.exchange.ending_note import EndingNote
from crystal_studio.ui.exchange.errands import Errands
from crystal_studio.ui.exchange.exporting import Exporting
from crystal_studio.ui.exchange.importing import Importing
from crystal_studio.ui.exchange.offer import Offer
from crystal_studio.ui.exchange.paste_offer import PasteOffer
from crystal_studio.ui.exchange.viewing_strip import ViewingStrip

if TYPE_CHECKING:
    from crystal_studio.ui.main_window import MainWindow


class Exchange(QObject):
    """Made once for each window, after its first paint."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.errands = Errands(window.jobs, window.status.say, window.banner.say, self)
        self.strip = ViewingStrip(window.state, window.centralWidget())
        self.note = EndingNote(window.status)
        self.importing = Importing(window, self.errands, self.strip)
        self.exporting = Exporting(window, self.errands, self.note)
        self.bundling = Bundling(window, self.errands, self.note)
        self.drops = DropZone(window)
        self.paste_offer = PasteOffer()
        window.centralWidget().layout().insertWidget(1, self.strip)  # below the banner, over the 3D view
        window.status.insertPermanentWidget(1, self.note)  # after the name of the project
        self.drops.dropped.connect(self.take)
        self._look_after_the_message_box()
        tree = window.docks["tree"]
        tree.export_asked.connect(self.exporting.choose)
        tree.replay_asked.connect(self._run_again)

    def take(self, offer: Offer) -> None:
        """Do what was offered by a drop or a paste; questions come first where it is a whole project."""
        if offer.refusal:
            self._window.banner.say(offer.refusal)
        elif offer.bundle is not None:
            self.bundling.ask(offer.bundle)
        elif offer.project is not None:
            self.bundling.ask_project(offer.project)
        elif offer.text:
            self.importing.take_text(offer.text)
        else:
            self.importing.take_files(offer.files)

    def paste(self) -> None:
        """Take what the clipboard holds."""
        offer = self.importing.paste()
        if offer is not None:
            self.take(offer)

    def run_again(self) -> None:
        """Run the node that is shown again; the verdict stands among its details."""
        self._window.docks.show("details")
        self._window.docks["details"].replay.run_again()

    def copy_provenance(self) -> None:
        """Put everything that made the node that is shown on the clipboard."""
        from crystal_studio.services.provenance import provenance

        state = self._window.state
        if state.current is None:
            return
        branch = [state.node(node_id) for node_id, _ in state.way(state.current.id)]
        data = provenance(branch, self._window.program.version)
        QGuiApplication.clipboard().setText(json.dumps(data, indent=2, ensure_ascii=False, default=str))
        self._window.status.say("Provenance copied.")

    def close_panel(self) -> None:
        """Listen no more."""
        for part in (self.errands, self.drops):
            part.close()
        for part in (self.strip, self.note):
            part.close_panel()

    def _run_again(self, node_id: str) -> None:
        self._window.state.set_current(node_id)
        self.run_again()

    def _look_after_the_message_box(self) -> None:
        composer = self._window.docks["chat"].composer
        column = composer.layout()
        column.insertWidget(column.indexOf(composer.box) + 1, self.paste_offer)
        composer.box.pasted.connect(self.paste_offer.look_at)
        composer.box.textChanged.connect(lambda: self.paste_offer.look_at_rest(composer.text))
        self.paste_offer.import_asked.connect(self._import_pasted)

    def _import_pasted(self, text: str) -> None:
        self._window.docks["chat"].composer.box.take_back_paste()
        self.importing.take_text(text)
