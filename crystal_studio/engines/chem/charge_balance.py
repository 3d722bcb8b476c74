"""SMACT's verdict on a composition, with the charges behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL

_LISTED_SUMS = 3
_COMPARED_SUMS = 200
_CACHED_FORMULAS = 4096

Charges = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class ChargeBalance:
    """What SMACT says of a composition.

    Attributes:
        valid: its verdict, alloys and mixed valence admitted.
        alloy: whether it is valid as an element or an alloy, whatever the charges.
        charges: the three most usual neutral assignments: element and mean charge of its atoms.
        metallicity: SMACT's score, 0 (ionic) to 1 (metallic).
        unknown: elements without an oxidation state in SMACT's list.
    """

    valid: bool
    alloy: bool
    charges: tuple[Charges, ...]
    metallicity: float
    unknown: tuple[str, ...]


@lru_cache(maxsize=_CACHED_FORMULAS)
def charge_balance(composition: Composition) -> ChargeBalance:
    """SMACT 4.0.2's ``smact_validity(..., include_alloys=True, mixed_valence=True)`` with its reasons.

    The library tries every combination of charges, up to a million; here the sums that each element can reach are
    counted instead, which gives the same verdict in milliseconds (asserted against the library in the tests). Where
    the library would give up beyond a million combinations, this answers.
    Source: Davies et al., Chem 1, 617 (2016); J. Open Source Softw. 4, 1361 (2019).
    """
    from smact import metals
    from smact.metallicity import metallicity_score

    reduced = composition.reduced
    states = _oxidation_states()
    unknown = tuple(symbol for symbol in reduced.elements if not states.get(symbol))
    alloy = len(reduced.elements) == 1 or all(symbol in metals for symbol in reduced.elements)
    neutral = [] if unknown else list(islice(_neutral(reduced), _COMPARED_SUMS))
    charges = tuple(sorted(neutral, key=_strangeness)[:_LISTED_SUMS])
    metallicity = float(metallicity_score("".join(f"{symbol}{count}" for symbol, count in reduced.amounts)))
    return ChargeBalance(alloy or bool(charges), alloy, charges, metallicity, unknown)


@lru_cache(maxsize=1)
def _oxidation_states() -> dict[str, tuple[int, ...]]:
    """SMACT's default list: states seen at least three times in the ICSD of 2024."""
    from smact.utils.oxidation import ICSD24OxStatesFilter

    table = ICSD24OxStatesFilter().filter(consensus=3, include_zero=False, commonality="low")
    rows = zip(table["element"], table["oxidation_state"], strict=True)
    return {str(symbol): tuple(int(state) for state in str(listed).split()) for symbol, listed in rows}


def _neutral(composition: Composition) -> Iterator[Charges]:
    """Neutral assignments, each element all cation or all anion."""
    symbols, counts = composition.elements, [count for _, count in composition.amounts]
    for signs in _pauling_signs(symbols):
        reachable = [_sums(*arguments) for arguments in zip(symbols, counts, signs, strict=True)]
        for totals in _zero_sums(reachable):
            yield tuple((symbol, total / count) for symbol, total, count in zip(symbols, totals, counts, strict=True))


def _strangeness(charges: Charges) -> float:
    """How far the mean charges lie outside the range of each element's common states, summed."""
    total = 0.0
    for symbol, charge in charges:
        common = [state for state in BY_SYMBOL[symbol].common_oxidation_states if state * charge > 0] or [0]
        total += max(min(common) - charge, charge - max(common), 0.0)
    return total


def _pauling_signs(symbols: tuple[str, ...]) -> Iterator[tuple[int, ...]]:
    """Signs that pass the Pauling test: each anion more electronegative than each cation, so one cut parts them."""
    values = [BY_SYMBOL[symbol].electronegativity for symbol in symbols]
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return
    for cut in sorted(set(known))[1:]:
        yield tuple(-1 if value >= cut else 1 for value in known)


def _sums(symbol: str, count: int, sign: int) -> list[int]:
    """Total charges that `count` atoms of an element can have with one sign."""
    from smact.screening import MIXED_VALENCE_ELEMENTS

    states = [state for state in _oxidation_states()[symbol] if state * sign > 0]
    whole = [state * count for state in states]
    if symbol not in MIXED_VALENCE_ELEMENTS:
        return whole
    reached = {0}
    for _ in range(count):
        reached = {total + state for total in reached for state in states}
    return whole + sorted(reached - set(whole), key=abs)


def _zero_sums(reachable: list[list[int]]) -> Iterator[tuple[int, ...]]:
    """Choices of one total for each element that sum to zero."""
    rests = [{0}]
    for totals in reversed(reachable):
        rests.append({rest + total for rest in rests[-1] for total in totals})
    rests.reverse()

    def extend(index: int, needed: int) -> Iterator[tuple[int, ...]]:
        if index == len(reachable):
            yield ()
            return
        for total in reachable[index]:
            if needed - total in rests[index + 1]:
                for tail in extend(index + 1, needed - total):
                    yield (total, *tail)

    if 0 in rests[0]:
        yield from extend(0, 0)
