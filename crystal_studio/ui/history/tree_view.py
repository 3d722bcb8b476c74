"""The design tree with its branch lines."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QAbstractItemView, QTreeView, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.history.tree_delegate import TreeDelegate, selection_tint
from crystal_studio.ui.history.tree_model import NodeRole, TreeModel

_INDENT = 20
_DOT = 4.0
_RING = 5.5
Index = QModelIndex | QPersistentModelIndex


class TreeView(QTreeView):
    """Draws each run of answers as one line, and each branch as an arm of it.

    Signals:
        chosen: id of the node that is to be shown.
    """

    chosen = Signal(str)

    def __init__(self, model: TreeModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tree = model
        self.setModel(model)
        self.setItemDelegate(TreeDelegate(self))
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setIndentation(_INDENT)
        self.setMouseTracking(True)
        self.setExpandsOnDoubleClick(False)
        self.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setAccessibleName("Design tree")
        self.clicked.connect(self._choose)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows the row; everything else is Qt's."""
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if is_enter and self.state() is not QAbstractItemView.State.EditingState and self.currentIndex().isValid():
            self._choose(self.currentIndex())
            return
        super().keyPressEvent(event)

    def drawBranches(self, painter: QPainter, rect: QRect, index: Index) -> None:
        """The lines left of a row, and its dot, on the ground that the delegate paints."""
        painter.fillRect(rect, QColor(theme.current().surface))
        if self.selectionModel().isSelected(index):
            painter.fillRect(rect, selection_tint(theme.current()))
        if not self._tree.filter.lets_all_pass:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().muted), 1))
        chain = list(self._ancestors(index))[::-1]
        for level, ancestor in enumerate(chain[:-1]):
            self._draw_passing(painter, self._column(rect, level), rect, ancestor, chain[level + 1])
        self._draw_own(painter, rect, chain)
        painter.restore()

    def _choose(self, index: Index) -> None:
        self.chosen.emit(index.data(NodeRole.ID))

    def _ancestors(self, index: Index) -> Iterator[QModelIndex]:
        above = QModelIndex(index)
        while above.isValid():
            yield above
            above = above.parent()

    def _column(self, rect: QRect, level: int) -> float:
        return rect.left() + level * self.indentation() + self.indentation() // 2 + 0.5  # on a pixel: lines are crisp

    def _draw_passing(self, painter: QPainter, x: float, rect: QRect, ancestor: Index, below: Index) -> None:
        """The line of a run further left, beside a row that is nested in it, where it goes on."""
        goes_on = self._tree.runs(ancestor.parent()).continues(ancestor.row())
        if goes_on or self._tree.runs(ancestor).another_head_after(below.row()):
            painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom() + 1))

    def _draw_arm(self, painter: QPainter, x: float, rect: QRect) -> None:
        """From the run that a branch leaves to its first node."""
        middle, bend = rect.center().y() + 0.5, 6.0
        path = QPainterPath(QPointF(x - self.indentation(), rect.top()))
        path.lineTo(x - self.indentation(), middle - bend)
        path.quadTo(QPointF(x - self.indentation(), middle), QPointF(x - self.indentation() + bend, middle))
        path.lineTo(x, middle)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(path)

    def _draw_own(self, painter: QPainter, rect: QRect, chain: list[QModelIndex]) -> None:
        own = chain[-1]
        runs = self._tree.runs(own.parent())
        x, middle = self._column(rect, len(chain) - 1), rect.center().y() + 0.5
        has_branches = self._tree.hasChildren(own)
        if own.data(NodeRole.ID) not in runs.heads:
            painter.drawLine(QPointF(x, rect.top()), QPointF(x, middle))
        elif len(chain) > 1:
            self._draw_arm(painter, x, rect)
        if runs.continues(own.row()) or (has_branches and self.isExpanded(own)):
            painter.drawLine(QPointF(x, middle), QPointF(x, rect.bottom() + 1))
        self._draw_dot(painter, QPointF(x, middle), own, has_branches)

    def _draw_dot(self, painter: QPainter, centre: QPointF, own: QModelIndex, has_branches: bool) -> None:
        """A dot; a ring with plus or minus where branches can be opened or closed."""
        colours = theme.current()
        colour = QColor(colours.accent if own.data(NodeRole.ON_BRANCH) else colours.muted)
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(QColor(colours.surface) if has_branches else colour)
        radius = _RING if has_branches else _DOT
        painter.drawEllipse(centre, radius, radius)
        if not has_branches:
            return
        arm = QPointF(_RING - 2.5, 0)
        painter.drawLine(centre - arm, centre + arm)
        if not self.isExpanded(own):
            upright = QPointF(0, _RING - 2.5)
            painter.drawLine(centre - upright, centre + upright)
