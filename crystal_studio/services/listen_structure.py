"""Structure heard in a message: space group, system, prototype, dimensionality, numbers of elements, atoms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar_words import NUMBERS
from crystal_studio.domain.space_group_table import SYMBOLS
from crystal_studio.domain.symmetry import CRYSTAL_SYSTEMS, SpaceGroup
from crystal_studio.services.listen_elements import blanked, denied_spans, is_denied
from crystal_studio.services.listen_words import PROTOTYPES


def _spellings() -> dict[str, int]:
    """Symbols as people type them: without underscores, and without the bar of the cubic groups."""
    found: dict[str, int] = {}
    for number, symbol in enumerate(SYMBOLS, 1):
        found.setdefault(symbol.replace("_", ""), number)
        if number > 194:
            found.setdefault(symbol.replace("_", "").replace("-", ""), number)
    return found | {symbol: number for number, symbol in enumerate(SYMBOLS, 1)}


_SPELLINGS = _spellings()
_BARE = sorted(
    (
        name
        for name in _SPELLINGS
        if len(name) >= 4 and (re.search(r"[-/_]", name) or name[1:].islower() or "m" in name)
    ),
    key=len,
    reverse=True,
)
_BARE_SYMBOL = re.compile(r"(?<![\w/-])(" + "|".join(map(re.escape, _BARE)) + r")(?![\w/-])")
_NAMED_GROUP = re.compile(
    r"\bspace[- ]?groups?(?: type)?(?: (?:number|no\.?|is|of|to|symmetry|symbol))*[ :#]*(?P<name>\d{1,4}\b|"
    r"[PIFCAR][-\d_/a-zA-Z]*\d?"
    r"[\w/-]*|[PIFCAR]\b)|(?P<before>\b[PIFCAR][-\d_/a-z]*) (?:space[- ]?group|symmetry)\b"
)
_SYSTEM = re.compile(
    r"\b(?P<name>triclinic|monoclinic|orthorhombic|tetragonal|trigonal|rhombohedral|hexagonal|cubic)\b"
    r"(?! (?:ang|å|cent|met|nano|planar|close|pyramid|bipyramid|omega|laves))",
    re.IGNORECASE,
)
_DIMENSIONS: tuple[tuple[re.Pattern[str], int], ...] = (
    (re.compile(r"\b(?:layered|two[- ]dimensional|2-?d|van der waals (?:material|crystal|solid|compound))\b", re.I), 2),
    (re.compile(r"\b(?:one[- ]dimensional|1-?d|chain[- ]like|ribbon[- ]like)\b", re.I), 1),
    (re.compile(r"\b(?:zero[- ]dimensional|0-?d|molecular(?! (?:weight|mass|orbital|dynamics)))\b", re.I), 0),
    (
        re.compile(
            r"\b(?:three[- ]dimensional|3-?d(?! (?:transition|metal|view|element))|framework (?:structure|material))\b",
            re.I,
        ),
        3,
    ),
)
_COUNTS = (("elemental|unary", 1), ("binary", 2), ("ternary", 3), ("quaternary", 4), ("quinary", 5))
_ELEMENT_COUNT = re.compile(
    r"\b(?:exactly |only )?(one|two|three|four|five|six|[1-6])[- ](?:different |distinct )?(?:element|component)s?\b",
    re.I,
)
_MAX_ATOMS = re.compile(
    r"\b(?:at most|no more than|not more than|up to|fewer than|less than|under|below|maximum(?: of)?|max\.?(?: of)?|"
    r"a limit of|within)\s+([a-z]+(?:-[a-z]+)?|\d{1,4})\s+(?:atoms?|sites?)\b|(?:<=|≤)\s*(\d{1,4})\s+(?:atoms?|sites?)",
    re.IGNORECASE,
)
_KEEP_GROUP = re.compile(
    r"\b(?:keep|preserve|retain|maintain|same|leave|without (?:changing|breaking|"
    r"losing))\b(?:[^.;,]*?\b(?:space[- ]?group|symmetry)\b|"
    r"(?: (?:the|this|its|same|crystal|overall))* structure\b(?: type)?(?! (?:as|of|units?)))",
    re.IGNORECASE,
)
_DOUBLE_PEROVSKITE = (1, 1, 2, 6)
_ARRANGEMENT = re.compile(
    r"^[\w -]*(?: |-)(?:structure|type|lattice|polymorph|form|phase|variant|arrangement|modification)\b", re.IGNORECASE
)


@dataclass
class Structure:
    """What was heard on the structure, with the words."""

    space_group: int | None = None
    keeps_space_group: bool = False
    crystal_system: str | None = None
    excluded_systems: set[str] = field(default_factory=set)
    dimensionality: int | None = None
    prototype: str | None = None
    prototype_amounts: tuple[int, ...] = ()
    num_elements: int | None = None
    max_atoms: int | None = None
    heard: list[str] = field(default_factory=list)


def structure_in(text: str, parent_space_group: int | None, has_parent: bool = False) -> tuple[Structure, str]:
    """The structure asked for, and the text without the space-group symbols.

    Args:
        parent_space_group: number, kept when the message says so.
        has_parent: whether "the perovskite" may be the crystal that the message is about.

    Raises:
        UserCorrectable: an unknown space group, or two that contradict each other.
    """
    found = Structure()
    text = _space_group(text.replace("3\u0304", "-3"), found)
    if parent_space_group and found.space_group is None and _KEEP_GROUP.search(text):
        found.space_group, found.keeps_space_group = parent_space_group, True
        found.heard.append("keeps the space group")
    spans = denied_spans(text)
    text = _prototype(text, found, spans, has_parent)
    _systems(text, found, spans)
    _dimensions(text, found, spans)
    _counts(text, found)
    _check(found)
    return found, text


def _space_group(text: str, found: Structure) -> str:
    for pattern in (_NAMED_GROUP, _BARE_SYMBOL):
        for match in pattern.finditer(text):
            name = (match.groupdict().get("name") or match.groupdict().get("before")) or match[1]
            number = _number(name.rstrip(".,-"))
            if number is None or is_denied(match.start(), match.end(), text, denied_spans(text)):
                continue
            if found.space_group not in (None, number):
                raise UserCorrectable(
                    f"Space group {SpaceGroup(found.space_group or 1).symbol} and space group "
                    f"{SpaceGroup(number).symbol} "
                    "contradict each other. Name one of the two."
                )
            found.space_group = number
            found.heard.append(f"space group {SpaceGroup(number).symbol}")
            text = blanked(text, match.start(), match.end())
    return text


def _number(name: str) -> int | None:
    if name.isdigit():
        return SpaceGroup(int(name)).number
    if name in _SPELLINGS:
        return _SPELLINGS[name]
    return SpaceGroup.from_symbol(name).number if re.search(r"\d", name) else None


def _prototype(text: str, found: Structure, spans: list[tuple[int, int]], has_parent: bool) -> str:
    for pattern, name, amounts in PROTOTYPES:
        match = re.search(rf"(?<![\w])(?:{pattern})\b", text, re.IGNORECASE)
        if match is None or is_denied(match.start(), match.end(), text, spans):
            continue
        is_subject = re.search(r"\b(?:the|this|its|your) (?:\w+ )?$", text[: match.start()], re.IGNORECASE)
        if (
            has_parent
            and is_subject
            and not _ARRANGEMENT.search(text[match.start() : match.end() + len(" arrangement")])
        ):
            continue
        if found.prototype and name != found.prototype:
            raise UserCorrectable(
                f"'{found.prototype}' and '{name}' are different structures. Name the one that you want."
            )
        is_variant = re.search(r"\b(?:layered|double)[- ]$", text[: match.start()], re.IGNORECASE)
        is_double = is_variant is not None and name == "perovskite" and "double" in is_variant[0].lower()
        found.prototype = name
        found.prototype_amounts = _DOUBLE_PEROVSKITE if is_double else () if is_variant else amounts
        found.heard.append(f"{name} structure")
        text = blanked(text, match.start() - (len(is_variant[0]) if is_variant else 0), match.end())
    return text


def _systems(text: str, found: Structure, spans: list[tuple[int, int]]) -> None:
    asked: list[str] = []
    matches = list(_SYSTEM.finditer(text))
    for match in matches:
        name = match["name"].lower().replace("rhombohedral", "trigonal")
        is_source = re.search(r"\bfrom (?:a )?$", text[: match.start()], re.IGNORECASE)
        if is_denied(match.start(), match.end(), text, spans) or re.search(r"\bnon-?$", text[: match.start()], re.I):
            found.excluded_systems.add(name)
            found.heard.append(f"not {name}")
        elif (
            not is_source
            and name not in asked
            and not re.search(r"pseudo-?$|centered $|centred $", text[: match.start()])
        ):
            asked.append(name)
    if len(asked) > 1 and re.search(r"\bor\b", text[matches[0].start() : matches[-1].end()]):
        found.excluded_systems |= set(CRYSTAL_SYSTEMS) - set(asked)
        found.heard.append(" or ".join(asked))
    elif len(asked) > 1:
        raise UserCorrectable(f"'{asked[0]}' and '{asked[1]}' contradict each other. Name one crystal system.")
    elif asked:
        found.crystal_system = asked[0]
        found.heard.append(asked[0])


def _dimensions(text: str, found: Structure, spans: list[tuple[int, int]]) -> None:
    for pattern, dimensionality in _DIMENSIONS:
        match = pattern.search(text)
        if match is None or (found.dimensionality is not None):
            continue
        is_lower = dimensionality < 3
        if is_denied(match.start(), match.end(), text, spans):
            found.dimensionality = 3 if is_lower else found.dimensionality
        else:
            found.dimensionality = dimensionality
        found.heard.append(f"{found.dimensionality}-dimensional")


def _counts(text: str, found: Structure) -> None:
    for word, count in _COUNTS:
        if re.search(rf"\b(?:{word})\b", text, re.IGNORECASE):
            found.num_elements = count
            found.heard.append(f"{count} elements")
    match = _ELEMENT_COUNT.search(text)
    if match and not re.search(r"\b(?:than|most|least|to|under|other) $", text[: match.start()], re.IGNORECASE):
        found.num_elements = int(match[1]) if match[1].isdigit() else NUMBERS[match[1].lower()]
        found.heard.append(f"{found.num_elements} elements")
    if match := _MAX_ATOMS.search(text):
        word = match[1] or match[2]
        limit = int(word) if word.isdigit() else NUMBERS.get(word.lower())
        if limit is not None:
            is_strict = re.match(r"fewer|less|under|below", match[0], re.IGNORECASE)
            found.max_atoms = max(1, limit - bool(is_strict))
            found.heard.append(f"at most {found.max_atoms} atoms")


def _check(found: Structure) -> None:
    if found.space_group and found.crystal_system:
        group = SpaceGroup(found.space_group)
        if group.crystal_system != found.crystal_system:
            raise UserCorrectable(
                f"Space group {group.symbol} is {group.crystal_system}, not {found.crystal_system}. Drop one of "
                f"the two."
            )
    system = found.crystal_system or (found.space_group and SpaceGroup(found.space_group).crystal_system)
    if system and system in found.excluded_systems:
        raise UserCorrectable(f"'{system}' and 'not {system}' contradict each other. Drop one of the two.")
