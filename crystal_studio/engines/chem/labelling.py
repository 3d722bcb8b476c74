"""Which elements of one crystal may sit where which of another do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL

_MOST_EXCHANGES = 6
_MOST_ELEMENTS_EXCHANGED = 5
_LEAST_ELECTRONEGATIVITY_OF_AN_ANION = 2.5
_ANY, _CATION, _ANION = "Md", "No", "Lr"  # stand for kinds of site; they live for hours, no crystal holds them

Shares = dict[str, Fraction]


@dataclass(frozen=True)
class Labelling:
    """Atoms that bear the same label may be matched.

    Attributes:
        first, second: element of the crystal -> label, which is written as an element.
        keeps_elements: whether each label is the element itself.
    """

    first: Mapping[str, str]
    second: Mapping[str, str]
    keeps_elements: bool = False


def labellings(first: Composition, second: Composition) -> Iterator[Labelling]:
    """Ways to match two compositions, what a chemist would try first.

    Equal elements; then one element for another, nearest in electronegativity; then a site shared out among several
    elements of one role; then the framework with elements ignored.
    """
    before, after = _shares(first), _shares(second)
    if before == after:
        names = {symbol: symbol for symbol in before}
        yield Labelling(names, names, keeps_elements=True)
    else:
        yield from _exchanges(before, after)
        yield from _roles(before, after)
    yield Labelling(dict.fromkeys(before, _ANY), dict.fromkeys(after, _ANY))


def _shares(composition: Composition) -> Shares:
    return {symbol: Fraction(count, composition.num_atoms) for symbol, count in composition.amounts}


def _kept(before: Shares, after: Shares) -> set[str]:
    return {symbol for symbol, share in before.items() if after.get(symbol) == share}


def _exchanges(before: Shares, after: Shares) -> Iterator[Labelling]:
    """Each element that went for one that came in the same amount."""
    kept = _kept(before, after)
    gone, come = sorted(before.keys() - kept), sorted(after.keys() - kept)
    if len(gone) != len(come) or len(gone) > _MOST_ELEMENTS_EXCHANGED:
        return
    fitting = [
        order
        for order in permutations(come)
        if all(before[old] == after[new] for old, new in zip(gone, order, strict=True))
    ]
    fitting.sort(key=lambda order: sum(_unlike(old, new) for old, new in zip(gone, order, strict=True)))
    for order in fitting[:_MOST_EXCHANGES]:
        names = {symbol: symbol for symbol in before}
        yield Labelling(names, {symbol: symbol for symbol in kept} | dict(zip(order, gone, strict=True)))


def _roles(before: Shares, after: Shares) -> Iterator[Labelling]:
    """Elements that stay keep their name; the others are cations or anions."""
    kept = _kept(before, after)
    first, second = ({symbol: symbol if symbol in kept else _role(symbol) for symbol in one} for one in (before, after))
    if _by_label(before, first) == _by_label(after, second):
        yield Labelling(first, second)


def _role(symbol: str) -> str:
    electronegativity = BY_SYMBOL[symbol].electronegativity or 0.0
    return _ANION if electronegativity >= _LEAST_ELECTRONEGATIVITY_OF_AN_ANION else _CATION


def _by_label(shares: Shares, labels: Mapping[str, str]) -> Shares:
    found: Shares = {}
    for symbol, share in shares.items():
        found[labels[symbol]] = found.get(labels[symbol], Fraction(0)) + share
    return found


def _unlike(old: str, new: str) -> float:
    """Squared difference in electronegativity; unknown ones are far from everything."""
    values = [BY_SYMBOL[symbol].electronegativity for symbol in (old, new)]
    if values[0] is None or values[1] is None:
        return 16.0
    return float((values[0] - values[1]) ** 2)
