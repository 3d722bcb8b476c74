"""Formulas in a message: one to lock, several to choose from, or one that is only compared with."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen_denial import denied_spans, is_denied
from crystal_studio.services.listen_elements import blanked, formulas_in, mentions_in

_COMPARED = re.compile(
    r"\b(?:(?<!-)like|similar to|such as|analog(?:ue|ous)?(?: of| to)?|inspired by|related to|e\.g\.,?|"
    r"for example|instance|based on|derivative of|derived from|instead of|other than|not|better than|"
    r"compared (?:to|with)|than|unlike|variants? of|alternatives? to|(?:with|in|into|has|having|adopt\w*|"
    r"same|shar\w+|tak\w+|copy|borrow) (?:the )?(?:crystal )?structure of|isostructural (?:to|with)|"
    r"the same structure as|(?:replacement|substitute|counterpart|version)s? (?:of|for)|reminiscent of|"
    r"resembl\w+|avoid|without|no)\s+(?:the |a |an )?$",
    re.IGNORECASE,
)
# "Sc, H and IO3 ions", "MgO doped with iron": what the formula names has to be there beside the others.
_PART = re.compile(r" (?:ions?|groups?|anions?|units?|doped|alloyed|with|plus|and|containing)\b| ?\+", re.IGNORECASE)
_WITHOUT = re.compile(r"[\w -]{0,24}")  # "SrTiO3 without titanium" contradicts itself; "GeTe bores me. No Te!" does not
_IS_MODEL = re.compile(
    r"[- ](?:like|type|derived|based|structure|analog|variant|derivative|relative|cousin)|"
    r"(?: (?:is|has|having|been|being))* (?:done to death|boring|bores|overdone|well[- ]known|old hat)",
    re.IGNORECASE,
)


@dataclass
class HeardComposition:
    """What was heard on the composition; elements with the words they were heard in."""

    required: dict[str, str] = field(default_factory=dict)
    any_of: list[tuple[frozenset[str], str]] = field(default_factory=list)
    excluded: dict[str, str] = field(default_factory=dict)
    allowed: frozenset[str] = frozenset()
    replaced: tuple[tuple[str, frozenset[str]], ...] = ()
    formula: str | None = None
    anonymous: tuple[int, ...] = ()
    is_free: bool = False
    heard: list[str] = field(default_factory=list)


def lock_formulas(text: str, found: HeardComposition, parent: Composition | None, has_replacements: bool) -> str:
    """Lock the formula that a message names, and give the text without formulas.

    Raises:
        UserCorrectable: two formulas are named.
    """
    named: list[tuple[Composition, int, int]] = []
    spans = denied_spans(text)
    unwanted = [each for each in mentions_in(text) if each.denied and not each.is_family]
    for composition, start, end in formulas_in(text):
        is_parent = parent is not None and composition.formula == parent.formula
        is_model = bool(_COMPARED.search(text[:start]) or _IS_MODEL.match(text, end))
        is_part = parent is not None and set(composition.elements) < set(parent.elements)
        is_foil = any(
            each.symbols[0] in composition.elements
            and (each.start < start or not _WITHOUT.fullmatch(text[end : each.start]))
            for each in unwanted
        )
        if is_model or is_part or is_foil or is_denied(start, end, text, spans) or (has_replacements and is_parent):
            found.heard.append(f"{text[start:end]} as a model, not a lock")
        elif len(composition.elements) == 1:
            found.required[composition.elements[0]] = text[start:end]
        else:
            named.append((composition, start, end))
    formulas = list(dict.fromkeys(composition.formula for composition, _, _ in named))
    if len(formulas) > 1:
        _several(text, named, found)
    elif formulas:
        found.formula = formulas[0]
        found.heard.append(f"formula {formulas[0]}")
    for _, start, end in formulas_in(text):
        text = blanked(text, start, end)
    return text


def formula_as_model(text: str, found: HeardComposition) -> None:
    """In a wish that asks for other elements than those of the one formula it names, that formula is a comparison.

    That of a group of atoms, or of what is doped, names elements that have to be there as well.
    """
    if found.formula is None:
        return
    formula, elements = found.formula, set(Composition.parse(found.formula).elements)
    if found.required.keys() <= elements and all(group & elements for group, _ in found.any_of):
        return
    found.formula = None
    found.heard.remove(f"formula {formula}")
    if any(_PART.match(text, end) for _, _, end in formulas_in(text)):
        found.required |= dict.fromkeys(elements, formula)
        found.heard.append(f"the elements of {formula}")
    else:
        found.heard.append(f"{formula} as a model, not a lock")


def _several(text: str, named: list[tuple[Composition, int, int]], found: HeardComposition) -> None:
    between = text[named[0][2] : named[-1][1]]
    if not re.search(r"\bor\b|/", between):
        first, second = named[0][0].formula, named[1][0].formula
        raise UserCorrectable(f"'{first}' and '{second}' cannot both be the formula. Name one of the two.")
    shared = set.intersection(*(set(composition.elements) for composition, _, _ in named))
    found.allowed = frozenset(symbol for composition, _, _ in named for symbol in composition.elements)
    found.required |= {symbol: "both formulas" for symbol in shared}
    found.heard.append(" or ".join(composition.formula for composition, _, _ in named))
