"""Elements heard in a message: wanted, unwanted, one of several, and formulas."""

from __future__ import annotations

import re
from bisect import bisect_left
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NoReturn

from crystal_studio.domain.composition import Composition, is_formula
from crystal_studio.domain.elements import BY_NAME, BY_SYMBOL, ELEMENTS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen_words import (
    AMBIGUOUS,
    CAPITAL_COMPOUNDS,
    COMPOUNDS,
    FAMILIES,
    IMAGINARY,
    NAMES,
    NOT_ELEMENTS,
    PROTOTYPES,
)

_NEGATOR = re.compile(
    r"\b(?:no(?! one\b| more than| less| fewer| longer|\s*[,.;]|\s*$)|(?<!why )not(?! only| just| necessarily| too)|without|sans|"
    r"avoid(?:ing|s)?|exclud(?:e|es|ing)|except(?: for)?(?! \w+ (?:is|sits?|becom\w+|goes|in|for)\b)|free (?:of|from)|"
    r"devoid of|lacking|lacks?|instead of|in place of|rather than|remov(?:e|ing)|drop|omit|strip|nix|ditch|scrap|"
    r"banish|hates?|lose|dispens(?:e|es|ing)(?: with)?|bar(?! (?:chart|graph|of|magnet))|skip(?:s|ped|ping)?|barren of|blank for|cut(?! (?:the |its )?(?:band|gap|cell|volume|bond|dist))|"
    r"get rid of|rid (?:me|us) of|(?:do|does|did|must|should|could|would|is|are)n[o']?t|wo(?:n't|nt)(?= (?:have|take|accept|allow|touch|use))|can'?t|cannot|never|nor|neither|ban|eliminate|"
    r"forbids?|prohibits?|all but|giv(?:e|es|ing) up(?: on)?|(?:tak|throw|kick)(?:e|es|s|ing)? out|"
    r"(?:goodbye|farewell) to|do away with|steer clear of|stay away from|(?:tired|sick) of|fed up with|leave out|"
    r"(?:any|every)thing but|other than|minus|zero(?![- ]?d)|none of|non|nothing(?! but| else)|away from|"
    r"(?:banned|excluded|forbidden|prohibited|unwanted)(?= ?:))\b(?! (?:touch|chang|alter|modify|replac|remov|los|"
    r"swap|exchang|substitut))",
    re.IGNORECASE,
)
_ANY_WORD = re.compile(r"[\s-]?\w+")  # "non-toxic telluride" denies the adjective, "non-Cd options" the element
_PARTED = re.compile(
    r"\b(?:leav|keep|tak|get|throw|kick|rul)(?:e|ing)?(?: (?!in\b|(?:that|this|it|them|one)\b)[A-Za-z]+,?){1,9}? "
    r"(?:out|away|off|aside)\b",
    re.IGNORECASE,
)
_AFTER_NEGATOR = re.compile(
    r"(?:[ -]*(?:to|have|having|use|using|be|being|any|contain(?:ing)?|include|including|with|made|of|based|on|an|"
    r"a|the|all|"
    r"more|further|other|kind|sort|either|tak(?:e|ing)|accept|anything|something|want(?:ed)?|allowed|permitted|like|need|give|me|but)\b)*(?: ?:)?",
    re.IGNORECASE,
)
_VERB = (
    r"it|i|we|make|keep|use|using|includ\w+|add\w*|with|contain\w*|has|have|having|want\w*|must|should|need\w*|instead|"
    r"widen\w*|increas\w*|rais\w+|narrow|reduc\w+|lower|put|insert\w*|bring|tak(?:e|ing)|try|install|introduc\w+|"
    r"give|hold|stay|run|go|pop|stick|sub|retain\w*|preserv\w*|leave|let|see|check|find|look"
)
_TERMINATOR = re.compile(
    rf"[.;:!?](?!\d)|\bbut\b|\bwith\b|\bcontain(?:s|ing)\b|\bthat\b|\bwhich\b|\bplease\b|\bwhile\b|"
    rf",?\s*\b(?:so|hence|thus|therefore|and yes)\b|,?\s*\b(?:and|or)\s+(?:an?|the|{_VERB})\b|,\s*(?:an?|the|{_VERB})\b|\bto (?:make|get|keep|have)\b|"
    rf"\bin favou?r of\b|\bout of (?:an?|the)\b|\bfor (?:an?|some|something|another)\b",
    re.IGNORECASE,
)
# "not cubic oxide" denies the adjective alone.
_ADJECTIVE = re.compile(
    r"[\s-]*(?:necessarily |too |be |a |an )*(?:triclinic|monoclinic|orthorhombic|tetragonal|trigonal|rhombohedral|"
    r"hexagonal|cubic|layered|metallic|molecular|insulating|"
    r"magnetic(?! (?:3d|transition|rare|element|ion|metal|atom))|too|only|wide|narrow|"
    rf"{'|'.join(pattern for pattern, _, _ in PROTOTYPES)})\b",
    re.IGNORECASE,
)
_FREE = re.compile(
    r"(?:(?:[- ](?:and|or) [A-Za-z]+|(?:/[A-Za-z]+){1,4})?[- ]free|-less|"
    r"-(?:,? [A-Za-z]+-){0,4},? (?:and|or) [A-Za-z]+[- ]free)\b(?! (?:of(?! course)|from)\b)",
    re.IGNORECASE,
)
_FREE_LIST = re.compile(r"\([^()]*-free\)")
_GONE = re.compile(
    r"(?: atoms?| ions?| content)?(?: is| are)?(?: (?:out of (?:the )?(?:picture|budget|reach|question)|"
    r"off the (?:table|menu|list)|(?:has|have|must|should|needs?|ought)(?: to)? (?:go|disappear|leave|vanish|"
    r"stay (?:out|away)|be (?:removed|eliminated|avoided|gone|dropped|excluded|out|absent|banned|left out))|"
    r"(?:must|should|may|can|could|ought) ?(?:not|n'?t|never)(?: to)? (?:appear|occur|feature|be (?:in|present|part|"
    r"there|used|contained|included|found)))| (?:gone|banned|excluded|forbidden|prohibited|omitted|absent|"
    r"not allowed|out(?! of))|"
    r" is (?:not|no longer) (?:in it|part|present|there|contained|included)|"
    r"(?:,? (?:is|are|was|has|have|had|been|be|being|to|must|should|can|could|may|might|ought|needs?|got|also|all|both|"
    r"therefore|thereby|altogether|entirely|already|strictly|please)|'s)*(?: (?:barred|vetoed|blacklisted|outlawed|"
    r"unavailable to us|(?:ruled|left|kept|taken|thrown|struck|phased) (?:out|off|away)|(?:dropped|removed|excluded|"
    r"avoided|eliminated|omitted|discarded|banned|forbidden)|off[- ]limits|gotta go|got to go)|"
    r" not (?:being )?(?:admitted|included|accepted|tolerated|among|on the (?:menu|list|table)|in the running))\b|"
    r",? (?:I|we|he|she|they|you|it) (?:(?:do|does|did|can|could|will|would|must) ?(?:not|n't)|can't|cannot|won't|never) "
    r"(?:\w+ ){0,3}?(?:want|have|need|like|see|use|accept|tolerate|allow|get|trust|touch)\b(?! to (?:lose|change|replace))|"
    r",? (?:would be|is|are|'s) (?:just as bad|no better|even worse|not ok(?:ay)?|not permitted|forbidden|unwelcome)\b|"
    r" not permitted\b|,? (?:I|we) (?:have )?(?:excluded|banned|ruled out|dropped)\b|"
    r"\)? (?:is|are) (?:a red line|not an ingredient|headed for a ban|strictly out|next door's)\b|"
    r"(?: strictly)? (?:out|gone)(?=\s*[.,;!?)]|\s*$)|(?:,? (?:does|do) not|,? (?:does|do)n't) interest (?:me|us)\b|"
    r" (?:stay(?:s|ing)?|keep(?:s|ing)?|leav\w+|left|waiting|kindly waiting) (?:out(?:side)?|away|home|ashore)\b| does(?:n't| not) count\b|"
    r" ?(?:=|:) ?(?:zero|none|no|0)\b| no(?=\s*(?:[,.;]|$))|"
    r" (?:is|are)(?: a)? (?:not (?:at all )?(?:allowed|wanted|permitted|acceptable|welcome|an option)|no-?go|taboo|"
    r"forbidden|banned|prohibited|unwanted|unwelcome|unacceptable|out))\b",
    re.IGNORECASE,
)
# A denial of what was named before: "germanium is too dear, so leave that one out".
_IT = r"(?:it|that|this|those|these|them)(?: one| ones)?"
_IT_GOES = re.compile(
    rf"\b(?:leav|keep|get|kick|throw|tak|cut|strik)(?:e|es|ing)? {_IT} (?:out|off|away)\b|"
    rf"\b(?:drop|lose|ditch|avoid|skip|exclude|omit|remove|scrap|ban|bin|eliminate) {_IT}(?=\W|$)|"
    rf"\bget rid of {_IT}\b|\bsteer clear of {_IT}\b|"
    rf"\b(?:can't|cannot|can not|couldn't|won't|don't|do not|mustn't|shouldn't) (?:\w+ )?(?:afford|have|use|want|touch|take|"
    rf"allow|accept|tolerate|need) (?:{_IT}|any(?: of (?:it|that))?)(?=\W|$)(?! (?:to|be)\b)|"
    r"\b(?:gets? by|make do|makes do|do|does|live|manages?|works?)(?: \w+)? without(?= (?:it|that|them)\b|\s*(?:[.,;!?]|$))|"
    r"(?<=[.?!] )same (?:story|problem|goes for)\b|"
    rf"\b(?:none|neither|not any|no more) of {_IT}\b|\bneither(?=,? please|\s*[.!;]|\s*$)|"
    rf"\b(?:drops?|avoids?|skips?|excludes?|omits?|needs none of) {_IT}(?=\W|$)|"
    rf"\b{_IT}(?:'s| is| are) off (?:the )?(?:table|menu|list|limits)\b|\bdesign around (?:both|{_IT})\b|"
    rf"\bkeep {_IT} (?:\w+ )?away\b|"
    rf"\b{_IT}(?:'s| is| are) (?:forbidden|banned|excluded|prohibited|out|not allowed|a no-?go)\b|"
    rf"\b{_IT} (?:cannot|can't|must not|may not) be\b(?! (?:chang|replac))|"
    rf"\b{_IT} (?:(?:has|have|needs?|ought) to|must|should|can|could|may) (?:go|leave|disappear|stay out)\b|"
    r"\b(?:can't|cannot|can not|mustn't|must not) be (?:there|in (?:it|there)|present|part of it)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"(?:\bnot|n't|\bnever|\bno way(?: I'm| we're| I| we)?|\brefuse to|\bcannot) (?:\w+ )?$", re.IGNORECASE)
_IS_VERB = re.compile(r"(?:remov|drop|omit|strip|nix|ditch|scrap|lose|cut|giv|eliminate|leave|exclud|skip|get|tak)", re.I)
LIST_GAP = re.compile(r"\s*(?:,|&|/|\band\b|\bor\b|\bas well as\b|,\s*(?:and|or)\b)\s*", re.IGNORECASE)
_AND_THE = re.compile(r"\s*,?\s*(?:and|or|nor) the\s+", re.IGNORECASE)
_OF_ONE = re.compile(r"(?: is| was| has|'s| does)\b", re.IGNORECASE)
_OF_ALL = re.compile(r"[,)]? (?:are|were|have|both|all)\b", re.IGNORECASE)
_AND = re.compile(r"\s*(?:&|/|\band\b|\bor\b|\bas well as\b)\s*", re.IGNORECASE)
_MOST_BETWEEN = 90  # characters from what was named to the denial of it
_LEAD_VERB = re.compile(
    r"\b(?:may|can|could|would|will|should|might|to|which|that|not|likely|would not|this|it|they|changes?)\s+$",
    re.IGNORECASE,
)
_SYMBOL = re.compile(r"(?<![A-Za-z0-9_.'])([A-Z][a-z]?)(?![A-Za-z0-9_]|['’](?!s\b))")
_CUE = re.compile(
    r"(?:(?i:\b(?:contain(?:s|ing)?|with|without|sans|zero|lacking|of|no|not|includ(?:e|es|ing)|add(?:ing)?|elements?|avoid(?:ing)?|"
    r"exclud(?:e|es|ing)|"
    r"remov(?:e|ing)|replac(?:e|ing)|swap(?:ping)?|substitut(?:e|ing)|use|using|by|for|from|to|only|and|or|both|"
    r"either|plus|keep|"
    r"have|has|having|want|needs?|drop|the|some|more|less|any|between|mainly|mostly|among|them|nor|neither|out|"
    r"based on|built on))|[A-Z][a-z]?\s?[,/&+–-]|"
    r"[A-Za-z],|\+)\s?$"
)
_LISTED = re.compile(
    r"\s*(?:$|[,.;:!?)/&+–-]|(?:and|or|but|instead|atoms?|with|by|for|ions?|sites?|in|is|only|system|plus|as well|of|"
    r"along|together|without)\b)"
)
_NEXT_SYMBOL = re.compile(r"\s*(?:,|and|or|/|-|–)\s*(?:and |or )?[A-Z][a-z]?(?![A-Za-z'’])")
_WORDS = frozenset({"I", "In", "As", "At", "No", "He", "Be"})
_BASED = re.compile(r"-(?:based|free|containing|rich|doped|poor)\b")
_FORMULA = re.compile(
    r"(?<![A-Za-z0-9_-])(?:(?:[A-Z][a-z]?|\((?:[A-Z][a-z]?\d*)+\))\d*){2,}(?![A-Za-z0-9_'’])|\b[A-Z][a-z]?\d+\b(?!-)"
)
_UNKNOWN_ELEMENT = re.compile(r"\b[Ee]lements?\s+(?:called\s+|named\s+)?[\"'“]?([A-Z][a-z]{0,2})\b(?!\w)")
_IUM = re.compile(r"\b[A-Za-z]{3,}iums?\b")
_ONLY = re.compile(
    r"\b(?:only|nothing but|solely|exclusively)\b|\bno other elements?\b|\bnothing else\b|"
    r"\b(?:of|from|with|between|contain\w*|have|has|having) just\b(?! a\b| one\b)|"
    r"\bno (?:other|third|fourth|fifth|further|additional|extra) (?:species|element|component|ingredient|constituent|metal)s?\b|"
    r"\band that(?:'s| is) (?:it|all)\b|\bnot(?:hing| a thing) (?:more|else|beyond)\b|\banything beyond (?:these|those|that)\b",
    re.IGNORECASE,
)
_ABUNDANT = re.compile(
    r"\b(?:earth[- ]abundant|(?<!more )abundant|cheap|inexpensive|common)(?: \w+)? (?:element|metal|atom|material)s?\b|"
    r"\bearth[- ]abundant\b|\b(?:(?:no|not|nothing|without|free of) (?:any(?:thing)? |too |very )?"
    r"(?:rare(?![- ]earth)|expensive|scarce|exotic|critical)|avoid\w* (?:scarce|exotic|critical))\b",
    re.I,
)
_SCARCE_PPM = 2.0
_OR = re.compile(r",?\s*(?:and/)?or(?:\s+(?:even|maybe|perhaps|else))?\s*|\s*/\s*", re.IGNORECASE)
_COMMA = re.compile(r"\s*,\s*")


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


def denied_spans(text: str) -> list[tuple[int, int]]:
    """Where a denial ("without", "no", "avoid") reaches: to the end of its clause or of its list."""
    spans = [each.span() for pattern in (_FREE_LIST, _PARTED) for each in pattern.finditer(text)]
    stops = [found.start() for found in _TERMINATOR.finditer(text)]
    for negator in _NEGATOR.finditer(text):
        if adjective := (_ANY_WORD if negator[0].lower() == "non" else _ADJECTIVE).match(text, negator.end()):
            spans.append((negator.start(), adjective.end()))
            continue
        if _NOT.search(text[: negator.start()]) and _IS_VERB.match(negator[0]):
            continue  # "I would not drop the germanium"
        skipped = _AFTER_NEGATOR.match(text, negator.end())
        begin = skipped.end() if skipped else negator.end()
        stop = bisect_left(stops, begin)
        spans.append((negator.start(), stops[stop] if stop < len(stops) else len(text)))
    return spans


def is_denied(position: int, end: int, text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether a mention lies in a denial, carries "-free" or has to go."""
    return bool(_FREE.match(text, end) or _GONE.match(text, end)) or any(
        start <= position < stop for start, stop in spans
    )


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
    spans = denied_spans(text)
    found: list[Mention] = []
    left = text
    for pattern, symbols, is_family in _patterns():
        for match in pattern.finditer(left):
            denied = is_denied(match.start(), match.end(), text, spans)
            found.append(Mention(symbols, is_family, denied, match.start(), match.end(), match[0]))
            left = blanked(left, match.start(), match.end())
    for match, symbol in [*_named(left), *_symbols(left, in_chemistry)]:
        denied = is_denied(match.start(), match.end(), text, spans)
        found.append(Mention((symbol,), False, denied, match.start(), match.end(), match[0], is_plain=True))
    return _without_it(_in_lists(sorted(found, key=lambda mention: mention.start), text), text)


def _in_lists(mentions: list[Mention], text: str) -> list[Mention]:
    """The mentions, those denied whose list is: "Pb and Bi are banned", "without the lead and the tin"."""
    found = list(mentions)
    for last in range(len(found)):
        gone = _GONE.match(text, found[last].end)
        if gone and not _OF_ONE.match(gone[0]):
            _deny_list(found, last, text, LIST_GAP if _OF_ALL.match(gone[0]) else _AND)
    for before, each in enumerate(found[1:]):
        if found[before].denied and _AND_THE.fullmatch(text[found[before].end : each.start]):
            found[before + 1] = replace(each, denied=True)
    return found


def _deny_list(found: list[Mention], last: int, text: str, gap: re.Pattern[str]) -> None:
    """Deny a mention and those before it in the same list."""
    first = last
    while first and gap.fullmatch(text[found[first - 1].end : found[first].start]):
        first -= 1
    found[first : last + 1] = [replace(each, denied=True) for each in found[first : last + 1]]


def _without_it(mentions: list[Mention], text: str) -> list[Mention]:
    """The mentions, those denied of which the text says later that "it" goes; with its neighbours in a list."""
    found = list(mentions)
    for gone in _IT_GOES.finditer(text):
        last = max((at for at, each in enumerate(found) if each.end <= gone.start()), default=-1)
        if last < 0 or gone.start() - found[last].end > _MOST_BETWEEN:
            continue
        _deny_list(found, last, text, LIST_GAP)
    return found


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
                and not _FREE.match(text, match.end())
                and not re.match(r" (?:is|must|should|has|can|may)\b", text[match.end() :])
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


def _is_symbol(match: re.Match[str], text: str, in_chemistry: bool) -> bool:
    before, after = text[: match.start()], text[match.end() :]
    if _BASED.match(after) or (match[1] in ("As", "In") and _GONE.match(text, match.end())):
        return True
    if match[1] == "B" and re.match(r"[- ](?:site|cation)", after):
        return False
    if match[1] == "I" and not _LISTED.match(after):
        return False
    if in_chemistry and not re.search(r"\d\s?$", before):
        return True
    if match[1] not in _WORDS and _NEXT_SYMBOL.match(after) and re.search(r"(?:^|[;:,(])\s*$", before):
        return True
    return bool(_CUE.search(before)) and bool(_LISTED.match(after) or len(match[1]) == 2)


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
        is_choice = any(_OR.fullmatch(gap) and "/" not in gap.replace("and/or", "") for gap in gaps)
        separated += [run] if is_choice else [[mention] for mention in run]
    return separated


def says_only(text: str) -> bool:
    """Whether the elements named are all that may be present."""
    return bool(_ONLY.search(text)) and not re.search(
        r"\bnot only\b|\bonly (?:a|the|one|if|when|slightly)\b", text, re.I
    )


def scarce_elements(text: str) -> frozenset[str]:
    """Elements below 2 mg/kg of the Earth's crust where abundant ones are asked for, else none."""
    if not _ABUNDANT.search(text):
        return frozenset()
    return frozenset(element.symbol for element in ELEMENTS if (element.crustal_abundance_ppm or 0.0) < _SCARCE_PPM)
