"""The grid of a contact sheet: pictures with a few words beside each."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from crystal_studio.ui import theme
from crystal_studio.ui.history.node_model import Index
from crystal_studio.ui.history.sheet_cells import Cell, SheetOrder
from crystal_studio.ui.history.sheet_model import CELL_ROLE, SheetModel, cell_lines
from crystal_studio.ui.history.sheet_pictures import PICTURE_SIZE
from crystal_studio.ui.history.tree_delegate import paint_picture, selection_tint, smaller, write
from crystal_studio.ui.sign import Sign, paint_sign

_MARGIN = 5
_LINES = 4
_LETTERS = 17


class SheetView(QTableView):
    """Cells of one size.

    Signals:
        looked_at: the node of a cell that was clicked or reached by keys.
        promoted: the node of a cell that was double-clicked, or on which Enter was pressed.
    """

    looked_at = Signal(object)
    promoted = Signal(object)

    def __init__(self, model: SheetModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sheet = model
        self.setModel(model)
        self.setItemDelegate(_CellDelegate(self))
        self.setAccessibleName("Cells of the contact sheet")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        for mode in (self.setVerticalScrollMode, self.setHorizontalScrollMode):
            mode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setHighlightSections(False)
            header.setSectionsClickable(False)
        self._set_sizes()
        self.doubleClicked.connect(lambda index: self._tell(index, self.promoted))
        self.selectionModel().currentChanged.connect(lambda index, _before: self._tell(index, self.looked_at))
        self.clicked.connect(lambda index: self._tell(index, self.looked_at))

    def show_order(self, order: SheetOrder) -> None:
        """Headings belong to the grid of strengths and seeds alone."""
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setVisible(order is SheetOrder.GRID)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter promotes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._tell(self.currentIndex(), self.promoted)
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As many cells side by side as fit."""
        super().resizeEvent(event)
        self._sheet.wrap_at(event.size().width() // cell_size(self.font()).width())

    def changeEvent(self, event: QEvent) -> None:
        """Cells grow with their text."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._set_sizes()

    def _set_sizes(self) -> None:
        size = cell_size(self.font())
        self.horizontalHeader().setDefaultSectionSize(size.width())
        self.verticalHeader().setDefaultSectionSize(size.height())

    def _tell(self, index: Index, signal: Signal) -> None:
        cell = self._sheet.cell(index)
        if cell is not None and cell.node is not None:
            signal.emit(cell.node)


class _CellDelegate(QStyledItemDelegate):
    """A picture beside four lines of text."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """All cells are of one size."""
        return cell_size(option.font)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One cell."""
        cell: Cell | None = index.data(CELL_ROLE)
        if cell is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.current()
        ground = option.rect.adjusted(2, 2, -2, -2)
        painter.fillRect(ground, QColor(colours.surface))
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(ground, selection_tint(colours))
        edge = colours.accent if option.state & QStyle.StateFlag.State_HasFocus else colours.border
        painter.setPen(QPen(QColor(edge), 1))
        painter.drawRect(ground)
        middle = ground.center().y() - PICTURE_SIZE // 2
        square = QRect(ground.left() + _MARGIN, middle, PICTURE_SIZE, PICTURE_SIZE)
        height = text_height(option.font)
        text = QRect(square.right() + _MARGIN, ground.center().y() - height // 2, 0, height)
        text.setRight(ground.right() - _MARGIN)
        if cell.node is None:
            painter.setPen(QColor(colours.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(ground.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN), flags, cell_lines(cell)[0])
        else:
            paint_picture(painter, square, index.data(Qt.ItemDataRole.DecorationRole), colours)
            side = min(QFontMetrics(option.font).height(), 16)
            sign = QRect(ground.right() - side - 3, ground.top() + 4, side, side)
            paint_sign(painter, QRectF(sign), Sign.of(cell.node.valid), colours)
            _write_lines(painter, option.font, text, cell, colours)
        painter.restore()


def cell_size(font: QFont) -> QSize:
    """Room for the picture and the lines at a font."""
    letters = QFontMetrics(smaller(font)).averageCharWidth() * _LETTERS
    return QSize(PICTURE_SIZE + letters + 3 * _MARGIN + 4, max(PICTURE_SIZE, text_height(font)) + 2 * _MARGIN + 4)


def text_height(font: QFont) -> int:
    """Room for the lines at a font."""
    return QFontMetrics(font).height() + (_LINES - 1) * QFontMetrics(smaller(font)).height()


def _write_lines(painter: QPainter, font: QFont, room: QRect, cell: Cell, colours: theme.Theme) -> None:
    bold = QFont(font)
    bold.setBold(True)
    line = QRect(room.left(), room.top(), room.width(), QFontMetrics(bold).height())
    for number, words in enumerate(cell_lines(cell)):
        colour = colours.text if number < _LINES - 1 else colours.muted
        write(painter, line, bold if number == 0 else smaller(font), colour, words)
        line.translate(0, line.height())
        line.setHeight(QFontMetrics(smaller(font)).height())
