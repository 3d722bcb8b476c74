"""Exchanges in feedback without a fixed form of words: who is in the parent goes, who is not in it comes.

A sentence about a known crystal is read by roles. Those who may go are the parent's elements that it names, by name, by
place ("the B site") or by family ("the halide"). Those who come are elements that the parent lacks, or a kind ("a
cheaper 3d metal", "one row down"). Words of exchange or of analogy must say that one takes the other's place; what
stays open is said to be so, and nobody takes the parent's formula for kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.services.listen_denial import LIST_GAP
from crystal_studio.services.listen_elements import Mention, blanked, formulas_in, mentions_in
from crystal_studio.services.listen_exchange_words import (
    ANALOGY,
    ASKED,
    BETWEEN,
    CONTAINED,
    ELSE,
    EXCHANGE,
    ITS,
    ITSELF,
    JOINED,
    KEPT,
    MIXED,
    OTHER,
    PART,
    PASSIVE,
    REACH,
    REST,
    SENTENCE,
    STAYS,
    VACATE,
    VACATE_IT,
    WORDS,
)
from crystal_studio.services.listen_roles import can_replace, places_in, role_taken_by
from crystal_studio.services.listen_substitutes import GROUP, group_in, kind_spans, without_other_comparisons


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
class Cast:
    """Who appears in a sentence.

    Attributes:
        going: the parent's elements by name.
        families: by a family of which the parent has one member.
        compounds: by a word such as "oxide".
        places: by place.
        coming: elements that the parent lacks.
        kept: the parent's elements that the sentence leaves alone.
        mentions: all mentions of elements.
        spans: where those who go and come are named.
    """

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
    for start, words in _statements(text, parent):
        if MIXED.search(words):
            continue
        cast = cast_in(words, parent)
        heard = _heard(words, cast, earlier, parent)
        earlier = (cast.going or cast.families) if not heard else ()
        found += heard
        if heard:
            kept = [(each.start, each.end) for each in cast.mentions if each.denied and each.symbols[0] in cast.kept]
            for first, last in (*_spans(cast, heard), *kind_spans(words), *kept):
                text = blanked(text, start + first, start + last)
        elif _means_exchange(words, cast) and not is_list(words, cast):
            is_open = True
            for mention in cast.mentions:
                if not mention.denied and set(mention.symbols) & set(cast.going):
                    text = blanked(text, start + mention.start, start + mention.end)
    return found, text, is_open


def _spans(cast: Cast, heard: list[Exchange]) -> list[tuple[int, int]]:
    """Where those who are exchanged are named; who is denied and only leaves is heard later."""
    olds = {each.old for each in heard}
    leaving = {(each.start, each.end) for each in cast.mentions if each.denied and not olds & {*each.symbols}}
    return [span for span in cast.spans if span not in leaving]


def _statements(text: str, parent: Composition) -> Iterator[tuple[int, str]]:
    """Sentences with their starts; in parts where each part has somebody to go and somebody to come."""
    for sentence in list(SENTENCE.finditer(text)):
        parts = list(PART.finditer(sentence[0]))
        casts = [cast_in(part[0], parent) for part in parts] if len(parts) > 1 else []
        speaking = [(part, cast) for part, cast in zip(parts, casts, strict=False) if cast.coming or cast.going]
        if len(speaking) > 1 and all(cast.coming and (cast.going or cast.compounds) for _, cast in speaking):
            yield from ((sentence.start() + part.start(), part[0]) for part, _ in speaking)
        else:
            yield sentence.start(), sentence[0]


@lru_cache(maxsize=256)  # a part of a message is looked at more than once
def cast_in(words: str, parent: Composition) -> Cast:
    """Who appears in some words about a crystal."""
    mentions, places = _mentioned(words, parent)
    parts: defaultdict[str, list[str]] = defaultdict(list)
    parts["families"] += [symbol for symbol in parent.elements if BY_SYMBOL[symbol].group == group_in(words)]
    for symbols, start, _ in places:
        parts["kept" if KEPT.search(_before(words, start)) else "places"] += symbols
    spans = [(start, end) for _, start, end in places]
    staying = _staying(mentions, words)
    for mention in mentions:
        members = [symbol for symbol in mention.symbols if symbol in parent.elements]
        part = "kept" if members and mention in staying else _part(mention, members, words)
        parts[part] += members
        if part == "coming":
            parts["kept"] += members
            parts["coming"] += mention.symbols
        if part not in ("kept", "absent"):
            spans.append((mention.start, mention.end))
    newcomers = [symbol for symbol in parts["coming"] if symbol not in parent.elements]
    free = [symbol for symbol in parts["places"] if symbol not in parts["kept"]]
    return Cast(
        going=once(parts["going"]),
        families=once(parts["families"]),
        compounds=once(parts["compounds"]),
        places=once(free),
        coming=once(newcomers),
        kept=once(parts["kept"]),
        mentions=tuple(mentions),
        spans=tuple(spans),
    )


def _before(words: str, place: int) -> str:
    """The words that can say of what stands at a place that it stays; all of a long message would take too long."""
    return words[max(0, place - REACH) : place]


def _staying(mentions: list[Mention], words: str) -> list[Mention]:
    """Mentions of which the words say that they stay, with their neighbours in a list: "Mn and Ni remain"."""
    found: list[Mention] = []
    for at, mention in enumerate(mentions):
        if KEPT.search(_before(words, mention.start)) or STAYS.match(words, mention.end):
            first = at
            while first and LIST_GAP.fullmatch(words[mentions[first - 1].end : mentions[first].start]):
                first -= 1
            found += mentions[first : at + 1]
    return found


def _part(mention: Mention, members: list[str], words: str) -> str:
    if len(members) == len(mention.symbols) > 1 and ITSELF.search(words[: mention.start]):
        return "absent"  # "the tantalum analogue of this niobate"
    if mention.is_family:
        return "families" if len(members) == 1 else "absent" if mention.denied else "kind"
    if members and mention.is_plain:
        return "going"
    if members and len(mention.symbols) == 1:
        return "compounds"
    if mention.denied:
        return "compounds" if len(members) == len(mention.symbols) else "absent"
    return "coming"


def _mentioned(words: str, parent: Composition) -> tuple[list[Mention], list[tuple[tuple[str, ...], int, int]]]:
    """Mentions of elements and of places, apart: "B site" is no boron, "transition metal" no metal site."""
    mentions = _mentions(words, parent)
    for mention in mentions:
        if not mention.is_plain:
            words = blanked(words, mention.start, mention.end)
    places = places_in(words, parent)
    return [each for each in mentions if not any(start <= each.start < end for _, start, end in places)], places


def once(symbols: Iterable[str]) -> tuple[str, ...]:
    """Each symbol once, in order."""
    return tuple(dict.fromkeys(symbols))


def _mentions(words: str, parent: Composition) -> list[Mention]:
    """Mentions, with "Co" and "O" heard as elements; "In", "As" and "I" only where they cannot be words."""
    others = [(start, end) for _, start, end in formulas_in(words)] + [each.span() for each in GROUP.finditer(words)]
    for start, end in others:
        words = blanked(words, start, end)
    certain = {mention.start for mention in mentions_in(words)}
    return [
        mention
        for mention in mentions_in(words, in_chemistry=True)
        if mention.start in certain
        or mention.words not in WORDS
        or (mention.words in parent.elements and mention.words != "I" and mention.start > 0)
    ]


def _heard(words: str, cast: Cast, earlier: tuple[str, ...], parent: Composition) -> list[Exchange]:
    if cast.coming:
        return _named(words, cast, earlier, parent)
    if REST.search(words) and cast.kept:
        going = tuple(symbol for symbol in parent.elements if symbol not in cast.kept)
        return [Exchange(going[0], (), "another", words)] if len(going) == 1 else []
    is_kind = bool(kind_spans(words) or ASKED.search(words))
    if not is_kind and not VACATE.search(words):
        return []
    options = (cast.going, cast.families, () if earlier else cast.places, cast.compounds, earlier)
    going = next((each for each in options if each), cast.places)
    going = tuple(symbol for symbol in going if symbol not in cast.kept)
    going = _who_fits(going, cast, words, parent)
    if len(going) != 1 or (not is_kind and not _vacates(words, cast)):
        return []
    kind = without_other_comparisons(words) if kind_spans(words) else f"another {words}"
    return [Exchange(going[0], (), kind, words)]


def _who_fits(going: tuple[str, ...], cast: Cast, words: str, parent: Composition) -> tuple[str, ...]:
    """Those whose place the family named could take: "another alkaline earth" takes that of the parent's own."""
    for mention in cast.mentions:
        if mention.is_family and not mention.denied:
            own = tuple(symbol for symbol in cast.families if symbol in mention.symbols)
            if len(own) == 1 and OTHER.search(words[: mention.start]):
                return own
            going = tuple(old for old in going if any(can_replace(new, old, parent) for new in mention.symbols))
    return going or tuple(symbol for symbol in cast.families if symbol not in cast.kept)


def _vacates(words: str, cast: Cast) -> bool:
    """Whether the words of change stand right beside those who go: "swap out the caesium", "tin must be replaced"."""
    if VACATE_IT.search(words):
        return True
    if any(PASSIVE.match(words, last) for _, last in cast.spans):
        return True
    firsts = [start for start, _ in cast.spans]
    return any(
        re.match(
            r"(?:\W*\b(?:the|out|a|an|its|this|that|one|of|for|to|on|at|nothing but|only|just)\b)*\W*$",
            words[found.end() : first],
        )
        for found in VACATE.finditer(words)
        for first in firsts
        if first >= found.end()
    )


def _named(words: str, cast: Cast, earlier: tuple[str, ...], parent: Composition) -> list[Exchange]:
    """Newcomers by name: in the place of who is said to go, else of the one whose role they have."""
    said = cast.going or cast.places or cast.compounds or cast.families or (earlier if ITS.search(words) else ())
    pairs: dict[str, list[str]] = {}
    for newcomer in cast.coming:
        fitting = [symbol for symbol in said if can_replace(newcomer, symbol, parent)]
        role = role_taken_by(newcomer, parent)
        if role in (*cast.compounds, *cast.families):  # "the arsenate instead of the phosphate, and no strontium"
            fitting = [role]
        if fitting and _is_exchange(words, cast):
            old = role if role in fitting else fitting[0] if len(fitting) == 1 else None
        elif _is_analogy(words, cast, newcomer, role) and not is_list(words, cast, cast.going):
            old = role if role not in cast.kept else None
        else:
            old = None
        if old is None:
            return []
        pairs.setdefault(old, []).append(newcomer)
    if not re.search(r"\bor\b|/", words) and not all(_is_choice(old, news) for old, news in pairs.items()):
        return []
    return [Exchange(old, tuple(news), "", words) for old, news in pairs.items()]


def _is_choice(old: str, news: list[str]) -> bool:
    """Whether one of the newcomers is enough though "and" joins them: all are of the group of who goes."""
    return len(news) == 1 or all(BY_SYMBOL[new].group == BY_SYMBOL[old].group for new in news)


def _is_analogy(words: str, cast: Cast, newcomer: str, role: str | None) -> bool:
    """Whether the newcomer stands for its like: by words of analogy, or named alone and of the same group."""
    if not cast.going and CONTAINED.search(words):
        return False
    if ANALOGY.search(words):
        return True
    is_alone = not cast.going and not ELSE.search(words)
    return is_alone and role is not None and BY_SYMBOL[role].group == BY_SYMBOL[newcomer].group


def _is_exchange(words: str, cast: Cast) -> bool:
    if EXCHANGE.search(words) and not is_list(words, cast):
        return True
    ordered = sorted(cast.spans)
    return any(BETWEEN.fullmatch(words[first[1] : second[0]]) for first, second in pairwise(ordered))


def is_list(words: str, cast: Cast, old: tuple[str, ...] | None = None) -> bool:
    """Whether an old and a new element stand side by side as in "Ba and Ti" or "barium titanate": both are wanted."""
    going = {*cast.going, *cast.compounds} if old is None else set(old)
    named = (each for each in cast.mentions if not each.is_family and not each.denied)
    plain = [each for each in named if each.symbols[0] not in cast.kept]
    return any(
        (first.symbols[0] in going) != (second.symbols[0] in going)
        and JOINED.fullmatch(words[first.end : second.start])
        for first, second in pairwise(plain)
    )


def _means_exchange(words: str, cast: Cast) -> bool:
    """Whether words of exchange speak of the parent's elements or places, though not clearly enough to act on."""
    speaks = cast.going or cast.places or cast.families or cast.compounds or cast.coming
    if kind_spans(words):
        return True
    return bool(speaks) and bool(VACATE.search(words) or (EXCHANGE.search(words) and cast.coming))
