"""Dimensionality heard in a message: layers, chains, molecules, networks, and how many dimensions are said."""

from __future__ import annotations

import re

from crystal_studio.services.listen_denial import denied_spans, is_denied
from crystal_studio.services.listen_symmetry import SOURCE

_MADE_OF = (
    r"\b(?:made (?:up )?(?:of|from)|consist\w* of|built (?:up )?(?:of|from|out of|with)|composed of|assembled from|"
    r"forms?|forming|into|as|that(?:'?s| is| are)|in(?: the form of)?|contain\w*|compris\w+|ha(?:s|ve|ving)|with|"
    r"(?:go|turn|switch|change|convert)\w*\b[^.;]{0,30}? to) (?:[\w-]+ ){0,2}?"
)
# A noun alone is a demand, unless it is what the crystal has or something else's: "the layers", "buffer layers".
_BARE = (
    r"(?<!the )(?<!its )(?<!our )(?<!these )(?<!those )(?<!between )(?<!adjacent )(?<!ing )(?<!number of )"
    r"(?<!distance of )(?<!spacing of )(?<!separation of )(?<!buffer )(?<!window )(?<!absorber )(?<!transport )"
    r"(?<!barrier )(?<!protective )(?<!thin )(?<!supply )(?<!value )(?<!water )(?<!gas )(?<!organic )(?<!small )"
    r"(?<!neural )(?<!layered )"
)
_OTHERWISE = r"(?! (?:apart|closer|further|thick|spacing|distance))"
_NUMBERED = r"dimension(?:ality)?(?: |:|=)+(?:(?:of|to|is|should be|being|=) ?)*"
_BONDED = (
    r"(?:connected|connectivity|bonded|bonding|bonds|periodic|linked|interconnected|infinite|running|runs?|"
    r"extend\w*|polymeric) (?:only |solely |just )?(?:in|along|within) (?:only |just )?"
)
_DIMENSIONS: tuple[tuple[re.Pattern[str], int], ...] = tuple(
    (re.compile("|".join(alternatives), re.IGNORECASE), number)
    for number, alternatives in (
        (
            2,
            (
                r"\b(?:layered|lamellar|(?:mono|bi|few-)layers?|peels?|peelable|micaceous|cleavable|cleaves?)\b",
                r"\bflat (?:like|material|crystal|thing|structure|compound)\b|\b(?:two|2)[- ]dimensional(?:ity|ly)?\b",
                r"\b2-?d\b|\b(?:sheet|layer|slab)[- ]?(?:like|structure)\b|\bexfoliat\w+|\bexfoliable\b",
                r"\bvan[- ]der[- ]waals (?:material|crystal|solid|compound|structure|semiconductor|insulator|metal|"
                r"superconductor|ferroelectric|(?:antiferro|ferro)?magnet|version|variant|analogue?|phase|layer|"
                r"\w+ide)s?\b",
                rf"\b{_NUMBERED}(?:2|two)\b|\b{_BONDED}(?:two|2) (?:dimensions|directions)\b",
                r"\b(?:bonded|bonds|bonding|connected)(?: only)? (?:with)?in[- ]?planes?\b",
                r"\blayers (?:must|should|have to) (?:remain|stay|be kept)\b|\b(?:keep|like|love) (?:the|its) layers\b",
                rf"\blayers (?:held|bound|stacked)(?: together)? by\b|{_MADE_OF}(?:layers|sheets|slabs)\b",
                rf"{_BARE}\b(?:layers|sheets|slabs)\b{_OTHERWISE}",
            ),
        ),
        (
            1,
            (
                r"\b(?:one|1)[- ]dimensional(?:ity|ly)?\b|\b1-?d\b|\b(?:chain|ribbon|rod|needle)[- ]?(?:like|structure|"
                r"compound|material)\b",
                rf"\bbe (?:chains|ribbons)\b|\bkeep (?:the|its) (?:chains|ribbons)\b|\b{_NUMBERED}(?:1|one)\b",
                rf"\b{_BONDED}one (?:dimension|direction)\b|{_MADE_OF}(?:chains|ribbons|rods|wires|tubes|columns)\b",
                rf"{_BARE}\b(?:chains|ribbons)\b{_OTHERWISE}",
            ),
        ),
        (
            0,
            (
                r"\b(?:zero|0)[- ]dimensional(?:ity|ly)?\b|\b0-?d\b|\bmolecular\b(?! (?:weight|mass|orbital|dynamics))",
                r"\b(?:isolated|discrete|separated?|individual|finite) (?:[\w-]+ )?(?:molecules|clusters|units|"
                r"complexes|octahedra|polyhedra|tetrahedra)\b|\bcluster (?:compound|solid|material|crystal)s?\b",
                rf"\b{_NUMBERED}(?:0|zero)\b|{_MADE_OF}(?:molecules|clusters)\b|{_BARE}\b(?:molecules|clusters)\b{_OTHERWISE}",
            ),
        ),
        (
            3,
            (
                r"\b(?:three|3)[- ]dimensional(?:ity|ly)?\b|\b3-?d\b(?![- ](?:transition|metal|view|element|she\w+|"
                r"orbital|electron|block|row|ion|cation|series|level))",
                r"\b(?:in )?all three dimensions\b|\bfully connected\b|\bextended (?:solid|structure)\b",
                r"\bframework(?: structure| material|[- ]like| \w+(?:ide|ate)s?)\b",
                r"\b(?:an?|into|to|as|dense|open|rigid|extended|continuous|covalent) (?:[\w-]+ )?frameworks?\b",
                rf"\b{_NUMBERED}(?:3|three)\b|\b{_BONDED}(?:all )?(?:three |3 )?(?:dimensions|directions)\b",
                rf"{_MADE_OF}network\b|{_BARE}\bnetworks?\b",
            ),
        ),
    )
)
_TELLS = re.compile(r"\b(?:phase|structure|compound|material|crystal|one|it|this|that)(?:'s| is| was) $", re.IGNORECASE)
_CHANGED = (
    r"(?:break|split|cut|slice|separat|connect|link|cross-?link|join|fus|bridg|turn|convert|chang|polymeri[sz])\w*"
    r"(?: up)?"
)
_TAKEN_APART = re.compile(rf"\b(?:{_CHANGED}|than) (?:(?:the|these|its|those) )?$", re.IGNORECASE)
_JOINED_UP = re.compile(
    r"\b(?:connect|link|cross-?link|join|fus|bridg|polymeri[sz])\w*(?: up)? (?:the |these |its |those )?"
    r"(?:layers|sheets|slabs|chains|ribbons|molecules|clusters|units|octahedra|polyhedra)\b",
    re.IGNORECASE,
)
_AIM = re.compile(r"\b(?:into|as|form\w*)\b", re.IGNORECASE)  # "chains that are joined into layers"
_BEFORE_AIM = re.compile(
    r"(?:\b(?:in|on)?to(?:wards?)?|\bbecomes?|\b(?:make|get|have|want|need|prefer)|->|\bso that|\bbut|\brather) "
    r"(?:(?!from\b|than\b)[\w-]+ ){0,2}$",
    re.IGNORECASE,
)
_UNWANTED = re.compile(
    r"(?: (?:character|structure|nature|one|ones|network))? (?:isn't|is not|aren't|are not|is bad|are bad|is a problem|"
    r"won't do)\b",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*(?:,|/|,? ?\b(?:and|or|nor)\b)\s*", re.IGNORECASE)


def dimensionality_in(text: str, has_parent: bool) -> int | None:
    """The first dimensionality asked for, or what something is to become; "not layered" asks for three dimensions.

    Of a known crystal "this phase is layered" only tells what it is, and "the layers" are what it has.
    """
    spans = denied_spans(text)
    found = [(match, number) for pattern, number in _DIMENSIONS for match in pattern.finditer(text)]
    denied: list[int] = []
    asked: list[tuple[bool, int]] = []
    last = last_denied = -1  # where the last mention, and the last that a denial is about, end
    for match, number in sorted(found, key=lambda each: (each[0].start(), -each[0].end())):
        start, end = match.span()
        if start < last:
            continue
        last = end
        reached = is_denied(start, end, text, spans)
        if reached and last_denied >= 0 and not _LIST.fullmatch(text[last_denied:start]):
            reached = any(last_denied <= first <= start < stop for first, stop in spans)  # "not layers but a network"
        if reached or _UNWANTED.match(text, end):
            denied.append(number)
            last_denied = end
        elif has_parent and len(found) > 1 and _TELLS.search(text, 0, start):
            continue
        elif not (SOURCE.search(text, 0, start) or _TAKEN_APART.search(text, 0, start)):
            is_aim = _AIM.match(text, start) or _BEFORE_AIM.search(text, 0, start)
            asked.append((not is_aim, number))
    if asked:
        return min(asked, key=lambda each: each[0])[1]
    return 3 if any(number < 3 for number in denied) or _JOINED_UP.search(text) else None
