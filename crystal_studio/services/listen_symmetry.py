"""Symmetry heard in a message: space group, crystal systems, and more or less of it than the parent has."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.space_group_table import SYMBOLS
from crystal_studio.domain.symmetry import (
    CRYSTAL_SYSTEMS,
    SYMMETRY_CLASSES,
    SpaceGroup,
    is_of_class,
    numbers_of_system,
)
from crystal_studio.services.listen_denial import denied_spans, is_denied
from crystal_studio.services.listen_elements import blanked


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
        if re.fullmatch(r"[PFCIR]-\d|R3[cm]", name)
        or (len(name) >= 4 and (re.search(r"[-/_]", name) or name[1:].islower() or "m" in name))
    ),
    key=len,
    reverse=True,
)
_BARE_SYMBOL = re.compile(r"(?<![\w/-])(" + "|".join(map(re.escape, _BARE)) + r")(?![\w/-])")
_NAMED_GROUP = re.compile(
    r"\b(?:[Ss]pace[- ]?[Gg]roups?|SG|[Ss]\.[Gg]\.)(?: type)?(?: (?:number|[Nn]o\.?|is|of|to|should|must|be|"
    r"symmetry|symbol))*[ :#]*"
    r"(?P<name>\d{1,4}\b|[PIFCAR][-\d_/a-zA-Z]*\d?[\w/-]*|[PIFCAR]\b)"
    r"|(?P<before>\b[PIFCAR][-\d_/a-z]*) (?:space[- ]?group|symmetry)\b"
    # Smaller numbers count candidates, samples and neighbours.
    r"|(?:\b(?:[Nn]o\.|[Nn]umber)|#) ?(?P<numbered>1\d\d|2[0-2]\d|230)\b(?! ?(?:eV|%|atoms?|sites?|elements?))"
)
_SYSTEM = re.compile(
    r"\b(?P<name>triclinic|monoclinic|orthorhombic|tetragonal|trigonal|rhombohedral|hexagonal|cubic)\b"
    r"(?! (?:ang|å|cent|met(?:re|er)|nano|planar|close|pyramid|bipyramid|omega|laves))",
    re.IGNORECASE,
)
_CUED_SYMBOL = re.compile(
    r"\b(?:[Cc]rystalli[sz]\w+ in|(?:[Cc]ompound|[Cc]omposition|[Ff]ormula) in|"
    r"(?:[Mm]ake|[Tt]urn|[Cc]hange|[Bb]ring|[Pp]ut|[Cc]onvert|[Ss]witch) (?:it|this)"
    r"(?: in| to| into)*|(?:[Cc]an|[Cc]ould|[Ss]hould|[Mm]ust) (?:it|this) be(?: in)?|[Ii]t (?:should|must) be|"
    r"[Ss]witch to|[Pp]refer|[Tt]ry) (?:the )?(?P<name>[PIFCAR][-_/\da-z]{1,7})(?![\w/-])"
    r"|\b(?P<named>(?!P[23]\b)[PIFCAR]\d[-_/\da-z]{0,6}) (?:phase|polymorph|form|structure)\b"  # P2, P3: stackings
)
SOURCE = re.compile(r"\b(?:from|out of|away from|leave|leaving) (?:an? |the |its |space group )*$", re.IGNORECASE)
_FOUND_FAULT_WITH = re.compile(
    r" (?:is|was|looks?|seems?) (?:too|wrong|an? (?:nuisance|pain|problem)|boring|dull|out|no use|not|never)\b",
    re.IGNORECASE,
)
_BROKEN = re.compile(
    r"\b(?:no longer|break\w*|lift\w*|los(?:e|es|ing)|lower\w*|reduc\w+|except(?: for)?|anything but|symmetry than)"
    r" (?:an? |the |its |being |in )*$|\bnon-?\s?$",
    re.IGNORECASE,
)
_RELATIVE = re.compile(
    r"\b(?:(?P<up>higher|more|rais\w+|increas\w+|greater|enhanc\w+)|"
    r"(?P<down>lower\w*|less|reduc\w+|break\w*|decreas\w+|fewer))"
    r"(?:[- ](?:the|its|in|crystal|overall|degree|of))*[- ]symmetr(?:y|ic|ical)\b|"
    r"\bsymmetry (?:(?:is|should be|must be|could be|needs to be|to be|a bit) )*"
    r"(?:(?P<up2>higher|too low|raised|increased)|(?P<down2>lower|too high|lowered|reduced|broken))\b",
    re.IGNORECASE,
)
_KEEP_GROUP = re.compile(
    r"\b(?:keep|preserve|retain|maintain|same|leave|without (?:changing|breaking|losing)|no change (?:of|"
    r"in))\b(?:(?:(?!\b(?:but|lower|higher|less|more|other|different)\b)[^.;,])*?\b(?:space[- ]?group|"
    r"symmetry)\b|(?: (?:the|this|its|same|crystal|overall))* structure\b(?: type)?(?! (?:as|of|units?)))",
    re.IGNORECASE,
)


# The first that is found counts: a ferroelectric crystal is polar, and so has no centre of inversion either.
_CLASSES = (
    (
        re.compile(
            r"(?<!anti)(?<!anti-)\b(?:ferroelectric\w*|pyroelectric\w*|polar(?= |[.,;!?]|$)(?! bonds?\b))", re.I
        ),
        "polar",
    ),
    (
        re.compile(
            r"\b(?:non-?centro-?symmetric|acentric|piezoelectric\w*|second[- ]harmonic|SHG|frequency[- ]doubl\w+|"
            r"non-?linear optic\w*|NLO)\b|\b(?:no|without(?: an?)?|lacks?(?: an?)?|lacking(?: an?)?) "
            r"(?:cent(?:er|re) of inversion|inversion(?: cent(?:er|re)| symmetry)?)\b",
            re.IGNORECASE,
        ),
        "non-centrosymmetric",
    ),
    (
        re.compile(r"(?<!non-)(?<!non)\bcentro-?symmetric\b|\bwith (?:an? )?inversion cent(?:er|re)\b", re.I),
        "centrosymmetric",
    ),
)


@dataclass
class Symmetry:
    """What was heard on symmetry, with the words."""

    space_group: int | None = None
    keeps_space_group: bool = False
    crystal_system: str | None = None
    excluded_systems: set[str] = field(default_factory=set)
    symmetry_class: str | None = None
    heard: list[str] = field(default_factory=list)


def symmetry_in(text: str, parent_space_group: int | None) -> tuple[Symmetry, str]:
    """The symmetry asked for, and the text without the space-group symbols.

    Args:
        parent_space_group: number, kept when the message says so.

    Raises:
        UserCorrectable: an unknown space group, or limits that contradict each other.
    """
    found = Symmetry()
    text = _space_group(text, found)
    if parent_space_group and found.space_group is None and _KEEP_GROUP.search(text):
        found.space_group, found.keeps_space_group = parent_space_group, True
        found.heard.append("keeps the space group")
    spans = denied_spans(text)
    _systems(text, found, spans)
    if parent_space_group and found.space_group is None and found.crystal_system is None:
        _relative(text, found, spans, SpaceGroup(parent_space_group).crystal_system)
    text = _class(text, found, spans)
    _check(found)
    return found, text


def _class(text: str, found: Symmetry, spans: list[tuple[int, int]]) -> str:
    """ "Ferroelectric" needs a polar group, "second harmonic" one without a centre of inversion."""
    for pattern, name in _CLASSES:
        match = pattern.search(text)
        if match is None:
            continue
        opposite = "non-centrosymmetric" if name == "centrosymmetric" else "centrosymmetric"
        is_refused = any(start < match.start() < stop for start, stop in spans)  # its own "non" or "without" starts it
        if is_refused and name == "polar":
            continue  # not ferroelectric may still be polar
        found.symmetry_class = opposite if is_refused else name
        found.heard.append(found.symmetry_class)
        return text if is_refused else blanked(text, *match.span())
    return text


def _space_group(text: str, found: Symmetry) -> str:
    for pattern in (_NAMED_GROUP, _BARE_SYMBOL, _CUED_SYMBOL):
        for match in pattern.finditer(text):
            name = next(part for part in match.groups() if part)
            number = _SPELLINGS.get(name) if pattern is _CUED_SYMBOL else _number(name.rstrip(".,-"))
            if number is None or SOURCE.search(text[: match.start()]):
                continue
            is_denied_here = is_denied(match.start(match.lastgroup or 1), match.end(), text, denied_spans(text))
            if is_denied_here or _FOUND_FAULT_WITH.match(text, match.end()):
                found.heard.append(f"not space group {SpaceGroup(number).symbol}")
                continue
            if found.space_group not in (None, number) and re.search(r"\bor\s*$", text[: match.start()]):
                continue  # "Pmc2_1 or P4mm": the first will do
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


def _systems(text: str, found: Symmetry, spans: list[tuple[int, int]]) -> None:
    asked: list[str] = []
    matches = list(_SYSTEM.finditer(text))
    for match in matches:
        name = match["name"].lower().replace("rhombohedral", "trigonal")
        before = text[: match.start()]
        is_refused = is_denied(match.start(), match.end(), text, spans) or _FOUND_FAULT_WITH.match(text, match.end())
        if is_refused or _BROKEN.search(before):
            found.excluded_systems.add(name)
            found.heard.append(f"not {name}")
        elif (
            not SOURCE.search(before) and name not in asked and not re.search(r"pseudo-?$|centered $|centred $", before)
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


def _relative(text: str, found: Symmetry, spans: list[tuple[int, int]], system: str) -> None:
    """ "Higher symmetry" leaves the systems above the parent's own, "lower" those below, where there are any."""
    match = _RELATIVE.search(text)
    if match is None or is_denied(match.start(), match.end(), text, spans):
        return
    place = CRYSTAL_SYSTEMS.index(system)
    is_up = bool(match["up"] or match["up2"])
    excluded = CRYSTAL_SYSTEMS[: place + 1] if is_up else CRYSTAL_SYSTEMS[place:]
    if len(excluded) < len(CRYSTAL_SYSTEMS):
        found.excluded_systems |= set(excluded)
    found.heard.append(f"{'higher' if is_up else 'lower'} symmetry")


def _check(found: Symmetry) -> None:
    if found.space_group and found.crystal_system:
        group = SpaceGroup(found.space_group)
        if group.crystal_system != found.crystal_system:
            raise UserCorrectable(
                f"Space group {group.symbol} is {group.crystal_system}, not {found.crystal_system}. Drop one of "
                f"the two."
            )
    if found.space_group and not is_of_class(found.space_group, found.symmetry_class):
        if found.keeps_space_group:
            found.space_group, found.keeps_space_group = None, False
        else:
            symbol = SpaceGroup(found.space_group).symbol
            raise UserCorrectable(f"Space group {symbol} is not {found.symmetry_class}. Drop one of the two.")
    wanted = SYMMETRY_CLASSES.get(found.symmetry_class or "")
    if found.crystal_system and wanted and wanted.isdisjoint(numbers_of_system(found.crystal_system)):
        raise UserCorrectable(f"No {found.crystal_system} crystal is {found.symmetry_class}. Drop one of the two.")
    system = found.crystal_system or (found.space_group and SpaceGroup(found.space_group).crystal_system)
    if system and system in found.excluded_systems:
        raise UserCorrectable(f"'{system}' and 'not {system}' contradict each other. Drop one of the two.")
