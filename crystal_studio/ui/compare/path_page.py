"""Four plots along the branch, beside each other in a low dock and in two rows in a high one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from crystal_studio.domain.history import Node
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui.compare.numbers import ALIGNMENT, ENERGY, GAP, HULL, VOLUME, Numbers, Property
from crystal_studio.ui.compare.path_plots import Stop, draw_path, goal_bands
from crystal_studio.ui.elided_label import ElidedLabel
from crystal_studio.ui.panels import plot
from crystal_studio.ui.plain_label import PlainLabel

_LEGEND = "Star: the node that is shown. Line: 95 % interval. Hollow: failed a check. Shaded: where the goal is met."
_WIDE = 2.2  # times the height


class PathPage(QWidget):
    """Gap, alignment, volume and energy, round by round; a click on a point shows its node.

    Signals:
        opened: a node's id.
    """

    opened = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plots: list[Any] = []
        self.names: list[ElidedLabel] = []
        self._cells: list[QWidget] = []
        self._is_wide: bool | None = None
        self._grid = QGridLayout()
        self._grid.setSpacing(4)
        self.legend = PlainLabel("Loading the plots …", wraps=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.addLayout(self._grid, 1)
        column.addWidget(self.legend)

    def make_plots(self) -> None:
        """The library is loaded."""
        for number, name in enumerate(("Gap", "Alignment", "Volume", "Energy")):
            widget = plot.new_plot(f"{name} along the branch")
            # One width for all, so that the rounds of plots below each other stand below each other.
            metrics = widget.fontMetrics()
            widget.getAxis("left").setWidth(metrics.horizontalAdvance("-0.005") + metrics.height() // 2)
            # Half a line above, into which the uppermost number may reach.
            widget.plotItem.layout.setContentsMargins(0, metrics.height() // 2, metrics.height() // 2, 0)
            # A name beside the axis would be longer than a low dock is high.
            self.names.append(ElidedLabel())
            self.plots.append(widget)
            self._cells.append(_stacked(self.names[-1], widget))
            self._grid.addWidget(self._cells[-1], 0, number)
        self.legend.setText(_LEGEND)
        self._turn()

    def show_branch(self, outlines: Sequence[NodeOutline], numbers: Mapping[str, Numbers], current: Node) -> None:
        """Draw these rounds with the goals of the current one."""
        energy = HULL if any(one.e_above_hull_ev is not None for one in outlines) else ENERGY
        for name, widget, shown in zip(self.names, self.plots, (GAP, ALIGNMENT, VOLUME, energy), strict=True):
            name.setText(shown.name)
            stops = [_stop(one, numbers.get(one.id), shown, one.id == current.id) for one in outlines]
            goals = [goal for goal in current.intent.goals if goal.quantity is shown.quantity]
            draw_path(widget, stops, goal_bands(goals), self.opened.emit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn where the shape asks for it."""
        super().resizeEvent(event)
        self._turn()

    def close_page(self) -> None:
        """Close the plots: they hold their scenes otherwise."""
        for widget in self.plots:
            widget.close()

    def _turn(self) -> None:
        is_wide = self.width() > _WIDE * self.height()
        if not self.plots or is_wide == self._is_wide:
            return
        self._is_wide = is_wide
        for cell in self._cells:
            self._grid.removeWidget(cell)
        for number, cell in enumerate(self._cells):
            self._grid.addWidget(cell, *((0, number) if is_wide else divmod(number, 2)))
        for column in range(4):
            self._grid.setColumnStretch(column, int(is_wide or column < 2))
        self._grid.setRowStretch(1, int(not is_wide))
        self._grid.setRowStretch(0, 1)


def _stop(outline: NodeOutline, numbers: Numbers | None, shown: Property, is_current: bool) -> Stop:
    measured = shown.measured(numbers) if shown.measured and numbers else None
    value = shown.value(outline, numbers)
    return Stop(str(outline.round), value, measured, outline.id, is_current, outline.valid)


def _stacked(name: QWidget, widget: QWidget) -> QWidget:
    cell = QWidget()
    column = QVBoxLayout(cell)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(1)
    column.addWidget(name)
    column.addWidget(widget, 1)
    return cell
