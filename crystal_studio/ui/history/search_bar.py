"""What is looked for in the tree: a line to type in, fields behind a button, searches that were kept."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QGridLayout, QLineEdit, QToolButton, QWidget

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.services.query_text import HELP, parse_query, query_text
from crystal_studio.ui import theme
from crystal_studio.ui.notation import plain_tooltip
from crystal_studio.ui.plain_label import PlainLabel

if TYPE_CHECKING:
    from crystal_studio.ui.history.search_form import SearchForm
    from crystal_studio.ui.viewer.popover import Popover

_PAUSE_MS = 150
_MOST_CHARACTERS = 400


class SearchLine(QLineEdit):
    """A line that is left with Escape or the arrow down.

    Signals:
        left: Escape was pressed.
        entered: the arrow down was pressed: go to what was found.
    """

    left = Signal()
    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape and down leave."""
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Down:
            self.entered.emit()
        else:
            super().keyPressEvent(event)


class SearchBar(QWidget):
    """Tells the query soon after typing pauses; what cannot be read is said below the line.

    Signals:
        asked: the `NodeQuery` to list.
    """

    asked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._told = NodeQuery()
        self.line = SearchLine(placeholderText="Search: words, el:Sr,Ti, gap:2-4", clearButtonEnabled=True)
        self.line.setMaxLength(_MOST_CHARACTERS)
        self.line.setAccessibleName("Search the history")
        self.line.setToolTip(plain_tooltip(HELP))
        self.fields = QToolButton(text="⚙", autoRaise=True)
        self.fields.setAccessibleName("Search by fields")
        self.fields.setToolTip("Elements, formula, space group, gap, hull, validity, stars, order")
        self.more = QToolButton(text="☰", autoRaise=True)
        self.more.setAccessibleName("Saved searches and what the tree shows")
        self.more.setToolTip("Saved searches and what the tree shows")
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.message = PlainLabel("", self, wraps=True)
        self.message.hide()
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._lay_out()
        self._pause.timeout.connect(self._tell)
        self.line.textChanged.connect(lambda _text: self._pause.start())
        self.line.returnPressed.connect(self._tell)
        self.fields.clicked.connect(self._open_fields)
        theme.switch.changed.connect(self._recolour)
        self._recolour()

    @property
    def query(self) -> NodeQuery:
        """What is looked for now."""
        return self._told

    @cached_property
    def form(self) -> SearchForm:
        """The fields, made when they are first needed: the tree has to be painted soon."""
        from crystal_studio.ui.history.search_form import SearchForm

        made = SearchForm()
        made.changed.connect(self._take_fields)
        return made

    @cached_property
    def _popover(self) -> Popover:
        from crystal_studio.ui.viewer.popover import Popover

        made = Popover(self.form, self.fields)
        self.fields.clicked.disconnect(made.open)  # the fields are filled before they are seen
        return made

    def put(self, query: NodeQuery) -> None:
        """Look for something else at once."""
        self.line.setText(query_text(query))
        self._tell()

    def say(self, complaint: str) -> None:
        """Say beside the line what is wrong, "" for nothing."""
        self.message.setText(complaint)
        self.message.setVisible(bool(complaint))

    def close_bar(self) -> None:
        """Listen no more."""
        self._pause.stop()
        theme.switch.changed.disconnect(self._recolour)

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2)
        for column, widget in enumerate((self.line, self.fields, self.more)):
            grid.addWidget(widget, 0, column)
        grid.addWidget(self.message, 1, 0, 1, 3)
        grid.setColumnStretch(0, 1)

    def _tell(self) -> None:
        self._pause.stop()
        try:
            query = parse_query(self.line.text())
        except UserCorrectable as error:
            self.say(str(error))
            return
        self.say("")
        if query != self._told:
            self._told = query
            self.asked.emit(query)

    def _open_fields(self) -> None:
        self._tell()
        self.form.show_query(self._told)
        self._popover.open()

    def _take_fields(self, query: NodeQuery) -> None:
        self.put(replace(query, words=self._told.words))

    def _recolour(self, *_: object) -> None:
        self.message.setStyleSheet(f"color: {theme.current().bad};")
        self.more.setStyleSheet(
            f"QToolButton {{ border: none; color: {theme.current().text}; }}"
            "QToolButton::menu-indicator { image: none; }"
            f"QToolButton:focus, QToolButton:hover {{ border: 1px solid {theme.current().border}; }}"
        )
