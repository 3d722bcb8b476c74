"""A document as PDF on A4, its drawings as vectors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QPageLayout, QPageSize, QPainter, QPdfWriter

from crystal_studio.domain.document import Document
from crystal_studio.ui.report.layout import FAMILIES, Laid, laid_out, pixels_per_mm

_DPI = 600
_MARGINS_MM = QMarginsF(18, 16, 18, 20)
_FOOTER_MM = 10.0
_ABOVE_MM = 0.6  # rings and accents of the first line of the next page rise above it
_MUTED = QColor("#5a6270")


class CannotWrite(OSError):
    """The file cannot be written."""


def print_pdf(document: Document, out: Path) -> int:
    """Write a document; returns the number of its pages. A QGuiApplication must be there.

    Args:
        document: what to print.
        out: the file.

    Raises:
        CannotWrite: the file cannot be written.
    """
    try:
        out.touch()
    except OSError as error:
        raise CannotWrite(f"{out} cannot be written ({error.strerror})") from error
    writer = QPdfWriter(str(out))
    writer.setResolution(_DPI)
    writer.setTitle(document.title)
    writer.setCreator(document.footer)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(_MARGINS_MM, QPageLayout.Unit.Millimeter)
    laid = laid_out(document, QSizeF(_millimetres(writer.width()), _millimetres(writer.height()) - _FOOTER_MM))
    painter = QPainter()
    if not painter.begin(writer):
        raise CannotWrite(f"{out} cannot be written")
    _paint(painter, writer, laid, document.footer)
    if not painter.end():
        raise CannotWrite(f"{out} cannot be written to its end")
    return laid.document.pageCount()


def _millimetres(dots: float) -> float:
    return dots / _DPI * 25.4


def _paint(painter: QPainter, writer: QPdfWriter, laid: Laid, footer: str) -> None:
    pages = laid.document.pageCount()
    size = laid.document.pageSize()
    scale = _DPI / 25.4 / pixels_per_mm()
    spare = _ABOVE_MM * pixels_per_mm()
    for page in range(pages):
        if page:
            writer.newPage()
        painter.save()
        painter.scale(scale, scale)
        painter.translate(0, -page * size.height())
        laid.document.drawContents(painter, QRectF(0, page * size.height(), size.width(), size.height() - spare))
        painter.restore()
        _paint_foot(painter, QRectF(0, 0, writer.width(), writer.height()), (footer, f"{page + 1} of {pages}"))


def _paint_foot(painter: QPainter, page: QRectF, words: Sequence[str]) -> None:
    font = QFont(FAMILIES, 8)
    painter.setFont(font)
    painter.setPen(_MUTED)
    sides = (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight)
    for text, side in zip(words, sides, strict=True):
        painter.drawText(page, side | Qt.AlignmentFlag.AlignBottom, text)
