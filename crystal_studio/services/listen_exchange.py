"""Exchanges in feedback without a fixed form of words: who is in the parent goes, who is not in it comes.

A sentence about a known crystal is read by roles. Those who may go are the parent's elements that it names, by name, by
place ("the B site") or by family ("the halide"). Those who come are elements that the parent lacks, or a kind ("a
cheaper 3d metal", "one row down"). Words of exchange or of analogy must say that one takes the other's place; what stays
open is said to be undecided, so that nobody takes the parent's formula for kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.services.listen_elements import Mention, blanked, formulas_in, mentions_in
from crystal_studio.services.listen_roles import can_replace, places_in, role_taken_by
from crystal_studio.services.listen_substitutes import group_in, kind_spans

_SENTENCE = re.compile(r"(?:[^.;!?]|[.;!?](?=\d))+")
_EXCHANGE = re.compile(
    r"\b(?:replac|swap|substitut|exchang|switch|chang|trad(?:e|ing)|turn|convert|transform|transmut|becom|became|tak(?:e|es|"
    r"ing)\b|took|step|stand|fill|sit|occup|position|place|stead|role|part\b|out\b|away\b|favou?r|upgrad|drop|giv(?:e|ing) "
    r"up|way\b|serv|act\b|acts\b|instead|rather|prefer|not\b|where|mov(?:e|ing)\b|go(?:es)? from|cheaper|better|over\b|"
    r"vary|pick|choose|let\b|put\b|use\b|(?:->|→))",
    re.IGNORECASE,
)
_VACATE = re.compile(
    r"\b(?:replac|swap|substitut|exchang|switch|chang|vary|(?:an|some|any)?other|different|alternative)\w*", re.IGNORECASE
)
_BETWEEN = re.compile(r"\W*\b(?:for|as|on|onto|at|in|into|to|by|against)\b(?:\W*\b(?:the|a|an|its)\b)?\W*", re.IGNORECASE)
_ANALOGY = re.compile(
    r"\b(?:version|analog|counterpart|equivalent|homolog|congener|variant|sister|cousin|sibling|relative|alternative|"
    r"based|instead|prefer|rather|this time|now with|(?:how|what) (?:about|if|would|does|do)|try|same|look|make it|"
    r"this structure|convert|turn|go for|go from|move to|switch|show me|the \w+ (?:one|salt)|please|i(?:'d| would) like)\w*",
    re.IGNORECASE,
)
_MIXED = re.compile(
    r"\b(?:add\w*|introduc\w+|incorporat\w+|dop(?:e|ed|ing|ant)|includ\w+|alloy\w*|mix\w*|partial(?:ly)?|partly|half|some "
    r"of|a fraction|percent|intercalat\w+|(?:more|less|fewer) (?=[a-z]+ium\b|oxygen|lead|iron|tin|copper|zinc))\b|%",
    re.IGNORECASE,
)
_KEPT = re.compile(
    r"\b(?:keep\w*|retain\w*|preserv\w+|maintain\w*|(?:don'?t|do not|without|not) (?:touch|chang|alter|los|replac|remov|swap|exchang|substitut|drop)\w*)\b"
    r"(?:(?!\b(?:but|with|for|chang|replac|swap|exchang|substitut|use|pick|as an?)\b)[^.;!?,]){0,40}$",
    re.IGNORECASE,
)
_REST = re.compile(r"\b(?:the (?:rest|others?|remaining)|everything else)\b", re.IGNORECASE)
_LISTED = re.compile(r"\s*(?:,|\+|/|-|–|\band\b|\bwith\b|\bthat contains\b)?\s*(?:\band\b\s*)?")
_WORDS = frozenset({"I", "In", "As", "At", "No", "He", "Be"})


@dataclass(frozen=True)
class Exchange:
    """One who goes and those who come: named outright, or of a kind said in words.

    Attributes:
        old: symbol.
        named: elements named to come, empty where `kind` says it.
        kind: the words on the kind of element.
        words: the sentence.
    """

    old: str
    named: tuple[str, ...]
    kind: str
    words: str


@dataclass(frozen=True)
class _Cast:
    """Who appears in a sentence."""

    going: tuple[str, ...]
    families: tuple[str, ...]
    compounds: tuple[str, ...]
    places: tuple[str, ...]
    coming: tuple[str, ...]
    kept: tuple[str, ...]
    mentions: tuple[Mention, ...]
    spans: tuple[tuple[int, int], ...]


def exchanges_in(text: str, parent: Composition) -> tuple[list[Exchange], str, bool]:
    """Exchanges of a message, the message without their words, and whether an exchange was meant but stays open."""
    found: list[Exchange] = []
    is_open = False
    earlier: tuple[str, ...] = ()
    for sentence in list(_SENTENCE.finditer(text)):
        start, words = sentence.start(), sentence[0]
        if _MIXED.search(words):
            continue
        cast = _cast(words, parent)
        heard = _heard(words, cast, earlier, parent)
        earlier = cast.going if not heard else ()
        found += heard
        if heard:
            for first, last in (*cast.spans, *kind_spans(words)):
                text = blanked(text, start + first, start + last)
        elif _means_exchange(words, cast) and not _is_list(words, cast):
            is_open = True
            for mention in cast.mentions:
                if not mention.denied and set(mention.symbols) & set(cast.going):
                    text = blanked(text, start + mention.start, start + mention.end)
    return found, text, is_open


def _cast(words: str, parent: Composition) -> _Cast:
    mentions = _mentions(words, parent)
    unfamiliar = words
    for mention in mentions:
        if not mention.is_plain:
            unfamiliar = blanked(unfamiliar, mention.start, mention.end)
    places = places_in(unfamiliar, parent)
    mentions = [each for each in mentions if not any(start <= each.start < end for _, start, end in places)]
    present = set(parent.elements)
    kept: list[str] = []
    going: list[str] = []
    compounds: list[str] = []
    families = [symbol for symbol in parent.elements if BY_SYMBOL[symbol].group == group_in(words)]
    coming: list[Mention] = []
    for mention in mentions:
        members = [symbol for symbol in mention.symbols if symbol in present]
        if members and _KEPT.search(words[: mention.start]):
            kept += members
        elif mention.is_family:
            families += members if len(members) == 1 else []
        elif mention.is_plain and members:
            going += members
        elif len(mention.symbols) == 1 and members:
            compounds += members
        elif not mention.denied:
            coming.append(mention)
            kept += members
    named = [symbol for each in coming for symbol in each.symbols if symbol not in present]
    spans = [(each.start, each.end) for each in mentions if not set(each.symbols) & set(kept)]
    return _Cast(
        _once(going),
        _once(families),
        _once(compounds),
        _once(symbol for symbols, _, _ in places for symbol in symbols),
        _once(named),
        tuple(kept),
        tuple(mentions),
        (*spans, *((start, end) for _, start, end in places)),
    )


def _once(symbols: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(symbols))


def _mentions(words: str, parent: Composition) -> list[Mention]:
    """Mentions, with "Co" and "O" heard as elements; "In", "As" and "I" only where they cannot be words."""
    for _, start, end in formulas_in(words):
        words = blanked(words, start, end)
    certain = {mention.start for mention in mentions_in(words)}
    return [
        mention
        for mention in mentions_in(words, in_chemistry=True)
        if mention.start in certain
        or mention.words not in _WORDS
        or (mention.words in parent.elements and mention.words != "I" and mention.start > 0)
    ]


def _heard(words: str, cast: _Cast, earlier: tuple[str, ...], parent: Composition) -> list[Exchange]:
    if cast.coming:
        return _named(words, cast, parent)
    if _REST.search(words) and cast.kept:
        going = tuple(symbol for symbol in parent.elements if symbol not in cast.kept)
        return [Exchange(going[0], (), "another", words)] if len(going) == 1 else []
    is_kind = bool(kind_spans(words))
    if not is_kind and not _VACATE.search(words):
        return []
    options = (cast.going, cast.families, () if earlier else cast.places, cast.compounds, earlier)
    going = next((each for each in options if each), cast.places)
    going = tuple(symbol for symbol in going if symbol not in cast.kept)
    if len(going) != 1 or (not is_kind and not _vacates(words, cast)):
        return []
    return [Exchange(going[0], (), words if is_kind else f"another {words}", words)]


def _vacates(words: str, cast: _Cast) -> bool:
    """Whether the words of change stand right before those who go: "swap out the caesium", "a different halide"."""
    firsts = [start for start, _ in cast.spans]
    return any(
        re.match(r"(?:\W*\b(?:the|out|a|an|its|this|that|one|of|for)\b)*\W*$", words[found.end() : first])
        for found in _VACATE.finditer(words)
        for first in firsts
        if first >= found.end()
    )


def _named(words: str, cast: _Cast, parent: Composition) -> list[Exchange]:
    """Newcomers by name: in the place of who is said to go, else of the one whose role they have."""
    said = cast.going or cast.places or cast.compounds or cast.families
    pairs: dict[str, list[str]] = {}
    for newcomer in cast.coming:
        fitting = [symbol for symbol in said if can_replace(newcomer, symbol, parent)]
        role = role_taken_by(newcomer, parent)
        if fitting and _is_exchange(words, cast):
            old = role if role in fitting else fitting[0] if len(fitting) == 1 else None
        elif _ANALOGY.search(words) and not _is_list(words, cast, cast.going):
            old = role if role not in cast.kept else None
        else:
            old = None
        if old is None:
            return []
        pairs.setdefault(old, []).append(newcomer)
    if any(len(news) > 1 for news in pairs.values()) and not re.search(r"\bor\b|/", words):
        return []
    return [Exchange(old, tuple(news), "", words) for old, news in pairs.items()]


def _is_exchange(words: str, cast: _Cast) -> bool:
    if _EXCHANGE.search(words) and not _is_list(words, cast):
        return True
    ordered = sorted(cast.spans)
    return any(_BETWEEN.fullmatch(words[first[1] : second[0]]) for first, second in zip(ordered, ordered[1:], strict=False))


def _is_list(words: str, cast: _Cast, old: tuple[str, ...] | None = None) -> bool:
    """Whether an old and a new element stand side by side as in "Ba and Ti" or "barium titanate": both are wanted."""
    going = {*cast.going, *cast.compounds} if old is None else set(old)
    plain = [each for each in cast.mentions if not each.is_family and not each.denied]
    return any(
        (first.symbols[0] in going) != (second.symbols[0] in going)
        and _LISTED.fullmatch(words[first.end : second.start])
        for first, second in _neighbours(plain)
    )


def _neighbours(mentions: list[Mention]) -> Iterator[tuple[Mention, Mention]]:
    return zip(mentions, mentions[1:], strict=False)


def _means_exchange(words: str, cast: _Cast) -> bool:
    """Whether words of exchange speak of the parent's elements or places, though not clearly enough to act on."""
    speaks = cast.going or cast.places or cast.families or cast.compounds or cast.coming
    if kind_spans(words):
        return True
    return bool(speaks) and bool(_VACATE.search(words) or (_EXCHANGE.search(words) and cast.coming))
