"""A search as one line of text: `el:Sr,Ti gap:2-4 sg:225 * cubic`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from math import isfinite

import numpy as np

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.node_query import NodeOrder, NodeQuery
from crystal_studio.domain.node_search import asked_anonymous

HELP = """Words are looked for in formulas, messages, pivots, descriptions, names and notes.
el:Sr,Ti   contains these elements      no:Pb   does not
f:SrTiO3   this formula      anon:ABC3   this pattern of a formula
sg:225 or sg:195-230,62   space groups
gap:2-4, gap:>2, gap:<4   band gap in eV
hull:<0.1   energy above the hull in eV/atom
is:valid   is:hidden   * starred only
by:gap, by:-hull, by:formula, by:group, by:alignment, by:star   order, - largest first"""

_ORDERS = {
    "created": NodeOrder.CREATED,
    "gap": NodeOrder.BAND_GAP,
    "hull": NodeOrder.E_ABOVE_HULL,
    "formula": NodeOrder.FORMULA,
    "group": NodeOrder.SPACE_GROUP,
    "alignment": NodeOrder.ALIGNMENT,
    "star": NodeOrder.STARRED,
}
_NUMBER = r"[-−]?\d+(?:\.\d+)?|[-−]?\.\d+"
_RANGE = re.compile(rf"({_NUMBER})?\s*(?:-|–|\.\.)\s*({_NUMBER})?")
_BOUND = re.compile(rf"([<>])=?\s*({_NUMBER})")
_GROUPS = re.compile(r"(\d{1,3})(?:-(\d{1,3}))?")
_MOST_GROUP = 230

Bounds = tuple[float | None, float | None]


def parse_query(text: str) -> NodeQuery:
    """The search that a line asks for.

    Raises:
        UserCorrectable: a part of it cannot be read.
    """
    query, words = NodeQuery(), []
    for part in text.split():
        key, colon, value = part.partition(":")
        if part == "*":
            query = replace(query, starred_only=True)
        elif colon and key.casefold() in _PARTS:
            if not value:
                raise UserCorrectable(f"Nothing stands behind {key}: yet. Write for example el:Sr,Ti or gap:2-4.")
            query = _PARTS[key.casefold()](query, value)
        else:
            words.append(part)
    return replace(query, words=" ".join(words))


def query_text(query: NodeQuery) -> str:
    """The line that asks for a search; `parse_query` gives it back."""
    parts = [
        _listed("el", query.elements),
        _listed("no", query.without),
        f"f:{query.formula}" if query.formula else "",
        f"anon:{query.anonymous}" if query.anonymous else "",
        _listed("sg", group_ranges(query.space_groups)),
        _bounds_text("gap", query.gap_ev),
        _bounds_text("hull", query.hull_ev),
        "is:valid" if query.valid_only else "",
        "is:hidden" if query.hidden else "",
        "*" if query.starred_only else "",
        _order_text(query),
        query.words,
    ]
    return " ".join(part for part in parts if part)


def read_elements(value: str) -> tuple[str, ...]:
    """Symbols between commas or blanks, in any case.

    Raises:
        UserCorrectable: one is no element.
    """
    symbols = [part[:1].upper() + part[1:].lower() for part in re.split(r"[,;\s]+", value) if part]
    for symbol in symbols:
        if symbol not in BY_SYMBOL:
            raise UserCorrectable(f"'{symbol[:20]}' is no element. Write symbols such as Sr,Ti.")
    return tuple(dict.fromkeys(symbols))


def read_groups(value: str) -> tuple[int, ...]:
    """Numbers of space groups, and ranges of them.

    Raises:
        UserCorrectable: one is not from 1 to 230.
    """
    found: list[int] = []
    for part in (one for one in re.split(r"[,;\s]+", value) if one):
        match = _GROUPS.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last <= _MOST_GROUP:
            raise UserCorrectable(f"'{part[:20]}' is no space group. Write numbers from 1 to 230, such as 225,195-206.")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def read_formula(value: str) -> str:
    """A formula as it is stored.

    Raises:
        UserCorrectable: it is none.
    """
    return Composition.parse(value).formula


def read_bounds(value: str, name: str) -> Bounds:
    """A range such as 2-4, 2-, -4, >2 or <4.

    Raises:
        UserCorrectable: it is none, or its ends are the wrong way round.
    """
    bound = _BOUND.fullmatch(value)
    if bound is not None:
        end = _number(bound[2])
        return (end, None) if bound[1] == ">" else (None, end)
    both = _RANGE.fullmatch(value)
    if both is not None and (both[1] or both[2]):
        low, high = (_number(end) if end else None for end in both.groups())
    else:
        try:
            low = high = _number(value)
        except ValueError as error:
            raise UserCorrectable(f"'{value[:20]}' is no range for {name}. Write 2-4, >2 or <4.") from error
    if low is not None and high is not None and low > high:
        raise UserCorrectable(f"The range {value[:20]} for {name} is the wrong way round.")
    return low, high


def _number(text: str) -> float:
    value = float(text.replace("−", "-"))
    if not isfinite(value):
        raise ValueError(text)
    return value


def _read_order(query: NodeQuery, value: str) -> NodeQuery:
    name = value.removeprefix("-").casefold()
    if name not in _ORDERS:
        raise UserCorrectable(f"Nothing can be sorted by '{name[:20]}'. Write by: and one of {', '.join(_ORDERS)}.")
    return replace(query, order=_ORDERS[name], is_descending=value.startswith("-"))


def _read_flag(query: NodeQuery, value: str) -> NodeQuery:
    flags = {
        "valid": replace(query, valid_only=True),
        "starred": replace(query, starred_only=True),
        "hidden": replace(query, hidden=True),
    }
    if value.casefold() not in flags:
        raise UserCorrectable(f"A node cannot be '{value[:20]}'. Write is:valid, is:starred or is:hidden.")
    return flags[value.casefold()]


_Read = Callable[[NodeQuery, str], NodeQuery]
_PARTS: dict[str, _Read] = {
    "el": lambda query, value: replace(query, elements=read_elements(value)),
    "no": lambda query, value: replace(query, without=read_elements(value)),
    "f": lambda query, value: replace(query, formula=read_formula(value)),
    "anon": lambda query, value: replace(query, anonymous=asked_anonymous(value)),
    "sg": lambda query, value: replace(query, space_groups=read_groups(value)),
    "gap": lambda query, value: replace(query, gap_ev=read_bounds(value, "the gap")),
    "hull": lambda query, value: replace(query, hull_ev=read_bounds(value, "the energy above the hull")),
    "is": _read_flag,
    "by": _read_order,
}


def _listed(key: str, values: tuple[str, ...]) -> str:
    return f"{key}:{','.join(values)}" if values else ""


def group_ranges(groups: tuple[int, ...]) -> tuple[str, ...]:
    """Neighbouring numbers as ranges."""
    ranges: list[list[int]] = []
    for group in groups:
        if ranges and group == ranges[-1][1] + 1:
            ranges[-1][1] = group
        else:
            ranges.append([group, group])
    return tuple(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def bounds_value(bounds: Bounds) -> str:
    """A range as `read_bounds` reads it, "" for no bound."""
    low, high = bounds
    if low is None:
        return f"<{_short(high)}" if high is not None else ""
    if high is None:
        return f">{_short(low)}"
    return f"{_short(low)}{'-' if low >= 0 and high >= 0 else '..'}{_short(high)}"


def _short(value: float) -> str:
    """Exact, without zeros behind the point and without an exponent."""
    return str(np.format_float_positional(value, trim="-"))


def _bounds_text(key: str, bounds: Bounds) -> str:
    value = bounds_value(bounds)
    return f"{key}:{value}" if value else ""


def _order_text(query: NodeQuery) -> str:
    if query.order is NodeOrder.CREATED and not query.is_descending:
        return ""
    name = next(name for name, order in _ORDERS.items() if order is query.order)
    return f"by:{'-' if query.is_descending else ''}{name}"
