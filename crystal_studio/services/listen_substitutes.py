"""Which elements may take another's place: "more abundant", "lighter", "less toxic" as sets."""

from __future__ import annotations

import re

from crystal_studio.domain.elements import BY_SYMBOL, Element
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.services.listen_words import NOBLE_GASES, NONMETALS, RADIOACTIVE, TOXIC, name_of

# Price follows scarcity closely enough for a rule: cheaper is read as more abundant in the Earth's crust.
_MORE_ABUNDANT = re.compile(
    r"\b(?:more|better|readily|easily|widely|earth|highly)?[- ]*(?:abundant|available|common|accessible|plentiful|"
    r"obtainable|sourced)\b|\bcheap(?:er)?\b|"
    r"\btoo (?:rare|scarce|expensive|costly|precious)\b|\binexpensive\b|"
    r"\baffordable\b|\bless (?:rare|scarce|expensive|costly)\b|"
    r"\blow(?:er)?[- ]cost\b|\beas(?:ier|y) to (?:get|find|source|obtain|come by)\b|\bsustainable\b|"
    r"\bearth[- ]abundant\b",
    re.IGNORECASE,
)
_NOT_TOXIC = re.compile(
    r"\b(?:less|non|not|no)[- ]?(?:toxic|poisonous|hazardous|harmful)\b|"
    r"\btoo (?:toxic|poisonous|hazardous)\b|\bsafer?\b|\bharmless\b|\bbenign\b",
    re.IGNORECASE,
)
_LIGHTER = re.compile(r"\blight(?:er|est)?\b|\btoo heavy\b|\blower[- ](?:atomic )?mass\b", re.IGNORECASE)
_HEAVIER = re.compile(r"\bheav(?:y|ier|iest)\b|\bhigher[- ](?:atomic )?mass\b", re.IGNORECASE)
_SMALLER = re.compile(r"\bsmall(?:er|est)?\b", re.IGNORECASE)
_LARGER = re.compile(r"\b(?:larg|bigg)(?:er|est)\b|\bbig\b|\blarge\b", re.IGNORECASE)
_ANY = re.compile(
    r"\b(?:another|a different|some other|any other|other)\b|\bsomething (?:else|similar)\b|\banything else\b|"
    r"\b(?:iso|homo|equi)valent\b|\ba (?:similar|substitute)\b",
    re.IGNORECASE,
)


def is_comparative(text: str) -> bool:
    """Whether the words say what kind of element rather than which."""
    return any(
        pattern.search(text) for pattern in (_MORE_ABUNDANT, _NOT_TOXIC, _LIGHTER, _HEAVIER, _SMALLER, _LARGER, _ANY)
    )


def substitutes_for(old: str, wish: str, present: frozenset[str], excluded: frozenset[str]) -> frozenset[str]:
    """Elements that fit the words and the old element's chemistry.

    Chemically sensible is a common oxidation state of the same sign in common, a metal for a metal; no noble gas, and
    nothing radioactive. Where no element with a shared charge fits, any of the same kind does.

    Args:
        old: the element to replace.
        wish: the words that say what should take its place.
        present: elements of the compound, which cannot take the place.
        excluded: elements not wanted at all.

    Raises:
        UserCorrectable: no element fits.
    """
    forbidden = present | excluded | NOBLE_GASES | RADIOACTIVE | {old}
    kind = [
        element
        for symbol, element in BY_SYMBOL.items()
        if symbol not in forbidden and (symbol in NONMETALS) == (old in NONMETALS)
    ]
    fitting = [element for element in kind if _fits(element, BY_SYMBOL[old], wish)]
    charged = [element for element in fitting if shared_charges(element, BY_SYMBOL[old])]
    found = frozenset(element.symbol for element in charged or fitting)
    if not found:
        raise UserCorrectable(
            f"No element fits '{wish.strip()[:60]}' in place of {name_of(old)} ({old}). Name the element to use "
            f"instead."
        )
    return found


def shared_charges(first: Element, second: Element) -> frozenset[int]:
    """Common oxidation states of both, of the sign that a metal (positive) or nonmetal (negative) has."""
    shared = set(first.common_oxidation_states) & set(second.common_oxidation_states)
    return frozenset(charge for charge in shared if (charge < 0) == (second.symbol in NONMETALS) and charge)


def _fits(element: Element, old: Element, wish: str) -> bool:
    checks = (
        (_MORE_ABUNDANT, (element.crustal_abundance_ppm or 0.0) > (old.crustal_abundance_ppm or 0.0)),
        (_NOT_TOXIC, element.symbol not in TOXIC),
        (_LIGHTER, element.mass < old.mass),
        (_HEAVIER, element.mass > old.mass),
        (_SMALLER, (element.atomic_radius_angstrom or 9.0) < (old.atomic_radius_angstrom or 0.0)),
        (_LARGER, (element.atomic_radius_angstrom or 0.0) > (old.atomic_radius_angstrom or 9.0)),
    )
    return all(holds for pattern, holds in checks if pattern.search(wish))
