"""Chemical formulas: parsing, reduction and ordering."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from math import gcd

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable

_TOKEN = re.compile(r"([A-Z][a-z]?)(\d*)|(\()|(\))(\d*)")
_DIATOMIC = {"O": "O2", "N": "N2", "F": "F2", "Cl": "Cl2", "H": "H2"}
_PEROXIDES = {"LiO": "Li2O2", "NaO": "Na2O2", "KO": "K2O2", "HO": "H2O2", "CsO": "Cs2O2", "RbO": "Rb2O2"}
_POLYANION_GAP = 1.65
_MAX_ATOMS = 1000


@dataclass(frozen=True)
class Composition:
    """A chemical composition with whole-number amounts.

    Attributes:
        amounts: (symbol, count) pairs sorted by Pauling electronegativity, then symbol.
    """

    amounts: tuple[tuple[str, int], ...]

    @classmethod
    def from_counts(cls, counts: Mapping[str, int]) -> Composition:
        """Build from symbol -> count; zero counts are dropped."""
        kept = [(symbol, count) for symbol, count in counts.items() if count]
        return cls(tuple(sorted(kept, key=lambda pair: _electronegativity_order(pair[0]))))

    @classmethod
    def from_species(cls, species: Iterable[str]) -> Composition:
        """Build from one symbol per atom."""
        return cls.from_counts(Counter(species))

    @classmethod
    def parse(cls, formula: str) -> Composition:
        """Read a formula such as ``SrTiO3`` or ``Ca3(PO4)2``.

        Raises:
            UserCorrectable: not a formula, or an element that does not exist.
        """
        return cls.from_counts(_parse(formula))

    @property
    def elements(self) -> tuple[str, ...]:
        """Symbols in electronegativity order."""
        return tuple(symbol for symbol, _ in self.amounts)

    @property
    def num_atoms(self) -> int:
        """Atoms in one formula unit as written."""
        return sum(count for _, count in self.amounts)

    @cached_property
    def factor(self) -> int:
        """Greatest common divisor of the amounts."""
        return reduce(gcd, (count for _, count in self.amounts), 0) or 1

    @cached_property
    def reduced(self) -> Composition:
        """The same composition divided by its greatest common divisor."""
        return Composition(tuple((symbol, count // self.factor) for symbol, count in self.amounts))

    @cached_property
    def formula(self) -> str:
        """Reduced formula, ordered and grouped as pymatgen's ``Composition.reduced_formula``."""
        text = _write(self.reduced.amounts)
        if len(self.amounts) == 1:
            return _DIATOMIC.get(text, text)
        return _PEROXIDES.get(text, text)

    @cached_property
    def anonymous(self) -> tuple[int, ...]:
        """Sorted reduced amounts, such as (1, 1, 3) for a perovskite."""
        return tuple(sorted(count for _, count in self.reduced.amounts))

    def species(self, formula_units: int = 1) -> tuple[str, ...]:
        """One symbol per atom for so many reduced formula units."""
        return tuple(symbol for symbol, count in self.reduced.amounts for _ in range(count * formula_units))

    def replaced(self, mapping: Mapping[str, str]) -> Composition:
        """The composition with elements swapped; amounts of merged elements add up."""
        counts: Counter[str] = Counter()
        for symbol, count in self.amounts:
            counts[mapping.get(symbol, symbol)] += count
        return Composition.from_counts(counts)


def is_formula(text: str) -> bool:
    """Whether the text reads as a formula of real elements."""
    try:
        _parse(text)
    except UserCorrectable:
        return False
    return True


def _electronegativity_order(symbol: str) -> tuple[float, str]:
    electronegativity = BY_SYMBOL[symbol].electronegativity
    return (float("inf") if electronegativity is None else electronegativity, symbol)


def _write(amounts: tuple[tuple[str, int], ...]) -> str:
    group = _polyanion(amounts)
    if group:
        amounts = amounts[:-2]
    return "".join(symbol + (str(count) if count > 1 else "") for symbol, count in amounts) + group


def _polyanion(amounts: tuple[tuple[str, int], ...]) -> str:
    """The last two elements as ``(PO4)2``, where pymatgen's `reduce_formula` groups them."""
    if len(amounts) < 3:
        return ""
    (second, second_count), (first, first_count) = amounts[-2:]
    gap = _electronegativity_order(first)[0] - _electronegativity_order(second)[0]
    times = gcd(first_count, second_count)
    if not gap < _POLYANION_GAP or times == 1:
        return ""
    inner = ((second, second_count // times), (first, first_count // times))
    text = "".join(symbol + (str(count) if count > 1 else "") for symbol, count in inner)
    return f"({text}){times}"


def _parse(formula: str) -> Counter[str]:
    text = formula.strip()
    stack: list[Counter[str]] = [Counter()]
    position = 0
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise UserCorrectable(f"'{formula[:60]}' is not a chemical formula. Write it like SrTiO3 or Ca3(PO4)2.")
        _consume(token, stack, formula)
        position = token.end()
    counts = stack[0]
    if len(stack) != 1 or not counts or min(counts.values()) < 1:
        raise UserCorrectable(f"'{formula[:60]}' is not a chemical formula. Check its brackets and numbers.")
    if sum(counts.values()) > _MAX_ATOMS:
        raise UserCorrectable(f"'{formula[:60]}' has more than {_MAX_ATOMS} atoms a formula unit. Use a smaller one.")
    return counts


def _consume(token: re.Match[str], stack: list[Counter[str]], formula: str) -> None:
    symbol, count, opening, closing, times = token.groups()
    if symbol:
        if symbol not in BY_SYMBOL:
            raise UserCorrectable(f"There is no element '{symbol}' (in '{formula[:60]}'). Use symbols like Sr or Ti.")
        stack[-1][symbol] += int(count[:6] or 1)
    elif opening:
        stack.append(Counter())
    elif closing and len(stack) > 1:
        inner = stack.pop()
        for name, amount in inner.items():
            stack[-1][name] += amount * int(times[:6] or 1)
    else:
        raise UserCorrectable(f"'{formula[:60]}' has a bracket too many. Check its brackets.")
