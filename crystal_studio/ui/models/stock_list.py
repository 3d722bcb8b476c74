"""The list of models with a field to filter it by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.services.jobs_models import ModelsReport
from crystal_studio.ui.empty_hint import EmptyHint
from crystal_studio.ui.models.kind_words import KINDS, kind_text
from crystal_studio.ui.models.model_rows import Key, ModelNews, num_models, rows
from crystal_studio.ui.sign_rows import SignRowsView

LOOKING = "Looking at what is installed …"
NOTHING_FITS = "No model fits the filter. Clear it to see all."
NOTHING_THERE = "No model is installed or offered. Import one from a folder or a file."


class StockList(QWidget):
    """Installed models, then those that are offered.

    Signals:
        chosen_changed: other models are selected.
    """

    chosen_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report: ModelsReport | None = None
        self._news: Mapping[Key, ModelNews] = {}
        self.words = QLineEdit(self, placeholderText="Find a model …", clearButtonEnabled=True)
        self.words.setAccessibleName("Find a model")
        self.kind = QComboBox(self)
        self.kind.setAccessibleName("Kind of model")
        self.kind.addItem("All kinds", None)
        for kind in KINDS:
            self.kind.addItem(kind_text(kind), kind.value)
        self.view = SignRowsView("Models", self, many=True)
        self.empty = EmptyHint(LOOKING, self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        filters = QHBoxLayout()
        filters.addWidget(self.words, 1)
        filters.addWidget(self.kind)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(filters)
        layout.addWidget(self._stack, 1)
        self.setFocusProxy(self.words)
        self.words.textChanged.connect(lambda _text: self._show())
        self.kind.currentIndexChanged.connect(lambda _index: self._show())
        self.view.chosen_changed.connect(self.chosen_changed)
        self.words.installEventFilter(self)

    @property
    def chosen(self) -> tuple[Key, ...]:
        """What is selected."""
        return cast("tuple[Key, ...]", self.view.chosen)

    def show_report(self, report: ModelsReport, news: Mapping[Key, ModelNews]) -> None:
        """Show what there is, and what was heard of it."""
        self._report, self._news = report, news
        self._show()

    def clear_filter(self) -> None:
        """Show all."""
        self.words.clear()
        self.kind.setCurrentIndex(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The down key goes from the filter to the list."""
        if event.type() is QEvent.Type.KeyPress and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Down:
            self.view.setFocus(Qt.FocusReason.TabFocusReason)
            return True
        return super().eventFilter(watched, event)

    def _show(self) -> None:
        if self._report is None:
            return
        wanted = self.kind.currentData()
        shown = rows(self._report, self._news, self.words.text(), ModelKind(wanted) if wanted else None)
        is_filtered = bool(self.words.text().strip() or wanted)
        self.view.show_rows(shown)
        self.empty.setText(NOTHING_FITS if is_filtered else NOTHING_THERE)
        self._stack.setCurrentIndex(1 if num_models(shown) else 0)
