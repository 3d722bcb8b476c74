"""Texts of a crystal at three lengths: its formula, the first sentence (the short pivot) and the whole description."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from crystal_studio.domain.symmetry import SpaceGroup

_NUMPY_INTEGER = re.compile(r"np\.int64\((-?\d+)\)")
_SENTENCE_END = re.compile(r"(?<=\w)\. (?=[A-Z])")
_MONOCLINIC = re.compile(r"^([A-Z])1(.+)1$")


@dataclass(frozen=True)
class Texts:
    """Texts of one crystal; ``full`` is empty where no description is known."""

    formula: str
    short: str
    full: str = ""

    @property
    def variants(self) -> tuple[str, ...]:
        """The texts that exist, shortest first."""
        return (self.formula, self.short, self.full) if self.full else (self.formula, self.short)

    def to_list(self) -> list[str]:
        """Plain data."""
        return [self.formula, self.short, self.full]

    @classmethod
    def from_list(cls, row: Sequence[str]) -> Texts:
        """Inverse of `to_list`."""
        return cls(*row)


def texts_of(formula: str, space_group: int | None, description: str | None) -> Texts:
    """Texts of a crystal: its description where there is one, else a pivot from formula and space group."""
    if not description:
        return Texts(formula, short_pivot(formula, space_group))
    full = _NUMPY_INTEGER.sub(r"\1", description).strip()
    return Texts(formula, _SENTENCE_END.split(full, maxsplit=1)[0].rstrip(".") + ".", full)


def short_pivot(formula: str, space_group: int | None, prototype: str | None = None) -> str:
    """A first sentence as Robocrystallographer writes it: "SrTiO3 crystallizes in the cubic Pm-3m space group."."""
    kind = f"is {prototype} structured and " if prototype else ""
    if space_group is None:
        return f"{formula} {kind}crystallizes in an unknown space group."
    group = SpaceGroup(space_group)
    return f"{formula} {kind}crystallizes in the {group.crystal_system} {short_symbol(group.symbol)} space group."


def short_symbol(symbol: str) -> str:
    """Short symbol of a monoclinic group as Robocrystallographer writes it: ``P12_1/c1`` becomes ``P2_1/c``."""
    return _MONOCLINIC.sub(r"\1\2", symbol)


def choose_text(texts: Texts, generator: random.Random) -> str:
    """One of the texts: the formula 15 %, the short pivot 55 %, the whole description 30 % of the time."""
    draw = generator.random()
    if draw < 0.15:
        return texts.formula
    return texts.full if texts.full and draw > 0.70 else texts.short
