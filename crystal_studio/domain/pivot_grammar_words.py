"""Number words, ordinals and lists as Robocrystallographer writes them."""

from __future__ import annotations

from collections.abc import Sequence

_TO_TWELVE = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_SMALL = _TO_TWELVE + _TEENS
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_IRREGULAR = {"one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth"}
_IRREGULAR |= {"twelve": "twelfth"}
_LARGEST = 999


def number_word(number: int) -> str:
    """``twenty-four`` for 24; from 1,000 on the digits."""
    if number > _LARGEST or number < 0:
        return str(number)
    if number < len(_SMALL):
        return _SMALL[number]
    if number < 100:
        tens, ones = divmod(number, 10)
        return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")
    hundreds, rest = divmod(number, 100)
    return f"{_SMALL[hundreds]} hundred" + (f" and {number_word(rest)}" if rest else "")


def ordinal_word(number: int) -> str:
    """``twenty-first`` for 21."""
    head, separator, last = number_word(number).rpartition("-")
    if last in _IRREGULAR:
        last = _IRREGULAR[last]
    elif last.endswith("y"):
        last = last[:-1] + "ieth"
    else:
        last += "th"
    return head + separator + last


NUMBERS: dict[str, int] = {number_word(number): number for number in range(200)}
ORDINALS: dict[str, int] = {ordinal_word(number): number for number in range(1, 200)}


def listed(parts: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b, and c``; semicolons where a part holds a comma."""
    if len(parts) < 3:
        return " and ".join(parts)
    mark = ";" if any("," in part for part in parts) else ","
    return f"{mark} ".join(parts[:-1]) + f"{mark} and {parts[-1]}"
