"""The composition heard in a message: required, excluded, allowed, replaced, locked."""

from __future__ import annotations

import re
from dataclasses import replace

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen_elements import (
    Mention,
    grouped_by_or,
    mentions_in,
    says_only,
    scarce_elements,
)
from crystal_studio.services.listen_formulas import HeardComposition, formula_as_model, lock_formulas
from crystal_studio.services.listen_newcomers import by_removal, refused, replaced
from crystal_studio.services.listen_replacement import complaints_in, replacements_in
from crystal_studio.services.listen_whole import unwelcome_in
from crystal_studio.services.listen_words import RADIOACTIVE, TOXIC, joined, name_of

_KEEP = re.compile(
    "|".join(
        (
            r"\b(?:keep|keeping|preserv\w+|conserv\w+|retain\w*|maintain\w*|same(?! (?:kind|type|sort|family|class))|"
            r"leav\w+|stick (?:to|with)|hold\w*|fix\w*|lock\w*|unchanged|no changes? (?:of|in|to)|(?:without|"
            r"don'?t|do not|not|avoid) (?:chang\w+|alter\w*|touch\w*|modify\w*|exchang\w*|"
            r"swap\w*))\b(?:(?!\b(?:but|change|replace|swap|vary)\b)[^.;!?]){0,30}?\b(?P<what>composition|"
            r"ratios?|proportions|formula type|formula|compound|chemistry|stoichiometr\w*|elements|(?<=any )element|"
            r"ingredients|material|what(?:'?s| is) in it)\b",
            r"\b(?P<subject>composition|formula|chemistry|stoichiometry|elements)\b[^.;,!?]{0,20}\b(?:fixed|"
            r"unchanged|unaltered|the same|constant|locked|let alone|as it is|as is|as they are|alone)\b",
            r"\b(?P<form>polymorph|allotrope|polytype|(?:another|different|other|new) phase)s?\b",
            r"\b(?P<none>no (?:other|new|further|additional|foreign|more) (?:chemical )?element|(?:don'?t|"
            r"do not|not|without|never) (?:go )?(?:add|throw|bring|introduc|us)(?:e|ing|"
            r"in'?)?(?: in)? (?:(?:any|or|drop|other|new|further|more|foreign|additional|extra) )*element|"
            r"nothing beyond|(?:exactly|only|just) (?:these|those|the same)(?: two| three| four|"
            r" five)? element|the same (?:two |three |four |five )?(?:elements|metals) and (?:nothing|"
            r"no other)|no (?:\w+ )?elements? (?:beyond|besides|other than) (?:the )?(?:one|those|what))s?\b",
        )
    ),
    re.IGNORECASE,
)
_FREE = re.compile(
    "|".join(
        (
            r"\b(?:different|another|new|other|change the|vary the|alternative)\s+(?:\w+ )?(?:material|"
            r"compound|composition|crystal(?! (?:system|structure|symmetry|class|lattice|form))|element|"
            r"formula|chemistr|one|stoichiometr|anion|cation|metal)\w*\b",
            r"\bsomething (?:else|different|new)\b|\bstart over\b",
            r"(?<!changing )(?<!change )(?<!touching )(?<!altering )\banything else\b",
            r"\b(?:make|be|is|something|much|a bit) (?:it )?(?:cheaper|greener|less (?:toxic|expensive|rare)|"
            r"non-?toxic|more (?:abundant|sustainable|available))\b",
            r"(?<!without )\b(?:chang|swap|exchang|vary|replac|substitut)\w*(?: out)? (?:(?:the|one|an?|some|any|"
            r"other)(?: of (?:the|its))? )+(?:element|cation|anion|metal|ion|atom)s?\b(?! (?:with|by|for|"
            r"to)\b)",
            r"\b(?:chemical|by|through|via|element(?:al)?) substitutions?\b",
        )
    ),
    re.IGNORECASE,
)
_ADD = re.compile(
    r"\b(?:add|introduc|incorporat|dop|includ|alloy|mix|blend|intercalat)(?:e[ds]?|ed|ing|s)?\b|\bas well\b|"
    r"\b(?:additional|extra|an? (?:second|third|fourth|fifth|further))\b|"
    r"\balso\b(?! (?:work|be|do|exist|possible))|\btoo(?=\W*$)",
    re.IGNORECASE,
)
_FURTHER = re.compile(r"\b(?:second|another|further|additional|different|other)\b", re.IGNORECASE)
_ASKS_FOR = re.compile(
    r"\b(?:with|contain\w*|includ\w*|have|has|need\w*|want\w*|like|add\w*|us(?:e|ing)|an?|some|"
    r"plus)\s+(?:[\w-]+\s+){0,2}$",
    re.IGNORECASE,
)
_THAN = re.compile(r"(?<!other) than $")
_TROUBLE_WITH = re.compile(
    r"\b(?:trouble|problems?|issues?|worked|experience|accidents?|fed up|done|contact|compatible|react\w*|"
    r"matched) with (?:the )?$",
    re.I,
)
_MODEL = re.compile(r"-like\b|[- ]colou?red\b|-ion (?:cell|batter|capacitor)", re.IGNORECASE)
_OPTIONAL = re.compile(  # of a first wish; of a crystal, "zinc is fine" may name who comes
    r" (?:is|are|would be) (?:fine|ok|okay|optional|tolerated|allowed but)\b(?! as)|"
    r",? (?:may|might|can) be (?:in|there|present|in (?:it|there))(?: or (?:not|may not))?\b(?! only)|"
    r" is allowed(?: but not required)?(?=\s*[,.;]|\s*$)",
    re.IGNORECASE,
)
_OTHERS_LEAVE = re.compile(
    r"\b(?:replac|chang|swap|exchang|substitut|drop)\w* (?:all (?:of )?)?(?:the )?(?:others?|rest|other elements|"
    r"remaining elements|everything else)\b",
    re.IGNORECASE,
)
_RATIO = re.compile(r"\b(?:stoichiometr\w*|ratios?|proportions?|formula type|A\d?B\d?X\d?)\b", re.IGNORECASE)
_ALL_OTHER = re.compile(
    "|".join(
        (
            r"\b(?:completely|entirely|totally|wholly|all) (?:different|other|new) elements\b",
            r"\b(?:none|without any|no) of (?:these|those|the|its)(?: present)? elements\b|\bbut not the elements\b",
            r"(?<!without )(?<!not )\b(?:chang|swap|replac|exchang|substitut)\w* (?:out )?(?:all|every|each)(?: of)?"
            r"(?: the| its)?(?: two| three| four| five)? (?:elements?|atoms)\b(?! (?:but(?! keep)|except|of|by|with))",
            r"\bevery element (?:has to|must|should) be (?:another|a different|a new)|"
            r"\ball (?:the )?elements (?:new|different|other|changed|exchanged|replaced)\b",
            r"\b(?:two|three|four|five) (?:other|new|different) elements\b|\bother elements throughout\b",
            r"\bsame\s+(?:stoichiometry|ratios?|proportions|formula type)\b[^.;]{0,20}?"
            r"\b(?:different|other|new) elements\b",
            r"\b(?:different|other|new) (?:elements|chemistry)\b[^.;]{0,20}?"
            r"\bsame (?:stoichiometry|ratios?|proportions)\b",
        )
    ),
    re.IGNORECASE,
)
_ONLY_OTHERS = re.compile(
    r"\b(?:only|just|keep\w*|retain\w*|leav\w+) (?:the |its )?(?:other|remaining) (?:two |three |four |five )?"
    r"(?:elements|ones)\b|\bno (?:new|other) ones\b",
    re.IGNORECASE,
)
_REST = re.compile(r"\b(?:keep|leave|retain) (?:the (?:rest|others?)|everything else|all else)\b", re.IGNORECASE)
_AMOUNT = re.compile(r"[- ](?:rich|poor|deficient|content|concentration|fraction|amount)\b", re.IGNORECASE)
_NONTOXIC = re.compile(
    r"\bnon-?[ ]?toxic\b|\b(?:no|without(?: the)?|remove the|reduce the) toxic\w*\b|\bless toxic\b|\brohs\b",
    re.IGNORECASE,
)


ANOTHER_COMPOSITION = "another composition"  # heard where the message lets go of the parent's formula


def composition_in(text: str, parent: Composition | None) -> tuple[HeardComposition, str]:
    """The composition asked for, and the text without the words of replacements and formulas.

    Raises:
        UserCorrectable: contradictions, with both parts named.
    """
    found = HeardComposition()
    replacements, left, is_open = replacements_in(text, parent)
    left = lock_formulas(left, found, parent, bool(replacements))
    _elements(left, found, frozenset(parent.elements) if parent else frozenset(), _denied_in(text))
    if parent is None:
        formula_as_model(text, found)
        _leave(complaints_in(left), found)
    if parent is not None and not replacements:
        replacements = by_removal(left, found, parent)
        if not replacements:
            _leave(unwelcome_in(text, parent), found)
    refused(text, found, parent, replacements)
    replaced(replacements, found, parent)
    if parent is not None and (found.required or found.any_of) and _ADD.search(left):
        found.required |= {
            symbol: f"kept of {parent.formula}" for symbol in parent.elements if symbol not in found.excluded
        }
        if _FURTHER.search(left):
            found.any_of = [(group - set(parent.elements) or group, words) for group, words in found.any_of]
    _rest(left, found, parent)
    _others_leave(left, found, parent)
    all_leave = _all_leave(text, found, parent)
    if not (all_leave or _keeps_others(text, found, parent)):
        _keep(left, found, parent)
    found.is_free = (all_leave or is_open or bool(_FREE.search(left)) or _names_an_amount(left)) and not found.formula
    if found.is_free:
        found.heard.append(ANOTHER_COMPOSITION)
    _check(found)
    return found, left


def _names_an_amount(text: str) -> bool:
    """Whether "less strontium" or "more oxygen" asks for another stoichiometry."""
    return any(
        re.search(r"\b(?:less|more|fewer)\s$", text[: mention.start]) or _AMOUNT.match(text, mention.end)
        for mention in mentions_in(text)
    )


def _denied_in(text: str) -> frozenset[int]:
    """Where elements are named that are refused, also where the words of refusal belong to an exchange."""
    return frozenset(mention.start for mention in mentions_in(text) if mention.denied)


def _elements(text: str, found: HeardComposition, present: frozenset[str], denied: frozenset[int]) -> None:
    mentions = [
        replace(mention, denied=mention.denied or mention.start in denied)
        for mention in mentions_in(text)
        if not _THAN.search(text, 0, mention.start) and not _MODEL.match(text, mention.end)
    ]
    for mention in mentions:
        if mention.denied:
            _exclude(mention, found)
        elif mention.is_family and set(mention.symbols) not in (TOXIC, RADIOACTIVE):
            found.any_of.append((frozenset(mention.symbols), mention.words))
            found.heard.append(mention.words)
    _compounds([each for each in mentions if not (each.is_plain or each.is_family or each.denied)], text, found)
    plain = [mention for mention in mentions if mention.is_plain and not mention.denied]
    _plain([each for each in plain if present or not _OPTIONAL.match(text, each.end)], text, found)
    _without_asides(mentions, text, found)
    if _NONTOXIC.search(text):
        found.excluded |= {symbol: "non-toxic" for symbol in TOXIC if symbol not in found.required}
        found.heard.append("no toxic elements")
    if scarce := scarce_elements(text):
        found.excluded |= {symbol: "abundant elements" for symbol in scarce - present if symbol not in found.required}
        found.heard.append("abundant elements only")
    if says_only(text) and len(found.required) + len(found.any_of) > 1:
        found.allowed = frozenset(found.required).union(*(group for group, _ in found.any_of))
        found.heard.append(f"only {joined(found.allowed)}")


def _without_asides(mentions: list[Mention], text: str, found: HeardComposition) -> None:
    """Of an element that is named twice, once to refuse it, the refusal holds: "I hate chromium, so no Cr".

    Where the message plainly asks for it as well, the two contradict each other, and `_check` says so.
    """
    for symbol in found.required.keys() & found.excluded.keys():
        naming = [each for each in mentions if not (each.denied or each.is_family) and symbol in each.symbols]
        if not any(_asks_for(text[: each.start]) for each in naming):
            del found.required[symbol]


def _asks_for(before: str) -> bool:
    return bool(_ASKS_FOR.search(before)) and not _TROUBLE_WITH.search(before)


def _exclude(mention: Mention, found: HeardComposition) -> None:
    symbols = mention.symbols if mention.is_family else mention.symbols[:1]
    found.excluded |= {symbol: mention.words for symbol in symbols}
    found.heard.append(f"no {mention.words}")


def _compounds(mentions: list[Mention], text: str, found: HeardComposition) -> None:
    """ "A titanate" holds titanium and oxygen, "a phosphate or sulfate" oxygen and one of the two others."""
    for run in grouped_by_or(mentions, text):
        words = text[run[0].start : run[-1].end]
        shared = set.intersection(*(set(mention.symbols) for mention in run))
        choice = frozenset(symbol for mention in run for symbol in mention.symbols[:1]) - shared
        found.required |= {symbol: words for symbol in shared}
        if choice:
            found.any_of.append((choice, words))
        found.heard.append(words)


def _plain(mentions: list[Mention], text: str, found: HeardComposition) -> None:
    for run in grouped_by_or(mentions, text):
        symbols = frozenset(mention.symbols[0] for mention in run)
        words = text[run[0].start : run[-1].end]
        if len(symbols) > 1:
            found.any_of.append((symbols, words))
        else:
            found.required |= {symbol: words for symbol in symbols}
        found.heard.append(f"contains {words}")


def _leave(symbols: tuple[str, ...], found: HeardComposition) -> None:
    """Take back that elements were asked for, and exclude them."""
    for symbol in symbols:
        if symbol not in found.excluded:
            found.required.pop(symbol, None)
            found.excluded[symbol] = name_of(symbol)
            found.heard.append(f"no {name_of(symbol)}")


def _rest(text: str, found: HeardComposition, parent: Composition | None) -> None:
    """ "Drop strontium and keep the rest" requires the rest."""
    if parent is not None and found.excluded.keys() & set(parent.elements) and (rest := _REST.search(text)):
        found.required |= {symbol: rest[0] for symbol in parent.elements if symbol not in found.excluded}


def _all_leave(text: str, found: HeardComposition, parent: Composition | None) -> bool:
    """ "Other elements in the same proportions" excludes all of the parent's; whether that was said."""
    if parent is None or found.replaced or found.formula or not _ALL_OTHER.search(text):
        return False
    _leave(tuple(symbol for symbol in parent.elements if symbol not in found.required), found)
    if _RATIO.search(text):
        found.anonymous = parent.anonymous
        found.heard.append(f"keeps the stoichiometry of {parent.formula}")
    return True


def _keeps_others(text: str, found: HeardComposition, parent: Composition | None) -> bool:
    """ "No mercury, just the other three elements" allows the others alone; whether that was said."""
    leaving = found.excluded.keys() & set(parent.elements) if parent is not None else set()
    if parent is None or not leaving or found.replaced or not _ONLY_OTHERS.search(text):
        return False
    found.allowed = frozenset(parent.elements) - leaving
    found.required |= dict.fromkeys(sorted(found.allowed), f"kept of {parent.formula}")
    found.heard.append(f"only {joined(found.allowed)}")
    return True


def _others_leave(text: str, found: HeardComposition, parent: Composition | None) -> None:
    """ "Hold on to platinum, replace all the others" excludes the others."""
    if parent is None or found.replaced or not _OTHERS_LEAVE.search(text):
        return
    if found.required.keys() & set(parent.elements):
        _leave(tuple(symbol for symbol in parent.elements if symbol not in found.required), found)


def _keep(text: str, found: HeardComposition, parent: Composition | None) -> None:
    match = _KEEP.search(text)
    if match is None:
        return
    what = (match["what"] or match["subject"] or match["form"] or "elements").lower()
    if parent is None:
        if match["what"] and found.formula is None and what in ("composition", "formula"):
            raise UserCorrectable(
                "There is no crystal yet whose composition could be kept. Name a formula, such as SrTiO3."
            )
        return
    is_ratio = what.startswith(("stoich", "ratio", "proportion", "formula type"))
    if found.replaced and (is_ratio or match["none"]):
        return
    if found.replaced:
        raise UserCorrectable(
            f"'{match[0]}' and 'replace {name_of(found.replaced[0][0])}' contradict each other. Drop one of the two."
        )
    if is_ratio:
        found.anonymous = parent.anonymous
        found.heard.append(f"keeps the stoichiometry of {parent.formula}")
    elif what in ("elements", "ingredients"):
        found.allowed = frozenset(parent.elements)
        found.required |= {symbol: match[0] for symbol in parent.elements}
        found.heard.append(f"keeps {joined(found.allowed)}")
    else:
        _lock(found, parent, match[0])


def _lock(found: HeardComposition, parent: Composition, words: str) -> None:
    if found.formula not in (None, parent.formula):
        raise UserCorrectable(f"'{words}' and the formula {found.formula} contradict each other. Drop one of the two.")
    clashing = [symbol for symbol in found.excluded if symbol in parent.elements]
    foreign = [symbol for symbol in found.required if symbol not in parent.elements]
    if clashing:
        raise UserCorrectable(
            f"'{words}' and 'no {found.excluded[clashing[0]]}' contradict each other: {parent.formula} contains "
            f"{name_of(clashing[0])}. Drop one of the two."
        )
    if foreign:
        raise UserCorrectable(
            f"'{words}' and '{found.required[foreign[0]]}' contradict each other: {parent.formula} contains no "
            f"{name_of(foreign[0])}. Drop one of the two."
        )
    found.formula = parent.formula
    found.heard.append(f"keeps {parent.formula}")


def _check(found: HeardComposition) -> None:
    for symbol in sorted(found.required.keys() & found.excluded.keys()):
        raise UserCorrectable(
            f"'{found.required[symbol]}' asks for {name_of(symbol)}, but 'no {found.excluded[symbol]}' excludes it. "
            "Drop one of the two."
        )
    for group, words in found.any_of:
        if group <= found.excluded.keys():
            against = found.excluded[min(group)]
            raise UserCorrectable(f"'{words}' and 'no {against}' contradict each other. Drop one of the two.")
    if found.formula:
        clashing = [symbol for symbol in Composition.parse(found.formula).elements if symbol in found.excluded]
        if clashing:
            raise UserCorrectable(
                f"The formula {found.formula} contains {name_of(clashing[0])}, but 'no {found.excluded[clashing[0]]}' "
                "excludes it. Drop one of the two."
            )
