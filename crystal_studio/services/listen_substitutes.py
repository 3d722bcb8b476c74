"""Which elements may take another's place: "more abundant", "lighter", "less toxic" as sets."""

from __future__ import annotations

import re

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, Element
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen_elements import blanked
from crystal_studio.services.listen_roles import anion_of, can_replace, shared_charges
from crystal_studio.services.listen_words import NOBLE_GASES, NONMETALS, RADIOACTIVE, TOXIC, name_of

# Price follows scarcity closely enough for a rule: cheaper is read as more abundant in the Earth's crust.
_MORE_ABUNDANT = re.compile(
    "|".join(
        (
            r"\b(?:more|better|readily|easily|widely|earth|highly)?[- ]*(?:abundant|available|common(?:er)?|"
            r"accessible|plentiful|obtainable|sourced)\b",
            r"\bcheap(?:er)?\b",
            r"\b(?:too|is|are|so|very|quite) (?:rare(?![- ]earth)|scarce|pricey|expensive|costly|precious)\b",
            r"\binexpensive\b|\bafford(?:able)?\b|\bcommoner\b|\bbudget\b|\bdemocratic\b",
            r"\b(?:less|too|so|is) dear\b|\bdearer\b|\bprice\w*\b|\bdirt[- ](?:cheap|common)\b|\bless pricey\b",
            r"\b(?:won't|doesn't|does not|will not) (?:bankrupt|break)\b|\bless (?:rare|scarce|expensive|costly)\b",
            r"\blow(?:er)?[- ]cost\b|\beas(?:ier|y) to (?:get|find|source|obtain|come by)\b|\bsustainable\b",
            r"\bearth[- ]abundant\b|\bhigher (?:\w+ )?abundance\b|\bcosts? less\b",
            r"\bcosts? (?:a fortune|too much|a lot)\b",
            r"(?:'s|\bextremely|\bpretty|\brather|\breally|\bvery) (?:rare(?![- ]earth)|scarce|pricey|"
            r"expensive|costly)\b",
            r"\b(?:hard|difficult) to (?:get|find|source|obtain|come by)\b|\bsupply\b|\bavailability\b",
            r"\bshortage\b",
        )
    ),
    re.IGNORECASE,
)
_NOT_TOXIC = re.compile(
    "|".join(
        (
            r"\b(?:less|non|not)[- ]?(?:toxic|poisonous|hazardous|harmful)\b",
            r"(?:\btoo|\bis|\bare|\bso|\bvery|\bquite|\breally|'s) (?:toxic|poisonous|hazardous|harmful|"
            r"nasty|dangerous)\b",
            r"\btoxicity\b|\bsafer?\b|\bharmless\b|\bbenign\b",
        )
    ),
    re.IGNORECASE,
)
_LIGHTER = re.compile(
    r"(?<!too )\blight(?:er|est|en)?\b|\b(?:too|less) heavy\b|\blower[- ](?:atomic )?(?:mass|number|weight)\b",
    re.IGNORECASE,
)
_HEAVIER = re.compile(
    r"(?<!less )(?<!too )\bheav(?:y(?! metal)|ier|iest)\b|\bhigher[- ](?:atomic )?(?:mass|number|"
    r"weight)\b",
    re.IGNORECASE,
)
_A_BIT = r"(?:too|a bit|a little|rather|somewhat|slightly) "
_SMALLER = re.compile(
    rf"(?<!too )(?<!bit )(?<!little )(?<!rather )(?<!somewhat )(?<!slightly )\bsmall(?:er|est)?\b|\bslimmer\b|"
    rf"\b{_A_BIT}(?:big|large|bulky)\b|\btinier\b",
    re.IGNORECASE,
)
_LARGER = re.compile(
    rf"\b(?:larg|bigg|chunki|bulki|fatt)(?:er|est)\b|(?<!too )(?<!bit )(?<!little )(?<!rather )\b(?:big|large)\b|"
    rf"\b{_A_BIT}(?:small|tiny)\b",
    re.IGNORECASE,
)
_ANY = re.compile(
    "|".join(
        (
            r"\b(?:another|a different|some other|any other|other)\b(?! (?:two|three|four|five)\b)",
            r"\bsomething (?:else|similar)\b",
            r"(?<!changing )(?<!change )(?<!touching )(?<!altering )\banything else\b",
            r"\banything (?:but|except|other than)\b(?! (?:tri|mono|ortho|tetra|hexa|rhombo|cubic|layer))",
            r"\b(?:iso|homo|equi)valent\b|\ba (?:similar|substitute|replacement|alternative)\b",
            r"\b(?:chemically )?(?:similar|comparable|related)\b",
        )
    ),
    re.IGNORECASE,
)
_VALENT = re.compile(
    r"\b(?P<how>mono|di|tri|tetra|penta|hexa)valent|\b(?P<charge>[1-6])\+ (?:ion|cation|metal)", re.IGNORECASE
)
_CHARGES = {"mono": 1, "di": 2, "tri": 3, "tetra": 4, "penta": 5, "hexa": 6}
_CATION = re.compile(r"\b(?:metal|cation)s?\b", re.IGNORECASE)
_COMPARATIVES = (_MORE_ABUNDANT, _NOT_TOXIC, _LIGHTER, _HEAVIER, _SMALLER, _LARGER, _ANY)
GROUP = re.compile(r"\bgroup[- ](?P<name>1[0-8]|[1-9]|VIII|VII|VI|IV|V|III|II|I)(?:[- ]?[AB])?\b")
_CONGENER = re.compile(
    "|".join(
        (
            r"\b(?:from|of|within) (?:its|that|the same|their) (?:own )?(?:group|column|family)\b",
            r"\b(?:congener|homolog|group[- ](?:mate|member)|group neighbou?r|neighbou?r in (?:the|its) group)\w*",
            r"\bsame (?:group|column)\b",
        )
    ),
    re.IGNORECASE,
)
_ROMAN = {"I": 1, "II": 2, "III": 13, "IV": 14, "V": 15, "VI": 16, "VII": 17, "VIII": 18}  # main groups
_ROW = r"(?:row|step|period|place|element|notch)s?"
_STEP = re.compile(
    "|".join(
        (
            rf"\b(?:one|(?:one|a|a single|1) {_ROW}) (?P<way>down|up|lower|higher|below|above|"
            r"further (?:down|up))\b",
            rf"\b(?P<way2>down|up)\b(?: (?:by )?(?:one|1|a(?= {_ROW}\b))(?: {_ROW})?| (?:the|its|one|"
            r"that)(?: [\w-]+){0,3} (?:group|column|family))\b",
            r"\b(?:neighbou?r|halogen|chalcogen|pnictogen|element|metal|alkali|one|directly|right|"
            r"just)s? (?P<way5>below|above)\b(?! \d)",
            r"\bnext(?: (?P<way3>heavier|lighter|larger|smaller|bigger)|(?: [\w-]+){1,2} (?P<way4>down|up|"
            r"below|above))\b",
        )
    ),
    re.IGNORECASE,
)
_KIND = (
    r"(?:metal|element|cation|anion|ion|species|substitute|replacement|alternative|option|halide|halogen|chalcogen|"
    r"pnictogen|pnictide|alkali|alkaline|rare|lanthan|transition|3d|homolog|congener|neighbou?r|relative|group|"
    r"member|"
    r"(?:A|B|X)?[- ]?site)"
)
_NOUN_AFTER = re.compile(
    "|".join(
        (
            r"[,\s-]+(?:(?:on|in|at|as|for) (?:the|its|a) )?(?:(?!with|and|or|for|gap|band|bond|"
            rf"cell)[\w+-]+[,\s]+)?{_KIND}",
            r"\s+ones?\b(?! another)|\s+than\b(?! \d)",
        )
    ),
    re.IGNORECASE,
)
_NOUN_BEFORE = re.compile(
    rf"\b(?:whatever(?: is|'s)?|{_KIND}\w*(?: (?:metal|earth|element)s?)?(?: (?:to be|be|should be|"
    r"that (?:is|are)|a bit|slightly|much|one))?|(?:some|any)(?:thing|one)(?: (?:that is|much|a bit|"
    r"else))?)\s+$",
    re.IGNORECASE,
)


def kind_spans(text: str) -> list[tuple[int, int]]:
    """Where words compare elements ("a cheaper metal", "something lighter"), not gaps or bonds."""
    found = [match.span() for pattern in (_STEP, GROUP, _CONGENER) for match in pattern.finditer(text)]
    for pattern in _COMPARATIVES:
        for match in pattern.finditer(text):
            is_something = bool(
                re.match(r"(?:some|any)thing|a (?:similar|substitute|replacement|alternative)", match[0], re.IGNORECASE)
            )
            if is_something or _NOUN_AFTER.match(text, match.end()) or _NOUN_BEFORE.search(text[: match.start()]):
                found.append(match.span())
    return found


def without_other_comparisons(text: str) -> str:
    """The text without comparisons of anything but elements: "smaller gap, heavier anion" is only about "heavier"."""
    kept = kind_spans(text)
    for pattern in _COMPARATIVES:
        for match in pattern.finditer(text):
            if not any(start <= match.start() < end for start, end in kept):
                text = blanked(text, match.start(), match.end())
    return text


def group_in(text: str) -> int | None:
    """Group of the periodic table named in a text ("group 13", "group V")."""
    match = GROUP.search(text)
    return None if match is None else _ROMAN.get(match["name"]) or int(match["name"])


def is_comparative(text: str) -> bool:
    """Whether the words say what kind of element rather than which."""
    return any(pattern.search(text) for pattern in (*_COMPARATIVES, _STEP, _CONGENER, _VALENT))


def substitutes_for(
    old: str, wish: str, present: frozenset[str], excluded: frozenset[str], family: frozenset[str] = frozenset()
) -> frozenset[str]:
    """Elements that fit the words and the old element's chemistry.

    Chemically sensible is a common oxidation state of the same sign in common, a metal for a metal; no noble gas, and
    nothing radioactive. Where no element with a shared charge fits, any of the same kind does.

    Args:
        old: the element to replace.
        wish: the words that say what should take its place.
        present: elements of the compound, which cannot take the place.
        excluded: elements not wanted at all.
        family: those that the words allow; any where it is empty, or where its members are all there or unwanted.

    Raises:
        UserCorrectable: no element fits.
    """
    unfit = present | excluded | {old}
    family = family - unfit
    forbidden = unfit | NOBLE_GASES | (RADIOACTIVE - family)
    compound = Composition.from_species(present | {old})
    is_anion = old in NONMETALS or old == anion_of(compound)
    allowed = [symbol for symbol in BY_SYMBOL if symbol not in forbidden and (symbol in family or not family)]
    kind = [BY_SYMBOL[symbol] for symbol in allowed if family or can_replace(symbol, old, compound)]
    fitting = [element for element in kind if _fits(element, BY_SYMBOL[old], wish)]
    charged = [element for element in fitting if shared_charges(element, BY_SYMBOL[old], is_anion=is_anion)]
    found = frozenset(element.symbol for element in charged or fitting)
    if not found:
        raise UserCorrectable(
            f"No element fits '{wish.strip()[:60]}' in place of {name_of(old)} ({old}). Name the element to use "
            f"instead."
        )
    return found


def _fits(element: Element, old: Element, wish: str) -> bool:
    step = _STEP.search(wish)
    checks = (
        (_CONGENER, element.group == old.group),
        (GROUP, element.group == group_in(wish)),
        (_STEP, step is not None and element.group == old.group and element.row == old.row + _rows(step)),
        (_MORE_ABUNDANT, (element.crustal_abundance_ppm or 0.0) > (old.crustal_abundance_ppm or 0.0)),
        (_NOT_TOXIC, element.symbol not in TOXIC),
        (_CATION, element.symbol not in NONMETALS or old.symbol in NONMETALS),
        (_VALENT, _charge_in(wish) in element.common_oxidation_states),
        (_LIGHTER, element.mass < old.mass),
        (_HEAVIER, element.mass > old.mass),
        (_SMALLER, (element.atomic_radius_angstrom or 9.0) < (old.atomic_radius_angstrom or 0.0)),
        (_LARGER, (element.atomic_radius_angstrom or 0.0) > (old.atomic_radius_angstrom or 9.0)),
    )
    return all(holds for pattern, holds in checks if pattern.search(wish))


def _charge_in(wish: str) -> int | None:
    """The charge of a "trivalent" ion or of a "3+ cation"."""
    found = _VALENT.search(wish)
    return None if found is None else int(found["charge"] or _CHARGES[found["how"].lower()])


def _rows(step: re.Match[str]) -> int:
    """+1 down the periodic table, -1 up."""
    way = next(word for word in step.groups() if word).lower().removeprefix("further ")
    return 1 if way in ("down", "lower", "below", "heavier", "larger", "bigger") else -1
