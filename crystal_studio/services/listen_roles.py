"""The places of a known compound: its anion, its cations, its sites, and whose place a newcomer would take."""

from __future__ import annotations

import re
from math import log

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, Element
from crystal_studio.services.listen_words import NONMETALS

_SPINEL = (1, 2, 4)
_OXOANION_CENTRES = frozenset({"P", "As", "V", "Si", "Ge", "S", "Se", "Cr", "Mo", "W"})
_LEAST_RADIUS_STEP_ANGSTROM = 0.35  # smaller steps do not tell A from B: in a spinel the amounts do
_CLEARLY = 2.0  # times the misfit in size of the next
_SITE_NOUN = r"[- ]?(?:sites?|positions?|sublattice)"
_ION = r"(?:cation|anion|ion|atom|metal|element|specie)s?"
_SITE = re.compile(
    rf"(?-i:\b(?P<letter>[ABX])(?:{_SITE_NOUN}(?: {_ION})?|(?<=[a-z] [ABX])[- ]{_ION}|(?<=\b(?:on|at) [ABX]))\b)"
    rf"|\b(?P<hole>octahedral|tetrahedral)(?:{_SITE_NOUN}| {_ION})"
    rf"|\bthe (?P<size>larger|bigger|smaller) {_ION}"
    rf"|(?<!earth )(?<!transition )(?<!3d )(?<!alkali )(?<!heavy )(?<!toxic )\b(?P<ion>anion|cation|metal)"
    rf"(?P<plural>s?)\b(?:{_SITE_NOUN}| framework)?",
    re.IGNORECASE,
)


def places_in(text: str, parent: Composition) -> list[tuple[tuple[str, ...], int, int]]:
    """Places named in a text ("the B site", "the anion"), each with the parent's elements on it and its span.

    "A smaller cation on the A site" is about the A site alone.
    """
    found: list[tuple[tuple[str, ...], int, int]] = []
    general: list[tuple[tuple[str, ...], int, int]] = []
    for match in _SITE.finditer(text):
        kind = match["letter"] or (match["hole"] or match["size"] or match["ion"]).lower()
        if elements := _on(kind, parent):
            (general if match["ion"] and len(elements) > 1 else found).append((elements, match.start(), match.end()))
    return found or general


def anion_of(parent: Composition) -> str | None:
    """The most electronegative element, where it is one that forms anions."""
    last = parent.elements[-1]
    is_anion = BY_SYMBOL[last].group >= 15 or last in ("C", "H", "B", "Si", "Ge")
    return last if is_anion and len(parent.elements) > 1 else None


def role_taken_by(newcomer: str, parent: Composition) -> str | None:
    """The element of the parent that a newcomer would replace: of its group, else the only one with its charges."""
    new = BY_SYMBOL[newcomer]
    alike = [symbol for symbol in parent.elements if can_replace(newcomer, symbol, parent)]
    same_group = [symbol for symbol in alike if BY_SYMBOL[symbol].group == new.group]
    if same_group:
        return same_group[0] if len(same_group) == 1 else None
    anion = anion_of(parent)
    charged = [symbol for symbol in alike if shared_charges(BY_SYMBOL[symbol], new, is_anion=symbol == anion)]
    return charged[0] if len(charged) == 1 else _of_its_size(newcomer, charged)


def _of_its_size(newcomer: str, olds: list[str]) -> str | None:
    """The one of several whose size is clearly nearest: tin(IV) sits on titanium's place, lead(II) on strontium's."""
    size = BY_SYMBOL[newcomer].atomic_radius_angstrom
    misfits = sorted((abs(log((BY_SYMBOL[old].atomic_radius_angstrom or 1.0) / (size or 1.0))), old) for old in olds)
    return misfits[0][1] if len(misfits) > 1 and _CLEARLY * misfits[0][0] <= misfits[1][0] else None


def can_replace(newcomer: str, old: str, parent: Composition) -> bool:
    """Whether both are anions or both cations: a metal never sits on the oxygen."""
    is_same_group = BY_SYMBOL[newcomer].group == BY_SYMBOL[old].group
    if "O" in parent.elements and {newcomer, old} <= _OXOANION_CENTRES and old != anion_of(parent):
        return True  # a vanadate is a phosphate's like
    if old == anion_of(parent):
        return is_same_group or newcomer in NONMETALS
    return is_same_group or (newcomer in NONMETALS) == (old in NONMETALS)


def shared_charges(first: Element, second: Element, *, is_anion: bool) -> frozenset[int]:
    """Common oxidation states of both, negative for an anion and positive for a cation."""
    shared = set(first.common_oxidation_states) & set(second.common_oxidation_states)
    return frozenset(charge for charge in shared if (charge < 0) == is_anion and charge)


def _on(kind: str, parent: Composition) -> tuple[str, ...]:
    anion = anion_of(parent)
    if kind in ("anion", "X"):
        return (anion,) if anion else ()
    centres = tuple(symbol for symbol in parent.elements if symbol in NONMETALS & _OXOANION_CENTRES)
    if kind == "tetrahedral" and anion == "O" and len(centres) == 1:
        return centres
    metals = tuple(symbol for symbol in parent.elements if symbol != anion and symbol not in NONMETALS)
    if kind in ("cation", "metal") or len(metals) < 2:
        return metals
    if len(metals) > 2 or (kind == "tetrahedral" and parent.anonymous != _SPINEL):
        return ()
    larger, smaller = _by_size(metals, parent)
    return (larger,) if kind in ("A", "tetrahedral", "larger", "bigger") else (smaller,)


def _by_size(metals: tuple[str, ...], parent: Composition) -> list[str]:
    """The A cation, then the B cation: A is the larger one, or in a spinel of like sizes the rarer one."""
    radii = {symbol: BY_SYMBOL[symbol].atomic_radius_angstrom or 0.0 for symbol in metals}
    is_spinel = parent.anonymous == _SPINEL and max(radii.values()) - min(radii.values()) < _LEAST_RADIUS_STEP_ANGSTROM
    if is_spinel:
        amounts = dict(parent.amounts)
        return sorted(metals, key=amounts.__getitem__)
    return sorted(metals, key=radii.__getitem__, reverse=True)
