"""The blocks of a document as a `QTextDocument`, set for a page."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QGuiApplication,
    QPainter,
    QPyTextObject,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
    QTextTableCellFormat,
    QTextTableFormat,
)
from PySide6.QtSvg import QSvgRenderer

from crystal_studio.domain.document import (
    Beside,
    Block,
    Cell,
    Document,
    Drawing,
    Drawings,
    Facts,
    Heading,
    Paragraph,
    Table,
    Text,
    Tone,
)

FAMILIES = ["Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"]
_BODY_POINTS = 8.5
_HEADING_POINTS = {1: 13.0, 2: 10.0}
_COLOURS = {
    Tone.QUIET: QColor("#5a6270"),
    Tone.GOOD: QColor("#1a7f45"),
    Tone.WARNING: QColor("#9a5b00"),
    Tone.BAD: QColor("#c0322f"),
}
_ROOM_MM = 18.0  # for two lines of a table below its heading
_BREAK = QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore
_RULE = QBrush(QColor("#d3d7de"))
_MOST_PASSES = 6
_NAMES_MM = 30.0
_LONGEST_CELL = 45  # characters; longer cells are broken into lines
_OBJECT = QTextFormat.ObjectTypes.UserObject.value + 1
_NUMBER = QTextFormat.Property.UserProperty.value + 1


@dataclass(frozen=True)
class Laid:
    """A document set in pages; `drawings` has to live as long as it."""

    document: QTextDocument
    drawings: _Drawings


def laid_out(document: Document, size_mm: QSizeF) -> Laid:
    """Set a document in pages of a size.

    It is set in the pixels of the screen, in which Qt counts margins whatever the device, but in exact ones.
    """
    text = QTextDocument()
    text.setUndoRedoEnabled(False)
    text.setUseDesignMetrics(True)
    drawings = _Drawings(pixels_per_mm())
    text.documentLayout().registerHandler(_OBJECT, drawings)
    text.setDefaultFont(_font(_BODY_POINTS))
    text.setDocumentMargin(0)
    setting = _Setting(text, drawings)
    setting.write(document)
    text.setPageSize(size_mm * pixels_per_mm())
    setting.keep_headings(text.pageSize().height())
    return Laid(text, drawings)


def pixels_per_mm() -> float:
    """Of the screen, which need not be a real one."""
    return QGuiApplication.primaryScreen().logicalDotsPerInch() / 25.4


class _Drawings(QPyTextObject):
    """Paints SVG as vectors where the text has a place for it."""

    def __init__(self, pixels_per_mm: float) -> None:
        super().__init__()
        self._pixels_per_mm = pixels_per_mm
        self._kept: list[tuple[Drawing, QSvgRenderer]] = []

    def place(self, drawing: Drawing) -> QTextCharFormat:
        """A format of one character that stands for the drawing."""
        self._kept.append((drawing, QSvgRenderer(QByteArray(drawing.svg.encode()))))
        place = QTextCharFormat()
        place.setObjectType(_OBJECT)
        place.setProperty(_NUMBER, len(self._kept) - 1)
        return place

    def pixels(self, millimetres: float) -> float:
        """On the device."""
        return millimetres * self._pixels_per_mm

    def intrinsicSize(self, _document: QTextDocument, _position: int, place: QTextFormat) -> QSizeF:
        """How much room it takes."""
        drawing, _ = self._kept[place.property(_NUMBER)]
        return QSizeF(self.pixels(drawing.width_mm), self.pixels(drawing.height_mm))

    def drawObject(
        self, painter: QPainter, rect: QRectF, _document: QTextDocument, _position: int, place: QTextFormat
    ) -> None:
        """Paint it."""
        _, renderer = self._kept[place.property(_NUMBER)]
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter, rect)
        painter.restore()


class _Setting:
    """Writes blocks one after another."""

    def __init__(self, text: QTextDocument, drawings: _Drawings) -> None:
        self._text = text
        self._drawings = drawings
        self._cursor = QTextCursor(text)
        self._headings: list[tuple[int, int]] = []  # where they are, and their level

    def write(self, document: Document) -> None:
        """Title, then every block."""
        edited = self._cursor
        edited.beginEditBlock()
        self._paragraph(document.title, self._characters(17.0, bold=True), after=1.0)
        self._paragraph(document.subtitle, self._characters(_BODY_POINTS, Tone.QUIET), after=2.0)
        for block in document.blocks:
            self._block(block)
        edited.endEditBlock()

    def keep_headings(self, page_height: float) -> None:
        """Move headings of sections to the next page where there is too little room below them for what they head."""
        for _ in range(_MOST_PASSES):
            if not self._moved(page_height):
                return
            # Qt 6.10 leaves the text below a break that was put in later without lines: have all of it set again.
            self._text.markContentsDirty(0, self._text.characterCount())

    def _moved(self, page_height: float) -> bool:
        """Whether one was moved: at most one a part, for a part begins a page and what is below in it moves along."""
        layout = self._text.documentLayout()
        has_moved, is_settled = False, False
        for position, level in self._headings:
            block = self._text.findBlock(position)
            form = block.blockFormat()
            if level == 1:
                is_settled = False
            elif not is_settled and form.pageBreakPolicy() != _BREAK:
                left = page_height - layout.blockBoundingRect(block).top() % page_height
                if left < self._drawings.pixels(_ROOM_MM):
                    form.setPageBreakPolicy(_BREAK)
                    QTextCursor(block).setBlockFormat(form)
                    has_moved = is_settled = True
        return has_moved

    def _block(self, block: Block) -> None:
        match block:
            case Heading(text, level):
                self._heading(text, level)
            case Paragraph(text, tone):
                self._text_block(text, tone)
            case Facts(rows):
                self._facts(self._cursor, rows)
            case Table():
                self._table(block)
            case Drawings(items):
                self._start(QTextBlockFormat())
                for drawing in items:
                    self._cursor.insertText("\ufffc", self._drawings.place(drawing))
            case Beside(drawing, facts):
                self._beside(drawing, facts)

    def _heading(self, text: str, level: int) -> None:
        """Every part but the first begins a page."""
        above = 5.0 if level == 1 else 3.0
        self._paragraph(text, self._characters(_HEADING_POINTS[level], bold=True), before=above, after=1.0)
        if level == 1 and self._headings:
            form = self._cursor.blockFormat()
            form.setPageBreakPolicy(_BREAK)
            self._cursor.setBlockFormat(form)
        self._headings.append((self._cursor.block().position(), level))

    def _text_block(self, text: str, tone: Tone) -> None:
        characters = self._characters(_BODY_POINTS, tone)
        self._paragraph(text, characters, after=1.2, indent=4.0 if tone is Tone.QUOTE else 0.0)

    def _paragraph(
        self, text: str, characters: QTextCharFormat, before: float = 0.0, after: float = 0.0, indent: float = 0.0
    ) -> None:
        form = QTextBlockFormat()
        form.setTopMargin(self._drawings.pixels(before))
        form.setBottomMargin(self._drawings.pixels(after))
        form.setLeftMargin(self._drawings.pixels(indent))
        self._start(form)
        self._cursor.insertText(_lines(text), characters)

    def _start(self, form: QTextBlockFormat) -> None:
        """A new block after what is there; the empty one that a document begins with, or a table leaves, is used."""
        if self._cursor.block().length() > 1:
            self._cursor.insertBlock()
        self._cursor.setBlockFormat(form)
        self._cursor.setBlockCharFormat(self._characters(_BODY_POINTS))

    def _beside(self, drawing: Drawing, facts: Facts) -> None:
        self._start(QTextBlockFormat())
        form = self._plain_table()
        width = QTextLength(QTextLength.Type.FixedLength, self._drawings.pixels(drawing.width_mm + 4))
        form.setColumnWidthConstraints([width, QTextLength()])
        table = self._cursor.insertTable(1, 2, form)
        table.cellAt(0, 0).firstCursorPosition().insertText("\ufffc", self._drawings.place(drawing))
        self._facts(table.cellAt(0, 1).firstCursorPosition(), facts.rows)
        self._leave(table)

    def _facts(self, cursor: QTextCursor, rows: tuple[tuple[str, Cell], ...]) -> None:
        if cursor is self._cursor:
            self._start(QTextBlockFormat())
        form = self._plain_table()
        width = QTextLength(QTextLength.Type.FixedLength, self._drawings.pixels(_NAMES_MM))
        form.setColumnWidthConstraints([width, QTextLength()])
        table = cursor.insertTable(max(len(rows), 1), 2, form)
        for index, (name, cell) in enumerate(rows):
            self._fill(table, index, 0, Text(name, Tone.QUIET))
            self._fill(table, index, 1, cell)
        if cursor is self._cursor:
            self._leave(table)

    def _table(self, content: Table) -> None:
        self._start(QTextBlockFormat())
        form = self._plain_table(after=1.0)  # room that goes over to the next page takes the header along
        form.setHeaderRowCount(1)
        form.setColumnWidthConstraints(_widths(content))
        table = self._cursor.insertTable(len(content.rows) + 1, len(content.header), form)
        for column, name in enumerate(content.header):
            self._fill(table, 0, column, name, bold=True, right=column in content.numeric)
        for index, row in enumerate(content.rows, 1):
            for column, cell in enumerate(row):
                self._fill(table, index, column, cell, right=column in content.numeric)
        self._leave(table)

    def _plain_table(self, after: float = 3.0) -> QTextTableFormat:
        form = QTextTableFormat()
        form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        form.setBorder(0)
        form.setCellSpacing(0)
        form.setBorderCollapse(True)
        form.setBottomMargin(self._drawings.pixels(after))
        form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        return form

    def _fill(
        self, table: QTextTable, row: int, column: int, cell: Cell, bold: bool = False, right: bool = False
    ) -> None:
        text, tone = (cell.text, cell.tone) if isinstance(cell, Text) else (cell, Tone.PLAIN)
        place = table.cellAt(row, column)
        form = QTextTableCellFormat()
        form.setTopPadding(self._drawings.pixels(0.4))
        form.setBottomPadding(self._drawings.pixels(0.4))
        form.setRightPadding(self._drawings.pixels(2.0))
        form.setBottomBorder(self._drawings.pixels(0.15))
        form.setBottomBorderBrush(_RULE)
        form.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
        place.setFormat(form)
        cursor = place.firstCursorPosition()
        if right:
            aligned = QTextBlockFormat()
            aligned.setAlignment(Qt.AlignmentFlag.AlignRight)
            cursor.setBlockFormat(aligned)
        cursor.insertText(_lines(text), self._characters(_BODY_POINTS - 1, tone, bold))

    def _leave(self, table: QTextTable) -> None:
        """Go on below a table."""
        self._cursor = table.lastCursorPosition()
        self._cursor.movePosition(QTextCursor.MoveOperation.NextBlock)

    def _characters(self, points: float, tone: Tone = Tone.PLAIN, bold: bool = False) -> QTextCharFormat:
        form = QTextCharFormat()
        font = _font(points)
        font.setBold(bold)
        font.setItalic(tone is Tone.QUOTE)
        form.setFont(font)
        form.setForeground(_COLOURS.get(tone, QColor("#1c2026")))
        return form


def _font(points: float) -> QFont:
    font = QFont(FAMILIES)
    font.setPointSizeF(points)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    return font


def _widths(table: Table) -> list[QTextLength]:
    """Shares of the width: as much as the longest cell of a column takes, within bounds, and its longest word."""
    weights = []
    for column in zip(table.header, *table.rows, strict=True):
        words = [one.text if isinstance(one, Text) else one for one in column]
        longest_word = max((len(word) for text in words for word in text.split()), default=0)
        weights.append(max(min(max(map(len, words)), _LONGEST_CELL), min(longest_word, _LONGEST_CELL)) + 4)
    return [QTextLength(QTextLength.Type.PercentageLength, 100 * weight / sum(weights)) for weight in weights]


def _lines(text: str) -> str:
    """Line breaks within a paragraph, not between two."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\u2028")
