"""All nodes of the project as points of two chosen properties, with those that no other beats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from crystal_studio.domain.errors import StudioError
from crystal_studio.domain.node_query import NodeQuery
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui import theme
from crystal_studio.ui.chat.flow_layout import FlowLayout
from crystal_studio.ui.compare.numbers import GAP, HULL, PROPERTIES, NumbersReader, Property, known
from crystal_studio.ui.compare.pareto import front
from crystal_studio.ui.elided_label import ElidedLabel
from crystal_studio.ui.notation import formula_text
from crystal_studio.ui.panels import plot
from crystal_studio.ui.panels.rows import Column, RowsModel, RowsView, decimals
from crystal_studio.ui.panels.spread import divided, turn
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.session_state import SessionState

MOST_POINTS = 3000
_PAGE = 400
_WAYS = ("higher is better", "lower is better")
_FRONT = (
    Column("Formula", formula_text),
    Column("Across", decimals(3), is_number=True),
    Column("Up", decimals(3), is_number=True),
    Column(""),
)


class NodePoints(QWidget):
    """A scatter plot, and the nodes on the Pareto front as a table that the keyboard reaches.

    Signals:
        opened: a node's id.
        numbers_wanted: an axis was chosen that the outlines do not tell.
        problem: a sentence.
    """

    opened = Signal(str)
    numbers_wanted = Signal()
    problem = Signal(str)

    def __init__(self, state: SessionState, reader: NumbersReader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state, self._reader = state, reader
        self._outlines: list[NodeOutline] = []
        self._total = 0
        self._is_read = False
        self._current = ""
        self.plot: Any = None
        self.axes = (_choice("Across", PROPERTIES.index(HULL)), _choice("Up", PROPERTIES.index(GAP)))
        self.ways = (_way("Which way is better across"), _way("Which way is better upwards"))
        self.name, self.note = ElidedLabel(), PlainLabel(wraps=True)
        self.rows = RowsModel(_FRONT, self)
        self.table = RowsView(self.rows, "Nodes on the Pareto front")
        self._front_ids: list[str] = []
        self._paging = QTimer(self, interval=0)
        self._paging.timeout.connect(self._read_page)
        self._lay_out()
        self._choose_way(0)
        self._choose_way(1)
        for number, box in enumerate(self.axes):
            box.currentIndexChanged.connect(lambda _index, number=number: self._change_axis(number))
        for box in self.ways:
            box.currentIndexChanged.connect(lambda _index: self._draw())
        self.table.opened.connect(lambda row: self.opened.emit(self._front_ids[row]))

    def make_plot(self) -> None:
        """The library is loaded."""
        self.plot = plot.new_plot("All nodes as points")
        self._picture.layout().addWidget(self.plot, 1)

    def show_current(self, node_id: str) -> None:
        """Draw all nodes, with this one marked; they are read first if need be, a page a turn."""
        self._current = node_id
        if self._is_read:
            self._draw()
        elif not self._paging.isActive():
            self._begin()

    def forget(self, *_: object) -> None:
        """Nodes were added, hidden or shown: read them again when they are next looked at."""
        self._is_read = False
        self._paging.stop()

    def unread(self) -> list[str]:
        """Ids of the nodes of which an axis needs more than the outline."""
        if not any(one.needs_node for one in self._shown()):
            return []
        return [one.id for one in self._outlines if one.id not in self._reader.found]

    def close_page(self) -> None:
        """Read nothing more; the plot holds its scene otherwise."""
        self._paging.stop()
        if self.plot is not None:
            self.plot.close()

    def _lay_out(self) -> None:
        choices = FlowLayout(gap=6)
        for box, way, title in zip(self.axes, self.ways, ("A&cross", "&Up"), strict=True):
            choices.addWidget(_row(title, box, way))
        holder = QWidget()
        inside = QVBoxLayout(holder)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addWidget(PlainLabel("On the Pareto front:"))
        inside.addWidget(self.table, 1)
        self._picture = QWidget()
        above = QVBoxLayout(self._picture)
        above.setContentsMargins(0, 0, 0, 0)
        above.setSpacing(1)
        above.addWidget(self.name)
        self._split = divided(self._picture, holder)
        turn(self._split, is_wide=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addLayout(choices)
        column.addWidget(self._split, 1)
        column.addWidget(self.note)

    def _shown(self) -> tuple[Property, Property]:
        return PROPERTIES[self.axes[0].currentIndex()], PROPERTIES[self.axes[1].currentIndex()]

    def _higher(self) -> tuple[bool, bool]:
        return self.ways[0].currentIndex() == 0, self.ways[1].currentIndex() == 0

    def _change_axis(self, number: int) -> None:
        self._choose_way(number)
        self.numbers_wanted.emit()
        self._draw()

    def _choose_way(self, number: int) -> None:
        """The usual direction of a property; the person may turn it round."""
        box = self.ways[number]
        box.blockSignals(True)
        box.setCurrentIndex(1 if self._shown()[number].higher_is_better is False else 0)
        box.blockSignals(False)

    def _begin(self) -> None:
        try:
            self._total = self._state.count(_newest())
        except StudioError as error:
            self.problem.emit(str(error))
            return
        self._outlines = []
        self._paging.start()

    def _read_page(self) -> None:
        left = MOST_POINTS - len(self._outlines)
        try:
            found = self._state.search(_newest(), len(self._outlines), min(_PAGE, left))
        except StudioError as error:
            self._paging.stop()
            self.problem.emit(str(error))
            return
        self._outlines += found
        if len(found) < min(_PAGE, left) or len(self._outlines) >= MOST_POINTS:
            self._paging.stop()
            self._is_read = True
            self.numbers_wanted.emit()
            QTimer.singleShot(0, self, self._draw)  # a turn of its own

    def _placed(self) -> list[tuple[NodeOutline, tuple[float, float]]]:
        """Nodes of which both numbers are known."""
        across, up = self._shown()
        found = []
        for outline in self._outlines:
            numbers = self._reader.found.get(outline.id)
            x, y = known(across.value(outline, numbers)), known(up.value(outline, numbers))
            if x is not None and y is not None:
                found.append((outline, (x, y)))
        return found

    def _draw(self) -> None:
        if self.plot is None or not self._is_read:
            return
        placed = self._placed()
        best = front([place for _, place in placed], self._higher())
        self._fill_table(placed, best)
        across, up = self._shown()
        self.name.setText(f"↑ {up.name}")
        draw_points(self.plot, placed, best, self._current, across.name, self.opened.emit)
        self.note.setText(self._counted(len(placed)))

    def _fill_table(self, placed: Sequence[tuple[NodeOutline, tuple[float, float]]], best: Sequence[int]) -> None:
        self._front_ids = [placed[index][0].id for index in best]
        self.rows.show_rows(
            [
                (placed[index][0].formula, *placed[index][1], "shown" if placed[index][0].id == self._current else "")
                for index in best
            ]
        )

    def _counted(self, drawn: int) -> str:
        parts = [f"{drawn:,} of {self._total:,} nodes are drawn."]
        if self._total > len(self._outlines):
            parts.append(f"Only the newest {len(self._outlines):,} were looked at.")
        waiting = len(self.unread())
        if waiting:
            parts.append(f"{waiting:,} are still being read.")
        elif drawn < len(self._outlines):
            parts.append(f"{len(self._outlines) - drawn:,} have no such value.")
        return " ".join(parts)


def draw_points(
    widget: Any,
    placed: Sequence[tuple[NodeOutline, tuple[float, float]]],
    best: Sequence[int],
    current: str,
    bottom: str,
    opened: Any,
) -> None:
    """Draw the plot anew: all points, the front as a line with larger points, the current node as a star."""
    import pyqtgraph

    widget.clear()
    plot.recolour(widget)
    plot.name_axes(widget, bottom)
    widget.showAxis("left")
    colours = theme.current()
    line = [placed[index][1] for index in best]
    pen = pyqtgraph.mkPen(colours.good, width=2)
    widget.plot([x for x, _ in line], [y for _, y in line], pen=pen)
    common = {"pen": pyqtgraph.mkPen(None), "brush": plot.see_through(colours.accent, 0.55), "size": 7}
    marked = {"pen": pyqtgraph.mkPen(colours.text), "brush": pyqtgraph.mkBrush(colours.good), "size": 11}
    fronts = set(best)
    for chosen, look in (
        ([one for index, one in enumerate(placed) if index not in fronts], common),
        ([placed[index] for index in best], marked),
    ):
        widget.addItem(_scatter(chosen, look, opened))
    star = [one for one in placed if one[0].id == current]
    look = {"pen": pyqtgraph.mkPen(colours.surface), "brush": pyqtgraph.mkBrush(colours.text), "size": 18}
    widget.addItem(_scatter(star, {**look, "symbol": "star"}, opened))
    widget.autoRange(padding=0.06)


def _scatter(placed: Sequence[tuple[NodeOutline, tuple[float, float]]], look: dict[str, Any], opened: Any) -> Any:
    import pyqtgraph

    made = pyqtgraph.ScatterPlotItem(
        x=[place[0] for _, place in placed],
        y=[place[1] for _, place in placed],
        data=[outline.id for outline, _ in placed],
        hoverable=True,
        tip=None,
        **look,
    )

    def report(_item: Any, found: Sequence[Any], *_: Any) -> None:
        if len(found):  # the click replaces the item that is being clicked: after the event only
            key = str(found[0].data())
            QTimer.singleShot(0, lambda: opened(key))

    made.sigClicked.connect(report)
    return made


def _newest() -> NodeQuery:
    return NodeQuery(is_descending=True)


def _choice(title: str, index: int) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(title)
    made.addItems([one.name for one in PROPERTIES])
    made.setCurrentIndex(index)
    return made


def _way(name: str) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.addItems(list(_WAYS))
    return made


def _row(title: str, box: QComboBox, way: QComboBox) -> QWidget:
    made = QWidget()
    line = QHBoxLayout(made)
    line.setContentsMargins(0, 0, 0, 0)
    label = PlainLabel(title)
    label.setBuddy(box)
    for widget in (label, box, way):
        line.addWidget(widget)
    return made
