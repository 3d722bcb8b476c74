"""What was read: every file of an import with its warnings, and the crystals that can only be looked at."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from crystal_studio.domain.imported import Imported
from crystal_studio.ui import theme
from crystal_studio.ui.exchange.read_words import ReadEntry, entries, headline
from crystal_studio.ui.notation import one_line
from crystal_studio.ui.plain_label import PlainLabel
from crystal_studio.ui.sign import Sign, paint_sign

_LEAST_SIDE = 18
_LONGEST_NAME = 80


class ReadDialog(QDialog):
    """Files on the left, what there is to say of the chosen one on the right.

    Signals:
        view_asked: a `ReadFile` that is for viewing only.
        node_asked: id of the root that a file became.
    """

    view_asked = Signal(object)
    node_asked = Signal(str)

    def __init__(self, imported: Imported, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("what_was_read")
        self.setWindowTitle("What was read")
        self.entries = entries(imported)
        self.headline = PlainLabel(headline(imported), self, wraps=True)
        self.list = QListWidget(self, uniformItemSizes=True)
        self.list.setAccessibleName("Files")
        self._side = max(_LEAST_SIDE, self.fontMetrics().height())
        self.list.setIconSize(QSize(self._side, self._side))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.text = QPlainTextEdit(self, readOnly=True)
        self.text.setAccessibleName("What was done, and warnings")
        self.view = QPushButton("&View", self)
        self.view.setToolTip("Show it in the 3D view, where it can be looked at and nothing else")
        self.show_node = QPushButton("&Show crystal", self)
        self.show_node.setToolTip("Go to the root that it became")
        self.copy = QPushButton("&Copy all", self)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self._lay_out()
        self._fill()
        self._connect()
        self.list.setCurrentRow(0)

    @property
    def chosen(self) -> ReadEntry | None:
        """The file that is described."""
        row = self.list.currentRow()
        return self.entries[row] if 0 <= row < len(self.entries) else None

    def all_text(self) -> str:
        """Everything, for a report or a colleague."""
        return "\n\n\n".join([self.headline.text(), *(one.text for one in self.entries)]) + "\n"

    def _lay_out(self) -> None:
        font = self.headline.font()
        font.setBold(True)
        self.headline.setFont(font)
        for button in (self.view, self.show_node, self.copy):
            self.buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
        parts = QSplitter(Qt.Orientation.Horizontal, self, childrenCollapsible=False)
        parts.addWidget(self.list)
        parts.addWidget(self.text)
        parts.setStretchFactor(0, 2)
        parts.setStretchFactor(1, 3)
        layout = QVBoxLayout(self)
        layout.addWidget(self.headline)
        layout.addWidget(parts, 1)
        layout.addWidget(self.buttons)
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        room = self.screen().availableSize()
        self.resize(min(letter * 115, room.width() - 40), min(line * 24, room.height() - 80))

    def _fill(self) -> None:
        icons = {sign: _icon(sign, self._side) for sign in Sign}
        for entry in self.entries:
            name = one_line(entry.name)
            shown = name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…"
            item = QListWidgetItem(icons[entry.sign], f"{shown}: {entry.summary}")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{shown}: {entry.summary}, {entry.sign.value}")
            self.list.addItem(item)

    def _connect(self) -> None:
        self.list.currentRowChanged.connect(lambda _row: self._describe())
        self.list.itemActivated.connect(lambda _item: self._go())
        self.view.clicked.connect(self._go)
        self.show_node.clicked.connect(self._go)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.all_text()))
        self.buttons.rejected.connect(self.reject)

    def _describe(self) -> None:
        entry = self.chosen
        self.text.setPlainText(entry.text if entry else "")
        self.view.setVisible(entry is not None and entry.read is not None and not entry.read.is_ordered)
        self.show_node.setVisible(entry is not None and bool(entry.node))

    def _go(self) -> None:
        entry = self.chosen
        if entry is not None and entry.node:
            self.node_asked.emit(entry.node)
        elif entry is not None and entry.read is not None:
            self.view_asked.emit(entry.read)


def _icon(sign: Sign, side: int) -> QIcon:
    ratio = 2
    picture = QPixmap(side * ratio, side * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(theme.current().surface))  # the sign is seen on a selected row as well
    painter.drawEllipse(0, 0, side, side)
    paint_sign(painter, QRectF(0, 0, side, side), sign, theme.current())
    painter.end()
    icon = QIcon(picture)
    icon.addPixmap(picture, QIcon.Mode.Selected)
    return icon
