"""Lists whose rows have a sign, a title, facts, and below them what is wrong and what to do, in full."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QGuiApplication, QKeySequence, QPainter, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from crystal_studio.ui import theme
from crystal_studio.ui.notation import breakable, one_line, plain_tooltip
from crystal_studio.ui.sign import Sign, paint_sign

Index = QModelIndex | QPersistentModelIndex
ROW = Qt.ItemDataRole.UserRole
_MARGIN = 6
_SMALLER = 0.92
_TINT = 0.18
_BAR = 3
_WRAPPED = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_UNBOUNDED = 100_000


@dataclass(frozen=True)
class SignRow:
    """One row.

    Attributes:
        key: what it is about; the selection stays with it. None for a heading, which cannot be chosen.
        title: in bold.
        facts: in small letters below, in full.
        badge: a few words at the right of the title.
        sign: a verdict, None for none.
        said: what is wrong with it and what to do.
        is_good_news: whether `said` tells of a success.
        fraction: how far something with it is, None where nothing is under way.
    """

    key: Hashable | None
    title: str
    facts: str = ""
    badge: str = ""
    sign: Sign | None = None
    said: str = ""
    is_good_news: bool = False
    fraction: float | None = None

    @property
    def text(self) -> str:
        """All of it in words, for a clipboard and a screen reader."""
        head = ", ".join(part for part in (self.title, self.badge, self.sign.value if self.sign else "") if part)
        return "\n".join(part for part in (head, self.facts, self.said) if part)


class SignRowsModel(QAbstractListModel):
    """Rows as they are given."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[SignRow, ...] = ()

    def show_rows(self, rows: Sequence[SignRow]) -> bool:
        """Replace the rows; whether they are about other things than before."""
        before, after = [(one.key, one.title) for one in self.rows], [(one.key, one.title) for one in rows]
        if before == after:
            self.rows = tuple(rows)
            if rows:
                self.dataChanged.emit(self.index(0), self.index(len(rows) - 1))
            return False
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()
        return True

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """Rows and headings."""
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Headings are passed over by keys and the mouse."""
        if not index.isValid() or self.rows[index.row()].key is None:
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """The row itself, and its words."""
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == ROW:
            return row
        if role == Qt.ItemDataRole.DisplayRole:
            return row.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return one_line(row.text)
        return plain_tooltip(row.text) if role == Qt.ItemDataRole.ToolTipRole and row.key is not None else None


class SignRowsView(QListView):
    """Shows them; every text is wrapped, none is cut off.

    Signals:
        chosen_changed: other rows are selected.
    """

    chosen_changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None, *, many: bool = False) -> None:
        super().__init__(parent)
        self.rows_model = SignRowsModel(self)
        self.setModel(self.rows_model)
        self.setItemDelegate(SignRowDelegate(self))
        self.setAccessibleName(name)
        modes = QAbstractItemView.SelectionMode
        self.setSelectionMode(modes.ExtendedSelection if many else modes.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())
        copy = QShortcut(QKeySequence.StandardKey.Copy, self, context=Qt.ShortcutContext.WidgetShortcut)
        copy.activated.connect(self.copy)

    @property
    def chosen(self) -> tuple[Hashable, ...]:
        """Keys of the selected rows, from above."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return tuple(self.rows_model.rows[row].key for row in rows)  # type: ignore[misc]

    def show_rows(self, rows: Sequence[SignRow]) -> None:
        """Replace the rows; what was chosen stays chosen where it is still there, else the first row is."""
        before, heights = self.chosen, [self._said_height(row) for row in self.rows_model.rows]
        scrolled = self.verticalScrollBar().value()
        if self.rows_model.show_rows(rows):
            self.choose(before)
            self.verticalScrollBar().setValue(scrolled)
        elif heights != [self._said_height(row) for row in rows]:
            self.scheduleDelayedItemsLayout()

    def choose(self, keys: Sequence[Hashable]) -> None:
        """Select the rows of some keys, the first row where none of them is there."""
        choosable = [number for number, row in enumerate(self.rows_model.rows) if row.key is not None]
        wanted = [number for number in choosable if self.rows_model.rows[number].key in keys] or choosable[:1]
        selection = self.selectionModel()
        flags = selection.SelectionFlag
        if not wanted:
            selection.clear()
            self.chosen_changed.emit()
            return
        selection.setCurrentIndex(self.rows_model.index(wanted[0]), flags.ClearAndSelect)
        for number in wanted[1:]:
            selection.select(self.rows_model.index(number), flags.Select)

    def copy(self) -> None:
        """Put the selected rows on the clipboard, in words."""
        keys = set(self.chosen)
        texts = [row.text for row in self.rows_model.rows if row.key is not None and row.key in keys]
        QGuiApplication.clipboard().setText("\n\n".join(texts))

    def _said_height(self, row: SignRow) -> tuple[bool, bool, int]:
        return bool(row.said), row.fraction is not None, len(row.said) + len(row.facts)


class SignRowDelegate(QStyledItemDelegate):
    """Sign, title and badge; facts; what is said; a bar while something is under way."""

    def __init__(self, view: SignRowsView) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        """As high as its texts at the width of the list."""
        row: SignRow = index.data(ROW)
        width = self._view.viewport().width()
        line = QFontMetrics(_bold(option.font)).height()
        if row.key is None:
            return QSize(width, line + 2 * _MARGIN)
        room = width - 3 * _MARGIN - line
        text = sum(_height(_small(option.font), part, room) for part in (row.facts, row.said) if part)
        return QSize(width, line + text + 2 * _MARGIN + (_BAR + 4 if row.fraction is not None else 0))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        """One row."""
        row: SignRow = index.data(ROW)
        colours = theme.current()
        painter.save()
        _paint_ground(painter, option, row, colours)
        inner = option.rect.adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
        bold = _bold(option.font)
        line = QFontMetrics(bold).height()
        if row.key is None:
            painter.setFont(bold)
            painter.setPen(QColor(colours.muted))
            painter.drawText(inner, _LEFT, row.title)
            painter.restore()
            return
        if row.sign is not None:
            paint_sign(painter, QRectF(inner.left(), inner.top(), line, line), row.sign, colours)
        room = inner.adjusted(line + _MARGIN, 0, 0, 0)
        _paint_title(painter, QRect(room.left(), room.top(), room.width(), line), option.font, row, colours)
        painter.setFont(_small(option.font))
        top = room.top() + line
        said = colours.good if row.is_good_news else colours.warning if row.sign is Sign.ADVICE else colours.bad
        for text, colour in ((row.facts, colours.muted), (row.said, said)):
            if text:
                height = _height(_small(option.font), text, room.width())
                painter.setPen(QColor(colour))
                painter.drawText(QRect(room.left(), top, room.width(), height), _WRAPPED, breakable(text))
                top += height
        if row.fraction is not None:
            _paint_bar(painter, QRectF(room.left(), top + 3, room.width(), _BAR), row.fraction, colours)
        painter.restore()


def _paint_ground(painter: QPainter, option: QStyleOptionViewItem, row: SignRow, colours: theme.Theme) -> None:
    ground = QRectF(option.rect)
    painter.fillRect(ground, QColor(colours.raised if row.key is None else colours.surface))
    if row.key is None:
        return
    if option.state & QStyle.StateFlag.State_Selected:
        tint = QColor(colours.accent)
        tint.setAlphaF(_TINT)  # pale enough for every colour of its text
        painter.fillRect(ground, tint)
        painter.fillRect(QRectF(ground.left(), ground.top(), _BAR, ground.height()), QColor(colours.accent))
    elif option.state & QStyle.StateFlag.State_MouseOver:
        painter.fillRect(ground, QColor(colours.raised))
    if option.state & QStyle.StateFlag.State_HasFocus:
        painter.setPen(QColor(colours.accent))
        painter.drawRect(ground.adjusted(0.5, 0.5, -0.5, -0.5))


def _paint_title(painter: QPainter, room: QRect, font: QFont, row: SignRow, colours: theme.Theme) -> None:
    if row.badge:
        small = _small(font)
        width = QFontMetrics(small).horizontalAdvance(row.badge) + 2
        painter.setFont(small)
        painter.setPen(QColor(colours.accent))
        painter.drawText(QRect(room.right() - width, room.top(), width, room.height()), _LEFT, row.badge)
        room = room.adjusted(0, 0, -width - _MARGIN, 0)
    bold = _bold(font)
    painter.setFont(bold)
    painter.setPen(QColor(colours.text))
    shown = QFontMetrics(bold).elidedText(row.title, Qt.TextElideMode.ElideMiddle, room.width())
    painter.drawText(room, _LEFT, shown)


def _paint_bar(painter: QPainter, bar: QRectF, fraction: float, colours: theme.Theme) -> None:
    painter.fillRect(bar, QColor(colours.border))
    filled = QRectF(bar)
    filled.setWidth(bar.width() * min(max(fraction, 0.0), 1.0))
    painter.fillRect(filled, QColor(colours.accent))


def _height(font: QFont, text: str, width: int) -> int:
    return _wrapped_height(font.toString(), text, width)


@lru_cache(maxsize=8192)
def _wrapped_height(described: str, text: str, width: int) -> int:
    """Height of a text at a width; a list is laid out anew with every row that grows, and most rows stay the same."""
    font = QFont()
    font.fromString(described)
    return QFontMetrics(font).boundingRect(QRect(0, 0, max(width, 1), _UNBOUNDED), _WRAPPED, breakable(text)).height()


def _bold(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setBold(True)
    return bold


def _small(font: QFont) -> QFont:
    small = QFont(font)
    if font.pointSizeF() > 0:
        small.setPointSizeF(font.pointSizeF() * _SMALLER)
    return small
