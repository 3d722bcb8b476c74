"""The design tree with its branch lines."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPointF, QRect, Qt, QTimer
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QStyleOptionViewItem, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.history.node_model import Index, NodeRole
from crystal_studio.ui.history.node_view import NodeView
from crystal_studio.ui.history.tree_delegate import TreeDelegate, paint_ground, write
from crystal_studio.ui.history.tree_model import TreeModel
from crystal_studio.ui.history.tree_rows import MOST_COLUMNS, Kind, Row

_INDENT = 20
_MOST_INDENTED = 8
_DOT = 4.0
_RING = 5.5


class TreeView(NodeView):
    """Draws each line of answers as one line, and each branch as an arm of it; gaps are filled as they are seen."""

    def __init__(self, model: TreeModel, parent: QWidget | None = None) -> None:
        super().__init__(model, "Design tree", parent)
        self.tree = model
        self.setItemDelegate(_BranchDelegate(self))
        self._gap_seen = QTimer(self, singleShot=True, interval=0)
        self._gap_seen.timeout.connect(self._fill_gap)
        self._anchor: tuple[str, int] | None = None
        for signal in (model.rowsAboutToBeInserted, model.rowsAboutToBeRemoved):
            signal.connect(self._hold)
        for signal in (model.rowsInserted, model.rowsRemoved):
            signal.connect(self._stay)

    def indentation(self) -> int:
        """Width of a column of lines."""
        return _INDENT

    def is_open(self, index: QModelIndex) -> bool:
        """Whether the branches of a node are seen."""
        return index.isValid() and self.tree.layout_.is_open(index.row())

    def toggle(self, row: int) -> None:
        """Open or close the branches of a node."""
        self.tree.set_open(row, not self.tree.layout_.is_open(row))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A click on a ring opens or closes it; elsewhere it chooses the row."""
        row = self.rowAt(event.position().toPoint().y())
        if event.button() == Qt.MouseButton.LeftButton and row >= 0 and self._is_on_ring(row, event.position().x()):
            self.toggle(row)
            event.accept()
            return
        super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Right opens branches, Left closes them or goes to where the branch began."""
        row = self.currentIndex().row()
        is_plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if row < 0 or not is_plain or event.key() not in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            super().keyPressEvent(event)
        elif event.key() == Qt.Key.Key_Right:
            self.tree.set_open(row, True)
        elif self.tree.layout_.is_open(row):
            self.tree.set_open(row, False)
        else:
            depth = self.tree.row(row).depth
            above = next((one for one in range(row, -1, -1) if self.tree.row(one).depth < depth), row)
            self.setCurrentIndex(self.tree.index(above, 0))

    def paintEvent(self, event: QPaintEvent) -> None:
        """What is missing in sight is read once the rows that are there are painted."""
        super().paintEvent(event)
        if any(self.tree.row(row).kind is not Kind.NODE for row in self.rows_in_sight()):
            self._gap_seen.start()

    def _fill_gap(self) -> None:
        gaps = [row for row in self.rows_in_sight() if self.tree.row(row).kind is not Kind.NODE]
        if gaps:
            self.tree.layout_.fill(gaps[0])

    def _hold(self) -> None:
        """Remember the row at the top, so that nothing moves under the eyes when others come or go above it."""
        if self._anchor is not None:
            return
        for row in self.rows_in_sight():
            node_id = self.tree.node_at(row)
            if node_id is not None:
                self._anchor = node_id, self.rowViewportPosition(row)
                return

    def _stay(self) -> None:
        row = self.tree.row_of(self._anchor[0]) if self._anchor else None
        if self._anchor is not None and row is not None:
            self.updateGeometries()
            moved = self.rowViewportPosition(row) - self._anchor[1]
            self.verticalScrollBar().setValue(self.verticalScrollBar().value() + moved)
        self._anchor = None

    def _is_on_ring(self, row: int, x: float) -> bool:
        column = min(self.tree.row(row).depth, _MOST_INDENTED)
        return column * _INDENT <= x < (column + 1) * _INDENT and self.tree.layout_.has_branches(row)


class _BranchDelegate(TreeDelegate):
    """Paints the lines left of a row, and its dot."""

    def __init__(self, view: TreeView) -> None:
        super().__init__(view)
        self._view = view

    def indent(self, index: Index) -> int:
        """Room for the lines."""
        return (min(self._view.tree.row(index.row()).depth, _MOST_INDENTED) + 1) * _INDENT

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """A row with its lines; in a gap, what is missing."""
        row = self._view.tree.row(index.row())
        if row.kind is Kind.NODE:
            super().paint(painter, option, index)
        else:
            paint_ground(painter, option, is_shown=False)
            room = option.rect.adjusted(self.indent(index) + 6, 0, 0, 0)
            write(painter, room, option.font, theme.current().muted, str(index.data()))
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.current().muted), 1))
        self._draw_lines(painter, option.rect, index.row(), row)
        if row.kind is Kind.NODE:
            self._draw_dot(painter, option.rect, index, row)
        painter.restore()

    def _draw_lines(self, painter: QPainter, rect: QRect, place: int, row: Row) -> None:
        rows = self._view.tree.layout_.rows
        above = rows.columns_below(place - 1) if place else 0
        below = rows.columns_below(place)
        own = row.depth - 1 if row.is_head else row.depth
        middle = rect.center().y() + 0.5
        for column in range(min(row.depth + 2, MOST_COLUMNS, _MOST_INDENTED + 1)):
            comes, goes = bool(above >> column & 1), bool(below >> column & 1)
            x = _centre(rect, column)
            if column < row.depth and comes and goes:
                painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom() + 1))
            elif column == row.depth:
                top = rect.top() if comes and not row.is_head else middle
                bottom = rect.bottom() + 1 if goes else middle
                painter.drawLine(QPointF(x, top), QPointF(x, bottom))
        if row.is_head and 0 <= own < _MOST_INDENTED:
            _draw_arm(painter, _centre(rect, own), _centre(rect, own + 1), rect)

    def _draw_dot(self, painter: QPainter, rect: QRect, index: Index, row: Row) -> None:
        """A dot; a ring with plus or minus where branches can be opened or closed."""
        colours = theme.current()
        has_branches = self._view.tree.layout_.has_branches(index.row())
        colour = QColor(colours.accent if index.data(NodeRole.ON_BRANCH) else colours.muted)
        centre = QPointF(_centre(rect, min(row.depth, _MOST_INDENTED)), rect.center().y() + 0.5)
        painter.setPen(QPen(colour, 1.4))
        painter.setBrush(QColor(colours.surface) if has_branches else colour)
        radius = _RING if has_branches else _DOT
        painter.drawEllipse(centre, radius, radius)
        if not has_branches:
            return
        arm = QPointF(_RING - 2.5, 0)
        painter.drawLine(centre - arm, centre + arm)
        if not self._view.tree.layout_.is_open(index.row()):
            upright = QPointF(0, _RING - 2.5)
            painter.drawLine(centre - upright, centre + upright)


def _centre(rect: QRect, column: int) -> float:
    return rect.left() + column * _INDENT + _INDENT // 2 + 0.5  # on a pixel: lines are crisp


def _draw_arm(painter: QPainter, trunk: float, branch: float, rect: QRect) -> None:
    """From the line that a branch leaves to its first node."""
    middle, bend = rect.center().y() + 0.5, 6.0
    path = QPainterPath(QPointF(trunk, rect.top()))
    path.lineTo(trunk, middle - bend)
    path.quadTo(QPointF(trunk, middle), QPointF(trunk + bend, middle))
    path.lineTo(branch, middle)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPath(path)
