"""Formulas as Robocrystallographer writes them: IUPAC order, and now and then an alias with decimal amounts."""

from __future__ import annotations

import re
from collections import defaultdict
from fractions import Fraction
from math import lcm

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable

_DECIMAL = re.compile(r"\d\.\d")
_TOKEN = re.compile(r"([A-Z][a-z]?)(\d*(?:\.\d+)?)|(\()|\)(\d*(?:\.\d+)?)")


def read_formula(formula: str) -> Composition:
    """The composition of a formula; decimal amounts such as ``CuAl(S0.5Se0.5)2`` are scaled to whole numbers.

    Raises:
        UserCorrectable: not a formula, or an element that does not exist.
    """
    text = formula.rstrip(".")
    if not _DECIMAL.search(text):
        return Composition.parse(text)
    amounts = _decimal_amounts(text)
    scale = lcm(*(amount.denominator for amount in amounts.values()))
    return Composition.from_counts({symbol: int(amount * scale) for symbol, amount in amounts.items()})


def _decimal_amounts(text: str) -> dict[str, Fraction]:
    stack: list[dict[str, Fraction]] = [defaultdict(Fraction)]
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None or (token[1] and token[1] not in BY_SYMBOL) or (token[0].startswith(")") and len(stack) < 2):
            raise UserCorrectable(f"'{text[:60]}' is not a chemical formula. Write it like SrTiO3 or Ca3(PO4)2.")
        if token[1]:
            stack[-1][token[1]] += Fraction(token[2] or 1)
        elif token[3]:
            stack.append(defaultdict(Fraction))
        else:
            inner = stack.pop()
            for symbol, amount in inner.items():
                stack[-1][symbol] += amount * Fraction(token[4] or 1)
        position = token.end()
    if len(stack) != 1:
        raise UserCorrectable(f"'{text[:60]}' is not a chemical formula. Check its brackets and numbers.")
    return dict(stack[0])
