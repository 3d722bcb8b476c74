"""Stoichiometry heard in a message: general formulas, ratios, "dioxide", and numbers of elements."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import reduce
from math import gcd

from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar_words import NUMBERS
from crystal_studio.services.listen_denial import denied_spans, is_denied
from crystal_studio.services.listen_elements import blanked, mentions_in

_PART = r"(?:Ln|RE|[A-Z][a-z]?)'{0,2}"
_GENERAL = re.compile(rf"(?<![\w/-])(?:{_PART}\d{{0,2}}){{2,6}}(?![\w/'])")
_STANDS_FOR = re.compile(rf"({_PART})(\d*)")
_PLACEHOLDERS = frozenset({*"AMXRQZLTDE", "A'", "A''", "B'", "B''", "M'", "X'", "Ln", "RE"})
_BESIDE_A = frozenset("BCY")  # elements elsewhere, but not in AB2X4, ABC2 and XY2
_ONLY_LETTERS = frozenset({"AB", "ABX", "ABC", "MX", "AX"})  # other capitals without numbers are abbreviations
_RATIO = re.compile(
    r"(?<![\w.:-])(?:\d{1,2}(?::\d{1,2})+|\d{1,2}(?:[-–]\d{1,2}){2,})(?![\w:%]|\.\d|[-–]\d| ?(?:%|eV|Å|pm))"
)
_NUMBER = r"(?:one|two|three|four|five|six|seven|eight|[1-9])"
_FOR_EACH = re.compile(
    "|".join(
        (
            rf"\b(?P<many>{_NUMBER}) (?:atoms? of )?[A-Za-z]+(?: atoms?)? (?:for (?:each|every)|"
            r"per) (?!formula|cell|unit)[A-Za-z]+",
            r"\b(?P<twice>twice) as (?:much|many) \w+ as \w+",
        )
    ),
    re.IGNORECASE,
)
_NO_MORE = re.compile(r"\b(?:nothing else|only|just|binary|no other)\b", re.IGNORECASE)
_EQUIATOMIC = re.compile(r"\b(?:equiatomic|equimolar|one of each|equal amounts)\b", re.IGNORECASE)
_FROM = re.compile(r"\b(?:from|not|instead of|rather than|than|away from) (?:an? |the )?$", re.IGNORECASE)
_PREFIXED = re.compile(
    r"\b(?P<prefix>mono|di|tri|tetra|pent(?:a)?|hexa|sesqui)"
    r"(?=(?:ox|sul(?:f|ph)|selen|tellur|nitr|bor|silic|fluor|chlor|brom|iod|phosph|arsen|chalcogen|hal|hydr)ides?\b)",
    re.IGNORECASE,
)
_AMOUNTS = {"mono": (1, 1), "di": (1, 2), "tri": (1, 3), "tetra": (1, 4), "hexa": (1, 6), "sesqui": (2, 3)}
_PENTOXIDE = re.compile(r"pent(?:a)?(?:ox|sul|selen|tellur)", re.IGNORECASE)
_COUNTS = (
    ("(?<![a-z]-)elemental|unary|pure element|single element(?= *[,.;]| only| and no)", 1),
    (
        "(?<!pseudo-)(?<!pseudo)binar(?:y|ies)|bi-?elemental|"
        "(?:at most|(?:no|not) more than) two (?:different )?elements",
        2,
    ),
    ("(?<!pseudo-)(?<!pseudo)ternar(?:y|ies)", 3),
    ("quaternar(?:y|ies)", 4),
    ("quinary", 5),
)
_ELEMENT_COUNT = re.compile(
    "|".join(
        (
            r"\b(?P<exact>exactly |only |just )?(?P<count>one|two|three|four|five|six|"
            r"[1-6])[- ](?:different |distinct |chemical )*(?:elements?|components?|ingredients?|"
            r"constituents?|species|kinds? of atoms?)\b",
            r"(?:#(?:species|elements)|\bN_?el(?:ements|em)?) ?= ?(?P<equals>[1-6])\b",
            r"\bfrom (?:two|three|four|five|[2-5])(?: elements?)? to (?P<to>one|two|three|four|five|"
            r"[1-5])\b(?! ?eV)",
            r"\b(?P<ordinal>third|3rd|fourth|4th|fifth|5th) (?:and (?:last|final) )?(?:element|component|"
            r"ingredient|constituent|species|player|partner|guest)\b",
        )
    ),
    re.IGNORECASE,
)
_ORDINALS = {"third": 3, "3rd": 3, "fourth": 4, "4th": 4, "fifth": 5, "5th": 5}
_ONE_MORE = re.compile(
    r"(?<!\bnot )(?<!\bno )\b(?:(?:one|a single) (?:more|extra|further|additional)|(?:and|plus|with) one other) "
    r"(?:kind of atom|element|component|ingredient|constituent|species|metal)\b",
    re.IGNORECASE,
)
_ONE_OTHER = re.compile(
    r"\b(?:and|plus|with|but) (?:only |just |exactly |nothing but )?(?:one|a single|a second)(?: other| more|"
    r" further)?"
    r"(?: (?:element|partner|component)\b(?! \w*(?:plac|chang|titut|swap)| (?:fewer|less|out))|"
    r"(?<=other)(?=\s*(?:[.,;!]|$)))",
    re.IGNORECASE,
)
_EXCHANGED = re.compile(r"\b(?:replac|swap|substitut|exchang|chang|trad)\w*\b[^.;!?]{0,60}$", re.IGNORECASE)
_ONE_LESS = re.compile(r"\bone (?:element|component) (?:fewer|less)\b|\bone (?:fewer|less) element\b", re.IGNORECASE)
_TOO_MANY = re.compile(r" (?:is|are) (?:\w+ )?too (?:many|few|much)\b", re.IGNORECASE)
_JUST_NUMBER = re.compile(
    r"\b(?:want|need|prefer|only|just|make it) (?P<count>two|three|four|five)(?=\s*(?:[.,;!?]|$))", re.IGNORECASE
)
_NO_COUNT = re.compile(
    r"\b(?:than|most|least|up to|under|other|(?:chang|swap|replac|exchang|vary|substitut|remov|drop|"
    r"add)\w*(?: \w+){0,3}) $",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Stoichiometry:
    """What was heard on amounts.

    Attributes:
        anonymous: sorted reduced amounts, empty for any.
        num_elements: number of distinct elements.
        elements: real elements of a general formula ("ABO3" holds oxygen).
        is_of_two: whether a word such as "dioxide" said it, which only counts two elements.
        further: how many elements more than are named, or than the parent has, are asked for; 0 where none is said.
        heard: phrases.
    """

    anonymous: tuple[int, ...] = ()
    num_elements: int | None = None
    elements: tuple[str, ...] = ()
    is_of_two: bool = False
    further: int = 0
    heard: tuple[str, ...] = ()


def stoichiometry_in(text: str) -> tuple[Stoichiometry, str]:
    """The stoichiometry asked for, and the text without general formulas and ratios.

    Raises:
        UserCorrectable: two that contradict each other.
    """
    count = _count(text)
    is_one_more = any(
        not (each[0][:4].lower() == "with" and _EXCHANGED.search(text, 0, each.start()))
        for pattern in (_ONE_MORE, _ONE_OTHER)
        for each in pattern.finditer(text)
    )
    further = 0 if count else bool(is_one_more) - bool(_ONE_LESS.search(text))
    heard = (f"{count} elements",) if count else ()
    spans = denied_spans(text)
    asked: dict[tuple[int, ...], tuple[str, ...]] = {}
    left = text
    for found in [*_GENERAL.finditer(text), *_RATIO.finditer(text)]:
        amounts, named = _amounts(found[0])
        if not amounts:
            continue
        left = blanked(left, found.start(), found.end())
        is_other = _FROM.search(text[: found.start()]) or is_denied(found.start(), found.end(), text, spans)
        if not is_other:
            asked[amounts] = (*asked.get(amounts, ()), *named)
    if not asked and (each := _FOR_EACH.search(text)) and (count == 2 or _NO_MORE.search(text)):
        asked[_reduced([1, 2 if each["twice"] else _number(each["many"])])] = ()
    if not asked and _EQUIATOMIC.search(text):
        symbols = {each.symbols[0] for each in mentions_in(text) if each.is_plain and not each.denied}
        if number := count or (len(symbols) if len(symbols) > 1 else 0):
            asked.setdefault((1,) * number, ())
    if len(asked) > 1:
        first, second = (":".join(map(str, amounts)) for amounts in list(asked)[:2])
        raise UserCorrectable(f"The stoichiometries {first} and {second} contradict each other. Name one of the two.")
    if asked:
        ((amounts, named),) = asked.items()
        phrase = f"stoichiometry {':'.join(map(str, amounts))}"
        return Stoichiometry(amounts, count, named, further=further, heard=(*heard, phrase)), left
    return Stoichiometry(_prefixed(text, spans), count, (), True, further, heard), left


def _count(text: str) -> int | None:
    found = None
    for word, count in _COUNTS:
        if re.search(rf"\b(?:{word})\b", text, re.IGNORECASE):
            found = count
    for match in _ELEMENT_COUNT.finditer(text):
        if match["ordinal"]:
            is_absent = re.search(r"\b(?:no|without(?: an?)?) $", text[: match.start()], re.IGNORECASE)
            return _ORDINALS[match["ordinal"].lower()] - bool(is_absent)
        count = _number(match["equals"] or match["count"] or match["to"])
        if _TOO_MANY.match(text, match.end()):
            continue
        if not _NO_COUNT.search(text[: match.start()]) and (count > 1 or match["exact"]):
            return count
    if found is None and re.search(r"\belements?\b", text) and (number := _JUST_NUMBER.search(text)):
        return _number(number["count"])
    return found


def _amounts(word: str) -> tuple[tuple[int, ...], tuple[str, ...]]:
    """Sorted reduced amounts of "AB2X4" or "1:1:3", and the real elements in it; both empty for another word."""
    if word[0].isdigit():
        return _reduced([int(part) for part in re.split(r"[:–-]", word)]), ()
    parts = _STANDS_FOR.findall(word)
    letters = [letter for letter, _ in parts]
    is_general = any(letter in _PLACEHOLDERS for letter in letters) and len(set(letters)) == len(letters)
    is_bare = not any(number for _, number in parts) and word not in _ONLY_LETTERS
    if not is_general or (is_bare and letters[1:] != ["X"]):
        return (), ()
    unnamed = _PLACEHOLDERS | (_BESIDE_A if letters[0] in ("A", "X") else frozenset())
    if any(letter not in unnamed and letter not in BY_SYMBOL for letter in letters):
        return (), ()
    named = tuple(letter for letter in letters if letter not in unnamed)
    return _reduced([int(number or 1) for _, number in parts]), named


def _number(word: str) -> int:
    return int(word) if word.isdigit() else NUMBERS[word.lower()]


def _reduced(amounts: list[int]) -> tuple[int, ...]:
    if 0 in amounts:
        return ()
    divisor = reduce(gcd, amounts)
    return tuple(sorted(amount // divisor for amount in amounts))


def _prefixed(text: str, spans: list[tuple[int, int]]) -> tuple[int, ...]:
    """Amounts that "dioxide" says of a compound of two elements; empty for any."""
    found = _PREFIXED.search(text)
    if found is None or is_denied(found.start(), found.end(), text, spans):
        return ()
    prefix = found["prefix"].lower()
    if prefix.startswith("pent"):
        return (2, 5) if _PENTOXIDE.match(text, found.start()) else (1, 5)
    return _AMOUNTS[prefix]
