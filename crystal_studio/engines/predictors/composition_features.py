"""What a composition says about its band gap, as numbers: element statistics, amounts, charge balance."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, lru_cache

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, ELEMENTS, Element

Array = NDArray[np.float64]
LARGEST_NUMBER = 96
_NOBLE = (2, 10, 18, 36, 54, 86)
_MAX_CHARGE_STATES = 2000


@cache
def element_vector(symbol: str) -> Array:
    """Properties of one element, shape (P,): the columns of `element_property_names`."""
    element = BY_SYMBOL[symbol]
    states = element.common_oxidation_states or (0,)
    return np.array(
        [
            element.number / 50,
            1.8 if element.electronegativity is None else element.electronegativity,
            element.atomic_radius_angstrom or 1.5,
            element.covalent_radius_angstrom or 1.5,
            (element.ionization_energy_ev or 7.0) / 5,
            element.electron_affinity_ev or 0.0,
            element.mendeleev_number / 50,
            element.group / 9,
            element.row / 3,
            max(states) / 3,
            min(states) / 3,
            *(count / full for count, full in zip(_valence(element), (2, 6, 10, 14), strict=True)),
        ]
    )


def composition_features(composition: Composition) -> Array:
    """Statistics of the elements' properties, amounts of each element, charges; shape (C,)."""
    amounts = np.array([count for _, count in composition.amounts], dtype=np.float64)
    share = amounts / amounts.sum()
    vectors = np.stack([element_vector(symbol) for symbol in composition.elements])
    mean = share @ vectors
    spread = np.sqrt(np.maximum(share @ (vectors - mean) ** 2, 0.0))
    fractions = np.zeros(LARGEST_NUMBER)
    for symbol, part in zip(composition.elements, share, strict=True):
        fractions[min(BY_SYMBOL[symbol].number, LARGEST_NUMBER) - 1] = part
    return np.concatenate(
        [mean, spread, vectors.min(0), vectors.max(0), fractions, np.sqrt(fractions), _balance(composition, share)]
    )


def _valence(element: Element) -> tuple[int, int, int, int]:
    """Valence electrons in s, p, d, f by simple filling (Madelung's rule, no exceptions)."""
    if element.number in _NOBLE:
        return (2, 0 if element.number == 2 else 6, 0, 0)
    outer = element.number - max((noble for noble in _NOBLE if noble < element.number), default=0)
    s = min(outer, 2)
    outer -= s
    f = min(outer, 14) if element.row >= 6 else 0
    outer -= f
    d = min(outer, 10) if element.row >= 4 else 0
    return (s, outer - d, d, f)


def _balance(composition: Composition, share: Array) -> Array:
    """Charge and electron counts: smallest charge with common states, its size, parity, anions, norms."""
    charges = _possible_charges(composition.reduced)
    electrons = sum(BY_SYMBOL[symbol].number * count for symbol, count in composition.reduced.amounts)
    valence = sum(sum(_valence(BY_SYMBOL[s])[:2]) * n for s, n in composition.amounts)
    smallest = min((abs(charge) for charge in charges), default=8)
    return np.array(
        [
            float(smallest == 0),
            min(smallest, 8) / 8,
            electrons % 2,
            share[-1],
            valence / composition.num_atoms / 8,
            (valence % 8) / 8,
            len(share) / 4,
            float(np.sqrt((share**2).sum())),
            float((share**3).sum() ** (1 / 3)),
            -float((share * np.log(share)).sum()),
        ]
    )


@lru_cache(maxsize=65536)
def _possible_charges(composition: Composition) -> frozenset[int]:
    """Total charges of a formula unit with one common oxidation state for each element."""
    totals = {0}
    for symbol, count in composition.amounts:
        states: Sequence[int] = BY_SYMBOL[symbol].common_oxidation_states or (0,)
        totals = {total + state * count for total in totals for state in states}
        if len(totals) > _MAX_CHARGE_STATES:
            break
    return frozenset(totals)


PROPERTY_COUNT = len(element_vector(ELEMENTS[0].symbol))
