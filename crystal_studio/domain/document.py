"""A document as blocks of text, tables and drawings, whatever it is printed as."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How a text is meant."""

    PLAIN = "plain"
    QUIET = "quiet"
    QUOTE = "quote"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True)
class Text:
    """A text with its tone; where the tone is plain, a bare string does."""

    text: str
    tone: Tone


Cell = str | Text


@dataclass(frozen=True)
class Heading:
    """A heading; level 1 begins a part, level 2 a section of it."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; its line breaks are kept."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True)
class Facts:
    """Names and values, one pair a line."""

    rows: tuple[tuple[str, Cell], ...]


@dataclass(frozen=True)
class Table:
    """A table.

    Attributes:
        header: one name a column.
        rows: one cell a column.
        numeric: columns that are set flush right.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Drawing:
    """A picture as SVG of our own making.

    Attributes:
        svg: without scripts and without anything that is loaded from elsewhere.
        alt: what it shows, for those who cannot see it.
        width_mm, height_mm: on paper.
        is_chart: whether its texts are to be read as text.
    """

    svg: str
    alt: str
    width_mm: float
    height_mm: float
    is_chart: bool = False


@dataclass(frozen=True)
class Drawings:
    """Drawings side by side, as many in a line as fit."""

    items: tuple[Drawing, ...]


@dataclass(frozen=True)
class Beside:
    """A drawing with facts at its right."""

    drawing: Drawing
    facts: Facts


Block = Heading | Paragraph | Facts | Table | Drawings | Beside


@dataclass(frozen=True)
class Document:
    """Something to be read or printed.

    Attributes:
        title: one line.
        subtitle: one line below it.
        footer: small print of every page.
        blocks: in order.
    """

    title: str
    subtitle: str
    footer: str
    blocks: tuple[Block, ...]
