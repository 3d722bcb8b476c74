"""Which model does which job, where it runs on this machine, and how long its part of a round takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QFrame, QGridLayout, QPushButton, QScrollArea, QVBoxLayout, QWidget

from crystal_studio.domain.model_card import ModelKind
from crystal_studio.services.device_plan import ROUND, DevicePlan, Placed, Placement
from crystal_studio.services.jobs_models import ModelListing, ModelsReport
from crystal_studio.ui import theme
from crystal_studio.ui.models.kind_words import job_text, kind_text, seconds_text
from crystal_studio.ui.models.model_rows import NOTHING_HEARD, Key, ModelNews
from crystal_studio.ui.notation import MISSING
from crystal_studio.ui.plain_label import PlainLabel

_FILL = Qt.AlignmentFlag(0)
NONE_INSTALLED = "none is installed"


class StillChoice(QComboBox):
    """Takes no turn of the wheel that was meant for the page."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave it to the page."""
        event.ignore()


class JobsPage(QScrollArea):
    """One row a job.

    Signals:
        choose_asked: (kind, id): this model is to do the job from now on.
        try_all_asked: each model that does a job is to be tried.
    """

    choose_asked = Signal(object, str)
    try_all_asked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.choices: dict[ModelKind, StillChoice] = {}
        self.places: dict[ModelKind, PlainLabel] = {}
        page = QWidget()
        self._grid = QGridLayout(page)
        self._grid.setContentsMargins(6, 6, 6, 6)
        self._grid.setColumnStretch(0, 2)
        self._grid.setColumnStretch(2, 3)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(10)
        for kind in ROUND:
            self._add(kind)
        self.try_all = QPushButton("Test ru&n of all in use", page, autoDefault=False)
        self.try_all.setToolTip("One after the other, each in a process of its own: how long a round takes here")
        self.try_all.clicked.connect(lambda _checked=False: self.try_all_asked.emit())
        # In the grid itself: a stretch below it in a column takes the height that its wrapped lines need.
        self._grid.addWidget(self.try_all, self._grid.rowCount(), 1)
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        self.setWidget(page)
        theme.switch.changed.connect(self._recolour)
        self._recolour()

    def show_report(self, report: ModelsReport, news: Mapping[Key, ModelNews], is_busy: bool) -> None:
        """Which models there are for each job, how the plan places those in use, and what is under way with them."""
        for kind, choice in self.choices.items():
            models = [one for one in report.cards if one.card.kind is kind and one.installed]
            _fill(choice, models)
            choice.setEnabled(len(models) > 1 and not is_busy)
            in_use = next((one.card.id for one in models if one.in_use), "")
            heard = news.get((kind.value, in_use), NOTHING_HEARD)
            under_way = heard.doing or ("" if heard.is_good else heard.said)
            self.places[kind].setText("\n".join(filter(None, (_place_text(report.plan, kind, in_use), under_way))))
        self.try_all.setEnabled(not is_busy and bool(report.plan.placed))

    def _add(self, kind: ModelKind) -> None:
        row = self._grid.rowCount()
        choice = StillChoice()
        choice.setAccessibleName(f"Model for the job: {job_text(kind)}")
        choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        choice.activated.connect(lambda _index, kind=kind, choice=choice: self._choose(kind, choice))
        name = _two_lines(kind_text(kind), job_text(kind))
        place = PlainLabel("", wraps=True)
        place.setAlignment(Qt.AlignmentFlag.AlignTop)
        place.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        for column, widget in enumerate((name, choice, place)):
            # Aligned in the grid, a label would not get the height that its lines need.
            self._grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignTop if widget is choice else _FILL)
        self.choices[kind], self.places[kind] = choice, place

    def _choose(self, kind: ModelKind, choice: QComboBox) -> None:
        wanted = choice.currentData()
        if wanted and wanted != choice.property("in_use"):
            self.choose_asked.emit(kind, wanted)

    def _recolour(self, *_: object) -> None:
        for label in self.places.values():
            label.setStyleSheet(f"color: {theme.current().muted};")


def _two_lines(name: str, words: str) -> QWidget:
    both = QWidget()
    column = QVBoxLayout(both)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    heading = PlainLabel(name, both)
    font = heading.font()
    font.setBold(True)
    heading.setFont(font)
    column.addWidget(heading)
    column.addWidget(PlainLabel(words, both, wraps=True))
    column.addStretch(1)
    return both


def _fill(choice: QComboBox, models: Sequence[ModelListing]) -> None:
    choice.blockSignals(True)
    choice.clear()
    choice.setProperty("in_use", next((one.card.id for one in models if one.in_use), ""))
    for model in models:
        choice.addItem(model.card.id, model.card.id)
    if models:
        choice.setCurrentIndex(choice.findData(choice.property("in_use")))
    else:
        choice.addItem(NONE_INSTALLED)
    choice.blockSignals(False)


def _place_text(plan: DevicePlan, kind: ModelKind, model_id: str) -> str:
    if not model_id:
        return MISSING
    placed = next((one for one in plan.placed if (one.kind, one.model_id) == (kind, model_id)), None)
    return _placed_text(placed) if placed else "takes no part in a round"


def _placed_text(placed: Placed) -> str:
    seconds = f", {seconds_text(placed.seconds)} of a round" if placed.seconds is not None else ""
    warning = "✗ " if placed.placement is Placement.DOES_NOT_FIT else ""
    return f"{warning}{placed.placement.value}{seconds}\n{placed.why}"
