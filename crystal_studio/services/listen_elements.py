"""Elements heard in a message: wanted, unwanted, one of several, and formulas."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NoReturn

from crystal_studio.domain.composition import Composition, is_formula
from crystal_studio.domain.elements import BY_NAME, BY_SYMBOL, ELEMENTS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen_denial import FREE, GONE, denied_places
from crystal_studio.services.listen_words import (
    AMBIGUOUS,
    CAPITAL_COMPOUNDS,
    COMPOUNDS,
    FAMILIES,
    IMAGINARY,
    NAMES,
    NOT_ELEMENTS,
)

_LEAD_VERB = re.compile(
    r"\b(?:may|can|could|would|will|should|might|to|which|that|not|likely|would not|this|it|they|changes?)\s+$",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"(?<![A-Za-z0-9_.'])([A-Z][a-z]?)(?![A-Za-z0-9_]|['’](?!s\b))")
_CUE = re.compile(
    r"(?:(?i:\b(?:contain(?:s|ing)?|with|without|sans|zero|lacking|of|no|not|includ(?:e|es|ing)|add(?:ing)?|"
    r"elements?|"
    r"avoid(?:ing)?|"
    r"exclud(?:e|es|ing)|combin(?:e|es|ing)|pair(?:s|ing)?|(?:why|where) is|"
    r"remov(?:e|ing)|replac(?:e|ing)|swap(?:ping)?|substitut(?:e|ing)|use|using|by|for|from|to|only|and|or|but|both|"
    r"either|plus|keep|put|insert|try|becomes?|"
    r"have|has|having|want|needs?|drop|the|some|more|less|any|between|mainly|mostly|among|them|nor|neither|out|"
    r"based on|built on))|[A-Z][a-z]?\s?[,/&+–-]|"
    r"[A-Za-z],|\+)\s?$"
)
_LISTED = re.compile(
    r"\s*(?:$|[,.;:!?)/&+–-]|(?:and|or|but|instead|atoms?|with|by|for|ions?|sites?|in|is|only|system|plus|as well|of|"
    r"along|together|without|that|which|free|structured|crystalli[sz]\w+)\b)"
)
# What else a capital letter is: a unit, a quantity, an axis, a lattice, a site of ABX3, a label.
_BEFORE_LETTER = re.compile(
    "|".join(
        (
            r"(?:\d|°|\bdegrees?|[A-Z]{2,}\+|\bT(?: and|,|/)|\b(?:hubbard|vitamin|type|class|group|grade|"
            r"plan|option|phase|structure|version|candidate|sample|part|point|figure|lab|room|series|step|"
            r"site|position|label|letter|column|row|case|model|set|answer|question|applied|finite|spin|total|"
            r"effective)) ?$",
            r"[=<>^_]$",
        )
    ),
    re.IGNORECASE,
)
_BEHIND_LETTER = re.compile(
    r"-(?!(?:based|free|containing|bearing|rich|doped|poor|only|less)\b|[A-Z])|\s?[=<>≈~≤≥]\s?-?[\d.]|/(?:\d|A\b)|"
    r"[- ](?:centred|centered|lattices?|field|axis|value|parameter|point|glide|type|phase|factor|edge|band|shell)\b"
)
_NEXT_SYMBOL = re.compile(r"\s*(?:,|and|or|/|-|–)\s*(?:and |or )?[A-Z][a-z]?(?![A-Za-z'’])")
_PREFIX = re.compile(r"-[a-z]")  # "re-run", "in-plane", "as-grown"
_SPEAKERS = frozenset({"I", "No", "He"})  # "No, K must stay" and "I, K. Smith, ..."
_NEVER_GONE = frozenset({"I", "No", "He", "At", "Am"})  # "I cannot", "He is out"
_BASED = re.compile(r"-(?:based|free|containing|bearing|rich|doped|poor|only|less)\b")
_FORMULA = re.compile(
    r"(?<![A-Za-z0-9_-])(?:(?:[A-Z][a-z]?|\((?:[A-Z][a-z]?\d*)+\))\d*){2,}(?![A-Za-z0-9_'’])|\b[A-Z][a-z]?\d+\b(?!-)"
)
_UNKNOWN_ELEMENT = re.compile(r"\b[Ee]lements?\s+(?:called\s+|named\s+)?[\"'“]?([A-Z][a-z]{0,2})\b(?!\w)")
_IUM = re.compile(r"\b[A-Za-z]{3,}iums?\b")
_ONLY = re.compile(
    "|".join(
        (
            r"\band no others?\b(?! \w)|\b(?:only|nothing but|solely|exclusively)\b|\bno other elements?\b",
            r"\bnothing else\b|\b(?:of|from|with|between|contain\w*|have|has|having) just\b(?! a\b| one\b)",
            r"\bno (?:other|third|fourth|fifth|further|additional|extra) (?:species|element|component|"
            r"ingredient|constituent|metal)s?\b",
            r"(?:\band|,) that(?:'s| is) (?:it|all)\b|\bjust (?=\w+ and \w+(?: again)?\s*(?:[.,;]|$))",
            r"\b(?:all|any|every) other elements? (?:is|are)\b|\bnot(?:hing| a thing) (?:more|else|beyond)\b",
            r"\bnot one (?:element|atom) more\b|\b(?:these|those) (?:two|three|four)(?: only| and stop)\b",
            r"\bother elements? (?:is|are) (?:not|out|excluded|forbidden)\b",
            r"\bno elements? (?:apart from|aside from|other than|besides|except|beyond)\b",
            r"\b(?:limited|restricted|confined) to\b|\b(?:limit|restrict|confine) (?:yourself|it) to\b",
            r"\bnothing (?:besides|except|apart from)\b|\banything beyond (?:these|those|that)\b",
            r"\bthat(?:'s| is) the (?:whole|lot|full list)\b|\b(?:zip|zilch|nada) else\b",
            r"\bnot one (?:element|thing|atom) (?:more|beyond|besides)\b|\bnothing beyond\b",
        )
    ),
    re.IGNORECASE,
)
_ABUNDANT = re.compile(
    "|".join(
        (
            r"\b(?:earth[- ]abundant|(?<!more )abundant|cheap|inexpensive|common)(?: \w+)? (?:element|metal|"
            r"atom|material)s?\b",
            r"\bearth[- ]abundant\b",
            r"\b(?:(?:no|not|nothing|without|free of) (?:any(?:thing)? |too |very )?(?:rare(?![- ]earth)|"
            r"expensive|scarce|exotic|critical)|avoid\w* (?:scarce|exotic|critical))\b",
        )
    ),
    re.IGNORECASE,
)
_REACH = 40  # characters before a symbol that tell whether it is one
_SCARCE_PPM = 2.0
_OR = re.compile(r",?\s*(?:and/)?or(?:\s+(?:even|maybe|perhaps|else|on|an?|the|some))?\s*|\s*/\s*", re.IGNORECASE)
_COMMA = re.compile(r"\s*,\s*")
_CHOICE = re.compile(
    r"\b(?:among(?:st)?|(?:any|one|either)(?: one)? of|choice of|chosen from|picked from)(?: (?:the|"
    r"these))?:? $|∈ ?\{ ?$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Mention:
    """Elements named in one place.

    Attributes:
        symbols: the element; all of a compound word ("titanate"); or the members of a family.
        is_family: whether one of the symbols is enough.
        denied: whether it is unwanted.
        start: first character.
        end: one past the last.
        words: as written.
        is_plain: an element by its own name or symbol.
    """

    symbols: tuple[str, ...]
    is_family: bool
    denied: bool
    start: int
    end: int
    words: str
    is_plain: bool = False


def blanked(text: str, start: int, end: int) -> str:
    """The text with a span turned into spaces, so that nothing hears it twice."""
    return text[:start] + " " * (end - start) + text[end:]


def refuse_made_up(text: str) -> None:
    """Refuse elements that do not exist.

    Raises:
        UserCorrectable: names the element.
    """
    for word in re.findall(r"[A-Za-z]+", text):
        if word.lower().rstrip("s") in IMAGINARY or word.lower() in IMAGINARY:
            _refuse(word)
    for found in _IUM.finditer(text):
        name = found[0].lower()
        if name not in BY_NAME and name.rstrip("s") not in BY_NAME and name not in NOT_ELEMENTS:
            _refuse(found[0])
    for found in _UNKNOWN_ELEMENT.finditer(text):
        if found[1] not in BY_SYMBOL and found[1].lower() not in {"in", "is", "as", "of", "to", "or"}:
            _refuse(found[1])


def _refuse(word: str) -> NoReturn:
    raise UserCorrectable(
        f"There is no element '{word}' among the {len(ELEMENTS)} that the studio knows. Name a real one, such as "
        "strontium or Sr."
    )


def formulas_in(text: str) -> list[tuple[Composition, int, int]]:
    """Formulas with where they stand; words in capitals and generic ones (ABO3) are not formulas.

    Raises:
        UserCorrectable: a formula with an element that does not exist.
    """
    found = []
    for token in _FORMULA.finditer(text):
        word = token[0]
        if not any(letter.isdigit() for letter in word) and word.isupper() and word not in CAPITAL_COMPOUNDS:
            continue
        if re.fullmatch(r"[A-Z]1|C(?:14|15|36)", word):
            continue  # P1 is a space group, C1 a label, C14 a Laves phase
        if is_formula(word):
            found.append((Composition.parse(word), token.start(), token.end()))
        elif any(letter.islower() for letter in word) and any(letter.isdigit() for letter in word):
            Composition.parse(word)
    return found


def mentions_in(text: str, in_chemistry: bool = False) -> list[Mention]:
    """Every mention of elements, in the order of the text.

    Args:
        in_chemistry: whether the text is known to speak of elements, so that "In" and "As" are symbols.
    """
    return list(_mentions_in(text, in_chemistry))


@lru_cache(maxsize=64)  # every rule asks for those of the same message
def _mentions_in(text: str, in_chemistry: bool) -> tuple[Mention, ...]:
    found: list[tuple[int, int, tuple[str, ...], bool, bool]] = []
    left = text
    for pattern, symbols, is_family in _patterns():
        for match in pattern.finditer(left):
            found.append((*match.span(), symbols, is_family, False))
            left = blanked(left, *match.span())
    named = [*_named(left), *_symbols(left, in_chemistry)]
    found = sorted(found + [(*match.span(), (symbol,), False, True) for match, symbol in named])
    denied = denied_places([(start, end) for start, end, *_ in found], text)
    return tuple(
        Mention(symbols, is_family, is_denied, start, end, text[start:end], is_plain)
        for (start, end, symbols, is_family, is_plain), is_denied in zip(found, denied, strict=True)
    )


def _patterns() -> list[tuple[re.Pattern[str], tuple[str, ...], bool]]:
    return _COMPILED


_COMPILED: list[tuple[re.Pattern[str], tuple[str, ...], bool]] = [
    (re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), tuple(sorted(symbols)), True) for pattern, symbols in FAMILIES
] + [(re.compile(rf"(?<![A-Za-z])(?:{pattern})\b", re.IGNORECASE), symbols, False) for pattern, symbols in COMPOUNDS]


def _named(text: str) -> list[tuple[re.Match[str], str]]:
    found = []
    for match in NAMES.finditer(text):
        is_verb = match[1].lower() == "lead" and (
            match[0].lower() == "leads"
            or re.match(r" (?:to|us|me|the)\b", text[match.end() :])
            or (
                _LEAD_VERB.search(text[: match.start()])
                and not FREE.match(text, match.end())
                and not re.match(r" (?:is|must|should|has|can|may)\b|\s*(?:[,.;!?)]|$)", text[match.end() :])
            )
        )
        if not is_verb:
            found.append((match, BY_NAME[match[1].lower()].symbol))
    return found


def _symbols(text: str, in_chemistry: bool) -> list[tuple[re.Match[str], str]]:
    return [
        (match, match[1])
        for match in _SYMBOL.finditer(text)
        if match[1] in BY_SYMBOL and (match[1] not in AMBIGUOUS or _is_symbol(match, text, in_chemistry))
    ]


_IS = re.compile(r" ?(?:=|is\b|being\b|(?:can|could|may|should) be\b)")
_A_IS = re.compile(rf"\bA{_IS.pattern}")  # "where A is calcium and B is titanium"


def _is_symbol(match: re.Match[str], text: str, in_chemistry: bool) -> bool:
    before, after = text[max(0, match.start() - _REACH) : match.start()], text[match.end() :]
    if _BASED.match(after) or (match[1] not in _NEVER_GONE and GONE.match(text, match.end())):
        return True
    if len(match[1]) == 1 and match[1] != "I":
        is_site = match[1] == "B" and (
            re.match(r"[- ](?:site|cation)", after) or (_IS.match(after) and _A_IS.search(text, 0, match.start()))
        )
        return not (is_site or _BEFORE_LETTER.search(before) or _BEHIND_LETTER.match(after))
    if _PREFIX.match(after) or (match[1] == "I" and not _LISTED.match(after)):
        return False
    if in_chemistry and not re.search(r"\d\s?$", before):
        return True
    if match[1] not in _SPEAKERS and _NEXT_SYMBOL.match(after) and re.search(r"(?:^|[;:,(])\s*$", before):
        return True
    return bool(_CUE.search(before))


def grouped_by_or(mentions: list[Mention], text: str) -> list[list[Mention]]:
    """Wanted plain elements in runs: a run joined by "or" is a choice, the others stand alone."""
    runs: list[list[Mention]] = []
    for mention in mentions:
        between = text[runs[-1][-1].end : mention.start] if runs else ""
        if runs and (_OR.fullmatch(between) or _COMMA.fullmatch(between)):
            runs[-1].append(mention)
        else:
            runs.append([mention])
    separated = []
    for run in runs:
        gaps = [text[first.end : second.start] for first, second in pairwise(run)]
        is_choice = any(_OR.fullmatch(gap) and "/" not in gap.replace("and/or", "") for gap in gaps) or (
            len(run) > 1 and _CHOICE.search(text, 0, run[0].start) is not None
        )
        separated += [run] if is_choice else [[mention] for mention in run]
    return separated


def says_only(text: str) -> bool:
    """Whether the elements named are all that may be present."""
    return bool(_ONLY.search(text)) and not re.search(
        r"\bnot only\b|\b(?:I|we|you|they) only (?:want|need|have|care)\b|\bonly (?:a|"
        r"the(?! (?:\w+ )?elements?\b)|one|if|when|"
        r"slightly)\b",
        text,
        re.I,
    )


def scarce_elements(text: str) -> frozenset[str]:
    """Elements below 2 mg/kg of the Earth's crust where abundant ones are asked for, else none."""
    if not _ABUNDANT.search(text):
        return frozenset()
    return frozenset(element.symbol for element in ELEMENTS if (element.crustal_abundance_ppm or 0.0) < _SCARCE_PPM)
