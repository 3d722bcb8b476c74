"""Paints a node of the design tree: picture, formula, facts, message and where it came from."""

from __future__ import annotations

from math import cos, pi, sin
from typing import Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from crystal_studio.domain.mark import Mark
from crystal_studio.domain.outline import NodeOutline
from crystal_studio.ui import theme
from crystal_studio.ui.history import row_text
from crystal_studio.ui.history.node_model import MAX_NAME_LENGTH, THUMBNAIL_SIZE, NodeRole
from crystal_studio.ui.notation import formula_text
from crystal_studio.ui.sign import Sign, paint_sign

_MARGIN = 6
_LINES = 4
_SMALLER = 0.9
_FADED = 0.45
Index = QModelIndex | QPersistentModelIndex


class TreeDelegate(QStyledItemDelegate):
    """Four lines of text beside a picture; every row is equally high."""

    def indent(self, index: Index) -> int:
        """Pixels left of the picture."""
        return 0

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """High enough for the picture and for the text at the font in force."""
        return QSize(THUMBNAIL_SIZE + 160, row_height(option.font))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row."""
        outline: NodeOutline | None = index.data(NodeRole.OUTLINE)
        if outline is None:
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = paint_ground(painter, option, bool(index.data(NodeRole.SHOWN)))
        if index.data(NodeRole.MARK).is_hidden:
            painter.setOpacity(_FADED)
        left = self.indent(index) + _MARGIN
        inner = option.rect.adjusted(left, _MARGIN // 2, -_MARGIN, -_MARGIN // 2)
        square = QRect(inner.left(), inner.center().y() - THUMBNAIL_SIZE // 2, THUMBNAIL_SIZE, THUMBNAIL_SIZE)
        paint_picture(painter, square, index.data(NodeRole.THUMBNAIL), colours)
        text = QRect(inner)
        text.setLeft(square.right() + 1 + _MARGIN)
        _paint_lines(painter, option.font, text, outline, index, colours)
        painter.restore()

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        """A line for the name, with the formula as a hint."""
        line = QLineEdit(parent)
        line.setMaxLength(MAX_NAME_LENGTH)
        line.setPlaceholderText(formula_text(index.data(NodeRole.FORMULA)))
        line.setAccessibleName("Name of this crystal")
        return line

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        """The name as it is."""
        if isinstance(editor, QLineEdit):
            editor.setText(index.data(Qt.ItemDataRole.EditRole))
            editor.selectAll()

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        """Over the first line, beside the picture."""
        height = editor.sizeHint().height()
        left = option.rect.left() + self.indent(index) + THUMBNAIL_SIZE + 2 * _MARGIN
        editor.setGeometry(left, option.rect.top() + 1, max(option.rect.right() - left, 40), height)


def row_height(font: QFont) -> int:
    """Height of a row at a font."""
    text = QFontMetrics(font).height() + (_LINES - 1) * QFontMetrics(smaller(font)).height()
    return max(THUMBNAIL_SIZE, text) + _MARGIN


def selection_tint(colours: theme.Theme) -> QColor:
    """Laid over a selected row: pale enough for every colour of its text."""
    tint = QColor(colours.accent)
    tint.setAlphaF(0.18)
    return tint


def smaller(font: QFont) -> QFont:
    """The font of the lines that matter less."""
    small = QFont(font)
    if font.pointSizeF() > 0:
        small.setPointSizeF(font.pointSizeF() * _SMALLER)
    return small


def paint_picture(painter: QPainter, square: QRect, picture: QPixmap | None, colours: theme.Theme) -> None:
    """A thumbnail, or an empty tile until it is drawn."""
    if picture is None or picture.isNull():
        painter.setPen(QPen(QColor(colours.border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(square).adjusted(2.5, 2.5, -2.5, -2.5), 4, 4)
        return
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawPixmap(square, picture)


def paint_ground(painter: QPainter, option: QStyleOptionViewItem, is_shown: bool) -> theme.Theme:
    """Selection, focus and the bar of the node that is shown; gives the colours to write with."""
    colours = theme.current()
    ground = QRectF(option.rect)
    painter.fillRect(ground, QColor(colours.surface))  # the table has painted its own selection below
    if option.state & QStyle.StateFlag.State_Selected:
        painter.fillRect(ground, selection_tint(colours))
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(ground, QColor(colours.raised))
    if is_shown:
        painter.fillRect(QRectF(ground.left(), ground.top() + 2, 3, ground.height() - 4), QColor(colours.accent))
    if option.state & QStyle.StateFlag.State_HasFocus:
        painter.setPen(QPen(QColor(colours.accent), 1, Qt.PenStyle.DotLine))
        painter.drawRect(ground.adjusted(0.5, 0.5, -0.5, -0.5))
    return colours


def _paint_lines(
    painter: QPainter, font: QFont, room: QRect, outline: NodeOutline, index: Index, colours: theme.Theme
) -> None:
    mark: Mark = index.data(NodeRole.MARK)
    bold, small = QFont(font), smaller(font)
    bold.setBold(True)
    top = room.top() + max(0, (room.height() - row_height(font) + _MARGIN) // 2)
    first = QRect(room.left(), top, room.width(), QFontMetrics(bold).height())
    left_over = _paint_badges(painter, first, font, index, mark, colours)
    write(painter, left_over, bold, colours.text, row_text.title(outline, mark))
    lines = (
        (colours.text, row_text.facts(outline, mark)),
        (colours.muted, row_text.message(outline)),
        (colours.muted, row_text.origin(outline)),
    )
    line = QRect(room.left(), first.bottom() + 1, room.width(), QFontMetrics(small).height())
    for colour, text in lines:
        write(painter, line, small, colour, text)
        line.translate(0, line.height())


def _paint_badges(painter: QPainter, line: QRect, font: QFont, index: Index, mark: Mark, colours: theme.Theme) -> QRect:
    """Validity, star, note and place among its siblings, from the right; gives what is left of the line."""
    side = min(line.height(), 16)
    spot = QRect(line.right() - side, line.center().y() - side // 2, side, side)
    paint_sign(painter, QRectF(spot), Sign.of(index.data(NodeRole.VALID)), colours)
    left = spot.left() - 4
    for wanted, paint in ((mark.starred, paint_star), (bool(mark.note), _paint_note)):
        if wanted:
            paint(painter, QRectF(left - side, spot.top(), side, side), colours)
            left -= side + 4
    place, count = index.data(NodeRole.SIBLINGS)
    if count > 1:
        text = f"{place:,}/{count:,}"
        width = QFontMetrics(smaller(font)).horizontalAdvance(text)
        write(
            painter, QRect(left - width - 1, line.top(), width + 2, line.height()), smaller(font), colours.muted, text
        )
        left -= width + 6
    return QRect(line.left(), line.top(), max(left - line.left(), 0), line.height())


def write(painter: QPainter, room: QRect, font: QFont, colour: str, text: str) -> None:
    """A line of text, cut off with dots where there is no room."""
    painter.setFont(font)
    painter.setPen(QColor(colour))
    shown = QFontMetrics(font).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    flags: Any = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
    painter.drawText(room, flags, shown)


def paint_star(painter: QPainter, square: QRectF, colours: theme.Theme) -> None:
    """A five-pointed star."""
    centre, outer = square.center(), square.width() / 2
    points = [
        QPointF(centre.x() + radius * sin(pi * corner / 5), centre.y() - radius * cos(pi * corner / 5))
        for corner in range(10)
        for radius in (outer * (0.42 if corner % 2 else 0.95),)
    ]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(colours.warning))
    painter.drawPolygon(QPolygonF(points))


def _paint_note(painter: QPainter, square: QRectF, colours: theme.Theme) -> None:
    """A sheet with lines on it."""
    sheet = square.adjusted(3.5, 2.5, -3.5, -2.5)
    painter.setPen(QPen(QColor(colours.muted), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(sheet)
    for part in (0.35, 0.65):
        height = sheet.top() + sheet.height() * part
        painter.drawLine(QPointF(sheet.left() + 2, height), QPointF(sheet.right() - 2, height))
