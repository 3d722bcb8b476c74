"""What differs between two texts, word by word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum

MOST_WORDS = 1500  # a longer text is compared as far as that; the comparison takes the square of it


class Change(StrEnum):
    """What happened to a stretch of words; the value is the sign before it."""

    SAME = ""
    ADDED = "+"
    REMOVED = "−"


@dataclass(frozen=True)
class Stretch:
    """Neighbouring words with the same fate."""

    change: Change
    text: str


def word_diff(before: str, after: str) -> tuple[Stretch, ...]:
    """The words of both texts in order, those that went before those that came."""
    old, new = (re.findall(r"\S+", text)[:MOST_WORDS] for text in (before, after))
    found: list[Stretch] = []
    for kind, start, end, first, last in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Stretch(Change.SAME, " ".join(new[first:last])))
            continue
        if end > start:
            found.append(Stretch(Change.REMOVED, " ".join(old[start:end])))
        if last > first:
            found.append(Stretch(Change.ADDED, " ".join(new[first:last])))
    return tuple(found)
