"""Replacing one element by another, or by a kind of element."""

from __future__ import annotations

import re
from dataclasses import dataclass

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen_denial import denied_places
from crystal_studio.services.listen_elements import Mention, blanked, formulas_in, mentions_in
from crystal_studio.services.listen_exchange import Exchange, exchanges_in
from crystal_studio.services.listen_substitutes import is_comparative, substitutes_for
from crystal_studio.services.listen_whole import exchange_of_whole
from crystal_studio.services.listen_words import name_of

_END = (
    r"(?=\s*(?:[.;!?](?!\d)|$|,?\s*\b(?:(?<!thing )but|while|without|so that|whilst|then)\b|,\s*(?:and )?(?:no|"
    r"not|nothing|"
    r"avoid\w*|keep|leave|retain|don't|do not)\b|"
    r",\s*[\w ]{1,30}? (?:(?:has|have) to |must |should )?(?:stay|remain)s?\b|"
    r",?\s*\band (?:keep|make|leave|increase|reduce|widen|preserve|the|retain|maintain)\b))"
)
_ACTIVE = re.compile(
    r"\b(?P<verb>replac(?:e|ing)|supplant(?:ing)?|swap(?:ping)?|sub(?=s? (?:out )?[A-Z])s?|"
    r"substitut(?:e|ing)|exchang(?:e|"
    r"ing)|switch(?:ing)?|chang(?:e|ing)|trad(?:e|ing)|"
    r"turn(?:ing)?|convert(?:ing)?)\b(?: out)?(?P<old>[^.;!?]{1,80}?)\b(?P<joint>with|by|"
    rf"for|to|into|against)\b(?P<new>[^.;!?]{{1,120}}?){_END}",
    re.IGNORECASE,
)
_PASSIVE = re.compile(
    r"(?P<old>\b[A-Za-z]+)(?: atoms?| ions?)?(?: (?:should|must|could|can|to|needs to))?(?: be| is| are| being)?"
    r" (?:replaced|substituted|swapped|exchanged|(?:needs?|wants?|requires?) (?:replac|swapp|substitut|"
    r"exchang)ing)(?: out)? (?P<joint>by|with|for|against)\b"
    rf"(?P<new>[^.;!?]{{1,120}}?){_END}",
    re.IGNORECASE,
)
_INSTEAD = re.compile(
    r"(?<!\w)(?P<new>(?:(?!\b(?:with|contain\w*|using|based on|has|having) )[^.;!?,]){1,80}?)\b(?:instead of|"
    r"in place of|in the place of|in lieu of|rather than)\b(?! (?:one|two|three|four|five|six|\d)\b)"
    r"(?P<old>[^.;!?,(]{1,60}?)(?=[.;!?,(]|$|\bbut\b|\band\b)",
    re.IGNORECASE,
)
_INSTEAD_FIRST = re.compile(
    r"\b(?:instead of|in (?:the )?place of|in lieu of|rather than)\b(?! (?:one|two|three|four|five|six|"
    r"\d)\b)(?P<old>[^.;!?,]{1,60}?)(?:,|(?=\b(?:I|we|use|try|take|put|"
    rf"choose)\b))(?P<new>[^.;!?]{{1,80}}?){_END}",
    re.IGNORECASE,
)
_WHAT_IF = re.compile(
    rf"\bwhat if (?P<old>[^.;!?,]{{1,40}}?) (?:were|was|is|became|becomes)\b(?P<new>[^.;!?]{{1,60}}?){_END}",
    re.IGNORECASE,
)
_BECOMES = re.compile(
    r"(?P<old>\b[A-Za-z]+) (?:should|must|could|can|has to|to|would|may) (?:turn into|become|be turned into|"
    rf"make (?:room|way) for|give way to|(?:be changed|change) (?:in)?to)\b(?P<new>[^.;!?]{{1,60}}?){_END}",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"(?P<new>(?:\b(?:lighter|heavier|larger|smaller|bigger|cheaper|different|another|other) )?\b[A-Za-z]+"
    r"(?: or [A-Za-z]+)?)(?: (?:should|must|could|can|may|might|to) (?:go|sit|be|come|"
    r"stand)(?: in)?)? where (?:(?:you|we) have |there (?:is|was) )?(?:the )?(?P<old>[A-Za-z]+)"
    r"(?: (?:was|is|sits|sat|stood|stands|now is|is now|used to be))?\b"
)
_FROM_TO = re.compile(
    r"\b(?:go|going|move|moving|switch|switching) from (?:the )?(?P<old>[A-Za-z]+) to (?:the )?(?P<new>[A-Za-z]+)\b",
    re.IGNORECASE,
)
_RATHER = re.compile(
    r"\b(?:rather|sooner)\b[^.;!?]{0,40}?\b(?P<new>[A-Za-z]+) than (?:an? |the )?(?P<old>[A-Za-z]+)\b", re.IGNORECASE
)
_FOR = re.compile(
    r"(?P<new>(?:\b(?:another|different|heavier|lighter|larger|smaller|cheaper) )?"
    r"(?:\b(?:alkali|alkaline|rare|transition|noble|coinage)[ -])?"
    r"\b[A-Za-z]+) (?:in )?for (?:the |its )?(?P<old>[A-Za-z]+)\b"
)
_BETTER = re.compile(
    r"(?P<new>\b[A-Za-z]+) (?:is|would be|might be|seems|looks) (?:much |far |a )?(?:better|nicer|preferable|"
    r"preferred|cheaper|safer)(?: (?:choice|option|pick))? (?:than|to) (?:the )?(?P<old>[A-Za-z]+)\b",
    re.IGNORECASE,
)
_PREFER = re.compile(
    r"\bprefer (?:the |an? )?(?P<new>[A-Za-z]+) (?:to|over) (?:the |an? )?(?P<old>[A-Za-z]+)\b", re.IGNORECASE
)
_SLASH = re.compile(r"\b(?P<old>[A-Z][a-z]?)/(?P<new>[A-Z][a-z]?)[ -](?:substitution|exchange|swap|replacement)")
_NOT_BUT = re.compile(
    r"\bnot (?:the )?(?P<old>[A-Za-z]+)(?: but|,) (?P<new>[A-Za-z]+)(?=\s*(?:[.;!?]|$))", re.IGNORECASE
)
_ARROW = re.compile(
    r"(?P<old>\b[A-Za-z]+)\s*(?:->|→|=>)\s*(?P<new>(?:some|any)thing [^.;!?,]{1,40}|an(?:other)? [^.;!?,]{1,40}|"
    r"[A-Za-z]+)"
)
_BARE = re.compile(
    r"\breplac(?:e|ing)\b(?P<old>(?:(?!with\b|by\b|for\b)[^.;!?,]){1,40}?)(?P<new>[.;!?,][^.!?]{0,60}|"
    r"$)",
    re.IGNORECASE,
)
_TROUBLE = r"(?:risk|problem|concern|hazard|bottleneck|issue|headache)s?"
_COMPLAINT = re.compile(
    r"(?P<old>\b[A-Za-z]+)(?P<new>(?:'s)?(?: (?:supply|price|availability|toxicity))?(?:"
    r"(?: is| are|'s| looks| seems)(?: (?:way|far|much|really|just|simply|pretty|extremely|a bit|\w+ally|too|very|so|"
    r"quite|rather))* (?:rare(?! earth)|scarce|pricey|expensive|costly|precious|toxic|poisonous|hazardous|harmful|"
    r"dangerous|nasty|critical|problematic|restricted|unavailable|"
    r"(?:hard|difficult) to (?:get|find|source|obtain|come by)|"
    rf"in short supply|an? (?:\w+ )?{_TROUBLE})| costs (?:a fortune|too much|a lot)|"
    rf" (?:has|have|raises) (?:[\w-]+ ){{0,3}}{_TROUBLE}))\b",
    re.IGNORECASE,
)
_CHAINED = re.compile(
    r"\b(?P<verb>replac(?:e|ing)|supplant(?:ing)?|swap(?:ping)?|substitut(?:e|ing)|exchang(?:e|ing)|chang(?:e|ing)|trad(?:e|ing)|"
    r"turn(?:ing)?|convert(?:ing)?)"
    r"(?P<first> [^.;!?,]{1,40}? (?:with|by|for|to|into|against) (?:the )?\w+)(?:,|,? and(?: also)?|,? as well as)"
    r"(?= (?:the )?\w+ (?:with|by|for|to|into|against) )",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|n't|don'?t|never|without|avoid)\s+$", re.IGNORECASE)
_CHAINED_PASSIVE = re.compile(
    r"(?P<joint> (?:replaced|substituted|swapped|exchanged)) (?P<by>with|by|for) (?P<new>[A-Za-z]+)(?:,|,? and|;) "
    r"(?P<old>(?:the )?[A-Za-z]+) (?P=by) (?=(?:the )?[A-Za-z])",
    re.IGNORECASE,
)
_ALL_THE_SAME = re.compile(r"\b(?:but|though|still|all the same|anyway)\b", re.IGNORECASE)
_PARTLY = re.compile(
    r"\b(?:partial(?:ly)?|partly|half|some(?! other| more| kind| sort)|a fraction|a part|part)\b", re.IGNORECASE
)


_THAN = re.compile(
    r"(?P<new>\b(?:something|anything|(?:an?|any|some) \w+) (?:much |far |a bit )?(?:cheaper|"
    r"more (?:\w+-)?abundant|less expensive|less toxic|lighter|heavier|larger|smaller|"
    r"more available)) than (?:the )?(?P<old>[A-Za-z]+)\b",
    re.IGNORECASE,
)
_BY_VERB = (
    _THAN,
    _SLASH,
    _PREFER,
    _ARROW,
    _WHERE,
    _FROM_TO,
    _RATHER,
    _BETTER,
    _NOT_BUT,
    _FOR,
    _ACTIVE,
    _PASSIVE,
    _WHAT_IF,
    _BECOMES,
    _BARE,
)
_SINGLE = (_SLASH, _PREFER, _WHERE, _FROM_TO, _RATHER, _BETTER, _NOT_BUT, _FOR)
_BY_COMPARISON = (_INSTEAD_FIRST, _INSTEAD, _COMPLAINT)


@dataclass(frozen=True)
class Replacement:
    """One element and what may take its place.

    Attributes:
        old: symbol.
        substitutes: symbols.
        words: as written.
        is_explicit: whether one substitute was named outright.
        is_partial: whether some of the old element stays.
    """

    old: str
    substitutes: frozenset[str]
    words: str
    is_explicit: bool
    is_partial: bool = False


def replacements_in(text: str, parent: Composition | None) -> tuple[list[Replacement], str, bool]:
    """Replacements of a message, the message without their words, and whether one was meant but stays open.

    Raises:
        UserCorrectable: the element to replace is not in the parent, or nothing fits.
    """
    whole = text
    found, text = _matched(_BY_VERB, _unchained(text), parent)
    is_open, told, left = False, None, text
    if parent is not None:
        exchanges, text, is_open = exchanges_in(text, parent)
        found += [_exchanged(each, parent) for each in exchanges]
        if not any(each.is_explicit for each in found):
            told, left = exchange_of_whole(whole, parent)
        if told is not None and told.named:
            return [_exchanged(told, parent)], left, False
    compared, text = _matched(_BY_COMPARISON, text, parent)
    found += compared
    if parent is not None and told is not None and not found:
        return [_exchanged(told, parent)], left, False
    return found, text, is_open and not found


def _unchained(text: str) -> str:
    """ "Replace Sr with Ba and Ti with Zr" as two sentences with a verb each."""
    for chained, parted in (
        (_CHAINED, r"\g<verb>\g<first>; \g<verb>"),
        (_CHAINED_PASSIVE, r"\g<joint> \g<by> \g<new>; \g<old>\g<joint> \g<by> "),
    ):
        while (single := chained.sub(parted, text)) != text:
            text = single
    return text


def _matched(
    patterns: tuple[re.Pattern[str], ...], text: str, parent: Composition | None
) -> tuple[list[Replacement], str]:
    """Replacements in fixed forms of words, and the text without them."""
    found: list[Replacement] = []
    for pattern in patterns:
        for match in pattern.finditer(text):
            if _DENIED.search(text[: match.start()]):
                continue
            if pattern is _ACTIVE and not match["old"].strip():
                continue  # "a cheaper substitute for rhodium"
            if pattern in (_WHAT_IF, _BECOMES) and not _comes_first(match["new"]):
                continue
            if pattern in _SINGLE and not mentions_in(match["new"], in_chemistry=True):
                continue
            if pattern is _FOR and (
                denied_places([match.span("new")], text)[0] or not _names_newcomer(match["new"], parent)
            ):
                continue
            if pattern is _INSTEAD_FIRST and _names_newcomer(text[: match.start()], parent):
                continue
            is_of_parent = pattern in (_COMPLAINT, _WHAT_IF, _BECOMES, _THAN, *_SINGLE)
            heard = _of_parent(match, parent) if is_of_parent else _read(match, parent)
            if heard:
                found += heard
                start = match.start("new") if pattern is _INSTEAD else match.start()
                text = blanked(text, start, match.end())
    return found, text


def _names_newcomer(before: str, parent: Composition | None) -> bool:
    """Whether the clause before "in place of" names who comes: "xenon in place of krypton, fluorine as is"."""
    clause = re.split(r"[.;!?,]|\b(?:but|and|with)\b", before)[-1]
    present = set(parent.elements) if parent else set()
    named = mentions_in(clause, in_chemistry=True)
    return any(not each.denied and (each.is_family or each.symbols[0] not in present) for each in named)


def _exchanged(exchange: Exchange, parent: Composition) -> Replacement:
    words = exchange.words.strip()
    if exchange.named:
        return Replacement(exchange.old, frozenset(exchange.named), words, len(exchange.named) == 1)
    mentions = mentions_in(exchange.kind, in_chemistry=True)
    refused = frozenset(symbol for mention in mentions if mention.denied for symbol in mention.symbols)
    families = [set(mention.symbols) for mention in mentions if mention.is_family and not mention.denied]
    families = [each for each in families if exchange.old not in each] or families  # "the heavy metal by an alkali"
    family = frozenset(set.intersection(*families)) if families else frozenset()
    fitting = substitutes_for(exchange.old, exchange.kind, frozenset(parent.elements), refused, family)
    return Replacement(exchange.old, fitting, words, len(fitting) == 1)


def _comes_first(words: str) -> bool:
    """Whether words begin with a newcomer, and not with a place: "were calcium", but not "were closer to calcium"."""
    named = mentions_in(words, in_chemistry=True)
    is_named = bool(named) and re.fullmatch(r"(?: (?:an?|the|some|made|of))* ", words[: named[0].start]) is not None
    return is_named or (re.match(r" (?:an?|another|some\w*)\b", words) is not None and is_comparative(words))


def _of_parent(match: re.Match[str], parent: Composition | None) -> list[Replacement]:
    """ "strontium is too rare", "what if strontium were calcium": only where the parent has the element."""
    present = set(parent.elements) if parent else set()
    named = {symbol for mention in mentions_in(match["old"], in_chemistry=True) for symbol in mention.symbols}
    return _read(match, parent) if named & present else []


def _read(match: re.Match[str], parent: Composition | None) -> list[Replacement]:
    old_text, new_text = match["old"], match["new"]
    verb = (match.groupdict().get("verb") or "").lower()
    if match.groupdict().get("joint") == "for":
        old_text, new_text = _turned(old_text, new_text, parent, verb.startswith("substitut"))
    reference, old_text = _reference(old_text, parent)
    old = _old_elements(old_text, reference, new_text)
    if not old:
        return []
    if parent is not None and not mentions_in(new_text, in_chemistry=True):
        present = [symbol for symbol in old if symbol in parent.elements]
        if present and len(present) < len(old):  # "in place of the tungsten its homologue molybdenum"
            old, new_text = present, old_text
    if verb.startswith(("chang", "switch", "trad", "turn", "convert")) and not (
        mentions_in(new_text, True) or is_comparative(new_text)
    ):
        return []
    _check_present(old, parent)
    if pairs := _paired(old, new_text):
        return [Replacement(symbol, frozenset({new}), match[0].strip(), True) for symbol, new in pairs]
    words = match.string[max(0, match.start() - len("partially ")) : match.end()].strip()
    return [_one(symbol, new_text, old_text, reference, old, words) for symbol in old]


def _paired(old: list[str], new_text: str) -> list[tuple[str, str]]:
    """ "replace Sr and Ti with Ca and Zr" pairs them in order."""
    named = [mention.symbols[0] for mention in mentions_in(new_text, in_chemistry=True) if mention.is_plain]
    is_paired = 1 < len(old) == len(named) and not re.search(r"\bor\b", new_text)
    return list(zip(old, named, strict=True)) if is_paired else []


def _turned(old_text: str, new_text: str, parent: Composition | None, is_substitute: bool) -> tuple[str, str]:
    """ "substitute A for B" puts A in B's place, "swap A for B" the reverse; which the parent has outranks both."""
    first = {symbol for mention in mentions_in(old_text, True) for symbol in mention.symbols}
    second = {symbol for mention in mentions_in(new_text, True) for symbol in mention.symbols}
    present = set(parent.elements) if parent else set()
    if not second:
        return old_text, new_text
    is_turned = is_substitute or old_text.endswith(" in ")  # "swap strontium in for the barium"
    if first and bool(first & present) != bool(second & present):
        is_turned = bool(second & present)
    return (new_text, old_text) if is_turned else (old_text, new_text)


def _reference(old_text: str, parent: Composition | None) -> tuple[Composition | None, str]:
    """The compound whose element is replaced: one named ("in CsPbI3"), else the parent."""
    named = formulas_in(old_text)
    for composition, start, end in named:
        if len(composition.elements) > 1:
            return composition, blanked(old_text, start, end)
    return parent, old_text


def _centre(symbols: tuple[str, ...], present: frozenset[str]) -> tuple[str, ...]:
    """Of a compound's elements the one that comes: of "oxysulfide" the sulfur, where there is oxygen already."""
    return tuple(symbol for symbol in symbols if symbol not in present)[:1] or symbols[:1]


def complaints_in(text: str) -> tuple[str, ...]:
    """Elements that a first wish only calls too dear or poisonous: "rhenium is too expensive, give me a boride"."""
    return tuple(
        mention.symbols[0]
        for match in _COMPLAINT.finditer(text)
        for mention in mentions_in(match["old"], in_chemistry=True)
        if mention.is_plain and not _ALL_THE_SAME.search(text, match.end())
    )


def _old_elements(old_text: str, reference: Composition | None, new_text: str) -> list[str]:
    """Who goes; of two compounds that share an element, the other one: an oxysulfide for an oxyselenide."""
    present = set(reference.elements) if reference else set()
    compounds = [mention for mention in mentions_in(new_text) if len(mention.symbols) > 1 and not mention.is_family]
    shared = {symbol for mention in compounds for symbol in mention.symbols}
    found: list[str] = []
    for mention in mentions_in(old_text, in_chemistry=True):
        if mention.is_family:
            found += [symbol for symbol in mention.symbols if symbol in present]
        else:
            found.append(next((each for each in mention.symbols if each not in shared), mention.symbols[0]))
    return list(dict.fromkeys(found))


def _check_present(old: list[str], parent: Composition | None) -> None:
    absent = [symbol for symbol in old if parent is not None and symbol not in parent.elements]
    if absent and parent is not None:
        raise UserCorrectable(
            f"There is no {name_of(absent[0])} ({absent[0]}) in {parent.formula} to replace. Name one of "
            f"{', '.join(parent.elements)}."
        )


def _one(
    symbol: str, new_text: str, old_text: str, reference: Composition | None, old: list[str], words: str
) -> Replacement:
    named: list[Mention] = [mention for mention in mentions_in(new_text, in_chemistry=True) if not mention.denied]
    refused = {each for mention in mentions_in(new_text) if mention.denied for each in mention.symbols}
    present = frozenset(reference.elements) - {symbol} if reference else frozenset()
    substitutes = frozenset(
        each
        for mention in named
        for each in (mention.symbols if mention.is_family else _centre(mention.symbols, present))
    )
    substitutes = substitutes - present or substitutes  # "trade tin for titanium, oxide stays"
    has_family = any(mention.is_family for mention in named)
    if substitutes and not has_family:
        is_partial = bool(_PARTLY.search(words))
        return Replacement(symbol, substitutes - set(old), words, len(substitutes) == 1, is_partial)
    if has_family and not is_comparative(new_text) and (any_of_it := substitutes - present - {symbol}):
        return Replacement(symbol, any_of_it, words, False)
    fitting = substitutes_for(symbol, f"{new_text} {old_text}", present, frozenset(refused) | set(old), substitutes)
    return Replacement(symbol, fitting, words, False)
