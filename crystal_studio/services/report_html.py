"""A document as one HTML page by itself: no scripts, nothing loaded from elsewhere, everything escaped."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable
from html import escape

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

# A browser then refuses whatever an oversight of ours might let in.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLE = """
:root { color-scheme: light; }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1.5rem; background: #fff; color: #1c2026;
  font: 15px/1.5 Helvetica, Arial, "DejaVu Sans", sans-serif; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; }
h2 { margin: 2.6rem 0 .6rem; padding-top: .8rem; border-top: 2px solid #d3d7de; font-size: 1.35rem; }
h3 { margin: 1.4rem 0 .3rem; font-size: 1rem; }
p { margin: .4rem 0; white-space: pre-line; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; font-size: .9rem; }
th, td { padding: .25rem .7rem .25rem 0; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
thead th { border-bottom: 1px solid #8d95a3; white-space: nowrap; }
tbody tr + tr > * { border-top: 1px solid #eaecf0; }
tbody th { width: 11rem; color: #5a6270; font-weight: normal; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.subtitle, .quiet, footer { color: #5a6270; }
.quote { margin: .6rem 0; padding-left: .9rem; border-left: 3px solid #2f5fd0; font-size: 1.05rem; }
.good { color: #1a7f45; } .warning { color: #9a5b00; } .bad { color: #c0322f; }
.beside { display: flex; flex-wrap: wrap; gap: 1.5rem; align-items: flex-start; }
.beside > table { flex: 1 1 22rem; width: auto; min-width: 0; }
.drawings { display: flex; flex-wrap: wrap; gap: 1rem; margin: 1rem 0; }
figure { margin: 0; flex: 0 1 auto; }
figure img, figure svg { display: block; max-width: 100%; height: auto; }
footer { margin-top: 3rem; padding-top: .8rem; border-top: 1px solid #d3d7de; font-size: .85rem; }
@media print { body { margin: 0; max-width: none; font-size: 10.5pt; }
  h2, h3 { break-after: avoid; } tr, figure { break-inside: avoid; } }
"""


def to_html(document: Document) -> str:
    """The page."""
    body = "\n".join(map(_block, document.blocks))
    title, subtitle = escape(document.title), escape(document.subtitle)
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        f'<p class="subtitle">{subtitle}</p>\n{body}\n<footer>{escape(document.footer)}</footer>\n</body>\n</html>\n'
    )


def _block(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"<h{level + 1}>{escape(text)}</h{level + 1}>"
        case Paragraph(text, tone):
            return f"<p{_class(tone)}>{escape(text)}</p>"
        case Facts(rows):
            body = "".join(f'<tr><th scope="row">{escape(name)}</th>{_cell(cell)}</tr>' for name, cell in rows)
            return f"<table><tbody>{body}</tbody></table>"
        case Table():
            return _table(block)
        case Drawings(items):
            return f'<div class="drawings">{"".join(map(_drawing, items))}</div>'
        case Beside(drawing, facts):
            return f'<div class="beside">{_drawing(drawing)}{_block(facts)}</div>'


def _table(table: Table) -> str:
    head = _cells(table.header, table.numeric, "th")
    body = "".join(f"<tr>{_cells(row, table.numeric, 'td')}</tr>" for row in table.rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cells(cells: Iterable[Cell], numeric: frozenset[int], tag: str) -> str:
    return "".join(_cell(cell, tag, index in numeric) for index, cell in enumerate(cells))


def _cell(cell: Cell, tag: str = "td", is_number: bool = False) -> str:
    text, tone = (cell.text, cell.tone) if isinstance(cell, Text) else (cell, Tone.PLAIN)
    names = " ".join([tone.value] * (tone is not Tone.PLAIN) + ["number"] * is_number)
    attribute = f' class="{names}"' if names else ""
    return f"<{tag}{attribute}>{escape(text)}</{tag}>"


def _class(tone: Tone) -> str:
    return "" if tone is Tone.PLAIN else f' class="{tone.value}"'


def _drawing(drawing: Drawing) -> str:
    alt = escape(drawing.alt)
    if drawing.is_chart:
        named = drawing.svg.replace("<svg ", f'<svg role="img" aria-label="{alt}" ', 1)
        return f"<figure>{named}</figure>"
    data = b64encode(drawing.svg.encode()).decode()
    return f'<figure><img src="data:image/svg+xml;base64,{data}" alt="{alt}"></figure>'
