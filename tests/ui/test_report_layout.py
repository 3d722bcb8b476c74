"""What is printed: every word of a document, set in pages that end between things that belong together."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QSizeF
from PySide6.QtWidgets import QApplication

from crystal_studio.domain.document import (
    Beside,
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
from crystal_studio.ui.report.layout import laid_out, pixels_per_mm
from crystal_studio.ui.report.pdf import CannotWrite, print_pdf

A4_MM = QSizeF(174, 251)
SQUARE = Drawing('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "a square", 68, 68)


@pytest.fixture(autouse=True)
def application(qapp: QApplication) -> QApplication:
    return qapp


def document(*blocks: object) -> Document:
    return Document("A title", "a subtitle", "a footer", tuple(blocks))


def plain(*blocks: object) -> str:
    return laid_out(document(*blocks), A4_MM).document.toPlainText().replace("\u2028", "\n")


def test_that_every_word_is_set_as_it_is_written() -> None:
    hostile = "<b>not bold</b> & <img src=x>"
    text = plain(
        Heading(f"heading {hostile}"),
        Paragraph(f"line one\nline two {hostile}", Tone.QUOTE),
        Facts((("name", "value"), (hostile, Text(hostile, Tone.BAD)))),
        Table(("one", "two"), (("a", Text("b", Tone.GOOD)), (hostile, hostile)), frozenset({1})),
        Beside(SQUARE, Facts((("beside", "fact"),))),
        Drawings((SQUARE, SQUARE)),
        Paragraph("the end"),
    )
    assert text.count(hostile) == 6
    for word in (
        "A title",
        "a subtitle",
        "line one\nline two",
        "name",
        "value",
        "one",
        "b",
        "beside",
        "fact",
        "the end",
    ):
        assert word in text
    assert text.count("\ufffc") == 3


def test_that_blocks_come_in_order_also_after_tables() -> None:
    table = Table(("h",), (("cell",),))
    text = plain(Paragraph("first"), table, Paragraph("second"), Beside(SQUARE, Facts((("n", "v"),))), Heading("third"))
    places = [text.index(word) for word in ("first", "cell", "second", "v", "third")]
    assert places == sorted(places)


def heading_tops(laid) -> dict[str, float]:
    layout = laid.document.documentLayout()
    found, block = {}, laid.document.begin()
    while block.isValid():
        if block.text().startswith("H"):
            found[block.text()] = layout.blockBoundingRect(block).top()
        block = block.next()
    return found


def test_that_a_part_begins_a_page_and_no_heading_ends_one() -> None:
    parts = []
    for part in range(4):
        parts.append(Heading(f"H{part}"))
        for section in range(12):
            parts.append(Heading(f"H{part}.{section}", 2))
            parts.append(Paragraph("words " * (37 + 11 * section)))
    laid = laid_out(document(*parts), A4_MM)
    height = laid.document.pageSize().height()
    tops = heading_tops(laid)
    assert len(tops) == 52
    assert all(tops[f"H{part}"] % height < 8 * pixels_per_mm() for part in (1, 2, 3))
    assert all(height - top % height >= 17.9 * pixels_per_mm() for top in tops.values())
    assert 5 <= laid.document.pageCount() <= 12


def test_that_text_below_a_heading_that_was_moved_has_lines() -> None:
    """Qt would otherwise leave blank paper."""
    sections = [block for n in range(30) for block in (Heading(f"H{n}", 2), Paragraph("words " * 97))]
    laid = laid_out(document(Heading("H"), *sections), A4_MM)
    block = laid.document.begin()
    while block.isValid():
        assert not block.text() or block.layout().lineCount() > 0
        block = block.next()


def test_that_a_document_of_many_pages_is_set_in_seconds(tmp_path: Path) -> None:
    rows = tuple((f"{n}", "words " * 20, "1.234") for n in range(40))
    parts = [block for n in range(25) for block in (Heading(f"H{n}"), Table(("n", "what", "how much"), rows))]
    pages = print_pdf(document(*parts), tmp_path / "long.pdf")
    assert 25 <= pages <= 100


def test_that_very_long_words_stay_on_the_page() -> None:
    laid = laid_out(document(Facts((("n" * 200, "v" * 5000),)), Paragraph("w" * 5000)), A4_MM)
    assert laid.document.size().width() <= A4_MM.width() * pixels_per_mm() + 1


def test_that_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    with pytest.raises(CannotWrite, match="cannot be written"):
        print_pdf(document(Paragraph("words")), tmp_path / "nowhere" / "r.pdf")
