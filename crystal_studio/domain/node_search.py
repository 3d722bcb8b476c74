"""What it means for a node to meet a query, in plain Python; a store may find the same in a faster way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import reduce
from math import gcd, inf, isnan
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.mark import Mark
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.domain.outline import NodeOutline

SHEET = "sheet"
_ACCENTS = re.compile(r"[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+")
_IDEOGRAPH = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])")
_GAP = re.compile(r"[\W_]+")
_LETTER = re.compile(r"([A-Z][a-z]?)(\d*)")


def plain_words(text: str) -> str:
    """A text's words in lower case without accents, subscripts and punctuation, one blank before each.

    "SrTiO₃, Pm-3m" gives " srtio3 pm 3m": a word or a phrase occurs where its own plain words occur in it. Chinese,
    Japanese and Korean characters count as words, for they are written without blanks.
    """
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    spaced = _IDEOGRAPH.sub(r" \1 ", unicodedata.normalize("NFKC", bare))
    words = _GAP.sub(" ", spaced).strip()
    return f" {words}" if words else ""


def asked_words(words: str) -> list[str]:
    """The plain words of each word that is asked for."""
    return [plain for plain in map(plain_words, words.split()) if plain]


def anonymous_formula(composition: Composition) -> str:
    """Amounts in ascending order under the letters of the alphabet, such as "ABC3" for a perovskite."""
    return _lettered(composition.anonymous)


def asked_anonymous(text: str) -> str:
    """An anonymous formula as `anonymous_formula` writes it; "ABX3" and "A2B2C6" give "ABC3".

    Raises:
        UserCorrectable: it is none.
    """
    compact = "".join(text.split())
    if not re.fullmatch(rf"(?:{_LETTER.pattern})+", compact):
        raise UserCorrectable(f"'{text[:40]}' is no anonymous formula. Write one such as ABC3.")
    amounts = [int(count or 1) for _, count in _LETTER.findall(compact)]
    if 0 in amounts:
        raise UserCorrectable(f"'{text[:40]}' has an amount of zero. Write an anonymous formula such as ABC3.")
    factor = reduce(gcd, amounts)
    return _lettered(tuple(sorted(amount // factor for amount in amounts)))


def asked_formula(text: str) -> str:
    """A formula as `Composition.formula` writes it.

    Raises:
        UserCorrectable: it is none.
    """
    return Composition.parse("".join(text.split())).formula


def sheet_of(node: Node) -> str:
    """Id of the contact sheet that a node is a cell of, "" where it is of none."""
    sheet = node.parameters.get(SHEET)
    return sheet if isinstance(sheet, str) else ""


def text_of(node: Node) -> str:
    """What words are looked for in, but for the name and the note."""
    return f"{node.crystal.formula}\n{node.message}\n{node.pivot}\n{node.description}"


def found(query: NodeQuery, nodes: Iterable[Node], marks: Mapping[str, Mark]) -> list[Node]:
    """The nodes that meet a query, sorted; `nodes` are in order of creation, which decides between equals.

    Raises:
        UserCorrectable: the formula or the anonymous formula is none.
    """
    met = [node for node in nodes if meets(query, node, marks.get(node.id, Mark()))]
    if query.is_descending:
        met.reverse()
    values: dict[str, Any] = {node.id: _sort_value(query.order, node, marks.get(node.id, Mark())) for node in met}
    known = [node for node in met if values[node.id] is not None]
    known.sort(key=lambda node: values[node.id], reverse=query.is_descending)
    return known + [node for node in met if values[node.id] is None]


def meets(query: NodeQuery, node: Node, mark: Mark) -> bool:
    """Whether every condition of a query holds.

    Raises:
        UserCorrectable: the formula or the anonymous formula is none.
    """
    composition = node.crystal.composition
    return (
        _has_words(asked_words(query.words), (text_of(node), mark.name, mark.note))
        and set(query.elements) <= set(composition.elements)
        and not set(query.without) & set(composition.elements)
        and (not query.formula or composition.formula == asked_formula(query.formula))
        and (not query.anonymous or anonymous_formula(composition) == asked_anonymous(query.anonymous))
        and (not query.space_groups or node.space_group.number in query.space_groups)
        and _within(query.gap_ev, node.band_gap.value if node.band_gap else None)
        and _within(query.hull_ev, node.e_above_hull.value if node.e_above_hull else None)
        and (node.valid or not query.valid_only)
        and (mark.starred or not query.starred_only)
        and (query.hidden or not mark.is_hidden)
        and (not query.sheet or sheet_of(node) == query.sheet)
    )


def _has_words(asked: list[str], texts: tuple[str, ...]) -> bool:
    """Whether each word begins a word of one of the texts."""
    if not asked:
        return True
    plain = [plain_words(text) for text in texts]
    return all(any(word in text for text in plain) for word in asked)


def _within(bounds: tuple[float | None, float | None], value: float | None) -> bool:
    low, high = bounds
    if low is None and high is None:
        return True
    return value is not None and (-inf if low is None else low) <= value <= (inf if high is None else high)


def _sort_value(order: NodeOrder, node: Node, mark: Mark) -> float | str | None:
    """What a node is sorted by, None where that is unknown; a star that is missing counts as unknown."""
    outline = NodeOutline.of(node)
    value: float | str | None = {
        NodeOrder.CREATED: 0.0,
        NodeOrder.BAND_GAP: outline.band_gap_ev,
        NodeOrder.E_ABOVE_HULL: outline.e_above_hull_ev,
        NodeOrder.FORMULA: outline.formula,
        NodeOrder.SPACE_GROUP: float(outline.space_group),
        NodeOrder.ALIGNMENT: node.alignment,
        NodeOrder.STARRED: 1.0 if mark.starred else None,
    }[order]
    return None if isinstance(value, float) and isnan(value) else value


def _lettered(amounts: tuple[int, ...]) -> str:
    letters = (upper + lower for lower in ("", *ascii_lowercase) for upper in ascii_uppercase)
    return "".join(letter + (str(count) if count > 1 else "") for letter, count in zip(letters, amounts, strict=False))
