"""Who comes for whom, in the composition asked for: exchanges with what else a message demands and refuses."""

from __future__ import annotations

import re
from dataclasses import replace

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen_elements import mentions_in
from crystal_studio.services.listen_formulas import HeardComposition
from crystal_studio.services.listen_replacement import Replacement
from crystal_studio.services.listen_roles import can_replace
from crystal_studio.services.listen_words import joined, name_of

_BRING = re.compile(
    r"\b(?:us(?:e|ing)|put|add|insert|bring|try|tak(?:e|es)|choose|pick|go (?:for|with))\b", re.IGNORECASE
)
_BOTH = re.compile(
    r"^(?!.*(?:\bor\b|/|\bone of\b)).*\b(?:with|containing|of) \w+ and \w+ (?:in|instead)", re.IGNORECASE
)
_MOST_NAMED = 4  # newcomers by name; more come of a kind


def replaced(replacements: list[Replacement], found: HeardComposition, parent: Composition | None) -> None:
    """Who leaves and who may come, with what stays of the parent.

    Raises:
        UserCorrectable: every substitute is refused.
    """
    partial = [each for each in replacements if each.is_partial]
    replacements = [each for each in replacements if not each.is_partial]
    for each in partial:
        kept = {each.old, *(parent.elements if parent else ())}
        found.required |= {symbol: each.words for symbol in kept}
        found.any_of.append((each.substitutes, each.words))
        found.heard.append(f"some {each.old} replaced by {joined(each.substitutes)}")
    if not replacements:
        return
    old = {replacement.old for replacement in replacements}
    found.excluded |= {symbol: f"replace {name_of(symbol)}" for symbol in old}
    for symbol in old:
        found.required.pop(symbol, None)
    found.any_of = [(group, words) for group, words in found.any_of if not group & old]  # "the lanthanide is dear"
    replacements = _narrowed(replacements, found, parent)
    narrowed = [(each.old, each.substitutes - found.excluded.keys(), each) for each in replacements]
    for symbol, substitutes, _ in narrowed:
        if not substitutes:
            raise UserCorrectable(
                f"Nothing is left to replace {name_of(symbol)} ({symbol}) with. Exclude fewer elements."
            )
        found.heard.append(f"{symbol} replaced by one of {joined(substitutes)}")
    found.replaced = tuple((symbol, substitutes) for symbol, substitutes, _ in narrowed)
    if parent is None:
        _without_parent(found, [each for _, _, each in narrowed])
        return
    staying = [symbol for symbol in parent.elements if symbol not in found.excluded]
    found.required |= {symbol: f"kept of {parent.formula}" for symbol in staying}
    if len(staying) + len(old) < len(parent.elements):  # somebody leaves for nobody: no formula can be told
        found.required |= {symbol: each.words for _, new, each in narrowed if len(new) == 1 for symbol in new}
    elif all(each.is_explicit for _, _, each in narrowed):
        swapped = parent.replaced({symbol: next(iter(substitutes)) for symbol, substitutes, _ in narrowed})
        found.formula, found.anonymous = found.formula or swapped.formula, swapped.anonymous
    else:
        found.anonymous = parent.anonymous


def refused(text: str, found: HeardComposition, parent: Composition | None, replacements: list[Replacement]) -> None:
    """Newcomers who are refused in the words of an exchange: "another halogen, anything but iodine"."""
    if parent is None or not replacements:
        return
    named = (each.substitutes for each in replacements if len(each.substitutes) <= _MOST_NAMED)
    known = {*parent.elements, *found.required, *found.excluded}.union(*named)
    for mention in mentions_in(text):
        symbol = mention.symbols[0]
        if mention.denied and mention.is_plain and symbol not in known:
            known.add(symbol)
            found.excluded[symbol] = mention.words
            found.heard.append(f"no {mention.words}")


def by_removal(text: str, found: HeardComposition, parent: Composition) -> list[Replacement]:
    """ "Drop Sr, add Ca": one of the parent's elements leaves and one that could take its place is to come."""
    leaving = found.excluded.keys() & set(parent.elements)
    coming = found.required.keys() - set(parent.elements)
    if len(leaving) != 1 or len(coming) != 1 or found.formula:
        return []
    (old,), (new,) = leaving, coming
    if not _BRING.search(text) and BY_SYMBOL[old].group != BY_SYMBOL[new].group:
        return []
    return [Replacement(old, frozenset({new}), f"{old} by {new}", True)] if can_replace(new, old, parent) else []


def _narrowed(
    replacements: list[Replacement], found: HeardComposition, parent: Composition | None
) -> list[Replacement]:
    """One for each who leaves; of all that could come, those named elsewhere ("Be is toxic; use magnesium or zinc")."""
    narrowed: dict[str, Replacement] = {}
    for each in replacements:
        single = each if each.is_explicit else _with_named(each, found, parent)
        if each.old not in narrowed or single.is_explicit:
            narrowed[each.old] = single
    return list(narrowed.values())


def _with_named(one: Replacement, found: HeardComposition, parent: Composition | None) -> Replacement:
    """The replacement by whom the message names for it, if anyone."""

    def fits(symbol: str) -> bool:
        if parent is None or symbol in one.substitutes:
            return symbol in one.substitutes
        return symbol not in parent.elements and can_replace(symbol, one.old, parent)

    if named := frozenset(symbol for symbol in found.required if fits(symbol)):
        return replace(one, substitutes=named, is_explicit=True) if len(named) == 1 else one
    for group, words in found.any_of:
        newcomers = frozenset(filter(fits, group))
        if parent is not None and newcomers and (len(newcomers) == len(group) or one.substitutes & newcomers):
            found.any_of.remove((group, words))
            return replace(one, substitutes=one.substitutes & newcomers or newcomers)
    return one


def _without_parent(found: HeardComposition, replacements: list[Replacement]) -> None:
    """ "iron instead of cobalt" in a first wish: one in, one out, and no stoichiometry to keep."""
    named = [each for each in replacements if each.is_explicit or _BOTH.search(each.words)]
    for each in named:
        found.required |= {symbol: each.words for symbol in each.substitutes}
    found.replaced = tuple((each.old, each.substitutes) for each in replacements if each not in named)
