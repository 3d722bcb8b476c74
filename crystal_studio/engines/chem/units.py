"""Distances between structural units: coordination polyhedra, layers, chains or molecules.

The rule, in order:

1. Roles. Non-metals are taken from the most electronegative down. One is an anion unless it is bonded to an anion
   already taken (the S of a sulphate is a centre, the S of an oxysulphide an anion). All else but hydrogen is a
   cation. Without both there are no polyhedra.
2. A cation is bonded to the anions of its first shell: those within 1.25 times its nearest, both in units of the sum
   of covalent radii. Any two atoms of which one is an anion are bonded within 1.15 sums of radii. Without anions each
   atom is bonded to its own first shell.
3. Where the bonds leave layers, chains or molecules, these are the units. Only those of the highest dimensionality
   count, and their distance is measured between their centroids at right angles to the directions they extend in.
4. Otherwise the units are the polyhedra around cations. An alkali, alkaline-earth or rare-earth cation with more than
   six anions in its first shell (on average over its element) fills a cavity and is left out where a cation that does
   not exists: Ti, not Sr, in SrTiO3.
5. The result is the mean, over the units of the cell, of the distance from each to its nearest other one.

An even stretch of s per cent changes the result by s per cent, unless it breaks a bond of step 1 or 2 at 1.15.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL, ELEMENTS
from crystal_studio.engines.chem.components import Component, find_components
from crystal_studio.engines.chem.geometry import Pairs, pairs_within, shortest_distance_angstrom

_NON_METALS = frozenset(
    ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "Ge", "As", "Se", "Br", "Sb", "Te", "I"),
)
_CAVITY_FILLERS = frozenset(
    element.symbol
    for element in ELEMENTS
    if (element.group in {1, 2, 3} and element.symbol not in {"H", "Be", "Mg"}) or 57 <= element.number <= 71
)
_MIN_DISTANCE_ANGSTROM = 0.5
_BOND_RATIO = 1.15
_SHELL_RATIO = 1.25
_REACH_RATIO = 2.2
_CAVITY_COORDINATION = 6.0
_PARALLEL = 1e-3
_FALLBACK_RADIUS_ANGSTROM = 1.5


def unit_distance_angstrom(crystal: Crystal) -> float | None:
    """Mean nearest distance between centres of structural units, None where the crystal has none.

    None, too, where atoms lie closer than 0.5 Å: bonds mean nothing there.
    """
    if shortest_distance_angstrom(crystal) < _MIN_DISTANCE_ANGSTROM:
        return None
    radii = _radii(crystal)
    pairs = pairs_within(crystal, _REACH_RATIO * 2 * float(radii.max()))
    ratios = pairs.distance_angstrom / (radii[pairs.first] + radii[pairs.second])
    anions = _anions(crystal, pairs, ratios)
    shell = _first_shells(pairs, ratios, anions)
    components = find_components(crystal, _bonds(pairs, ratios, anions, shell))
    if max(component.dimensionality for component in components) < 3:
        return _component_distance(crystal, components)
    centres = _polyhedron_centres(crystal, anions, np.bincount(pairs.first[shell], minlength=len(crystal)))
    return _mean_nearest(crystal, crystal.cart_coords[centres], np.eye(3)) if len(centres) else None


def _radii(crystal: Crystal) -> NDArray[np.float64]:
    tabulated = [BY_SYMBOL[symbol].covalent_radius_angstrom for symbol in crystal.species]
    return np.array([radius or _FALLBACK_RADIUS_ANGSTROM for radius in tabulated])


def _electronegativity(symbol: str) -> float:
    return BY_SYMBOL[symbol].electronegativity or 0.0


def _anions(crystal: Crystal, pairs: Pairs, ratios: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which atoms are anions, (N,), all atoms of an element alike."""
    elements = crystal.composition.elements
    if len(elements) == 1 or max(elements, key=_electronegativity) not in _NON_METALS:
        return np.zeros(len(crystal), dtype=bool)
    symbols = np.array(crystal.species)
    anions = np.zeros(len(crystal), dtype=bool)
    for symbol in sorted(_NON_METALS & set(elements), key=_electronegativity, reverse=True):
        members = symbols == symbol
        if not (members[pairs.first] & anions[pairs.second] & (ratios < _BOND_RATIO)).any():
            anions |= members
    return anions


def _first_shells(pairs: Pairs, ratios: NDArray[np.float64], anions: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which pairs lead from a cation to its first shell of anions (from any atom to any where there are no anions)."""
    leads = anions[pairs.second] & ~anions[pairs.first] if anions.any() else np.ones(len(ratios), dtype=bool)
    nearest = np.full(len(anions), np.inf)
    np.minimum.at(nearest, pairs.first[leads], ratios[leads])
    return leads & (ratios < _SHELL_RATIO * nearest[pairs.first])


def _bonds(pairs: Pairs, ratios: NDArray[np.float64], anions: NDArray[np.bool_], shell: NDArray[np.bool_]) -> Pairs:
    """The pairs that are bonds, each in both directions."""
    near = (ratios < _BOND_RATIO) & (anions[pairs.first] | anions[pairs.second])
    ends = np.flatnonzero(near | shell)
    first, second, image = pairs.first[ends], pairs.second[ends], pairs.image[ends]
    return Pairs(
        np.concatenate([first, second]),
        np.concatenate([second, first]),
        np.concatenate([image, -image]),
        np.concatenate([pairs.distance_angstrom[ends]] * 2),
    )


def _component_distance(crystal: Crystal, components: list[Component]) -> float | None:
    """Mean nearest distance of layers, chains or molecules, at right angles to what they share."""
    highest = max(component.dimensionality for component in components)
    units = [component for component in components if component.dimensionality == highest]
    across = units[0].across(crystal.lattice)
    if any(np.abs(unit.across(crystal.lattice) - across).max() > _PARALLEL for unit in units):
        across = np.eye(3)  # not parallel: nothing to be at right angles to
    centroids = np.array([unit.centroid(crystal) for unit in units])
    return _mean_nearest(crystal, centroids, across)


def _polyhedron_centres(
    crystal: Crystal, anions: NDArray[np.bool_], coordination: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Indices of the cations whose polyhedra are the units.

    Args:
        coordination: (N,) anions in the first shell of each atom.
    """
    if not anions.any():
        return np.array([], dtype=np.int64)
    symbols = np.array(crystal.species)
    cations = np.flatnonzero(~anions & (symbols != "H"))
    framework = [index for index in cations if not _fills_a_cavity(str(symbols[index]), symbols, coordination)]
    return np.array(framework, dtype=np.int64) if framework else cations


def _fills_a_cavity(symbol: str, symbols: NDArray[np.str_], coordination: NDArray[np.int64]) -> bool:
    return symbol in _CAVITY_FILLERS and float(coordination[symbols == symbol].mean()) > _CAVITY_COORDINATION


def _mean_nearest(crystal: Crystal, cart_points: NDArray[np.float64], across: NDArray[np.float64]) -> float:
    """Mean over the points of the distance to the nearest other point or image, measured within `across`.

    Args:
        cart_points: (U, 3) angstrom.
        across: (3, 3) projector onto the directions that count.
    """
    images = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3, indexing="ij"), axis=-1).reshape(-1, 3) @ crystal.lattice
    frac = cart_points @ np.linalg.inv(crystal.lattice)
    wrapped = (frac - np.floor(frac)) @ crystal.lattice
    steps = wrapped[None, :, None] + images[None, None] - wrapped[:, None, None]
    distances = np.linalg.norm(steps @ across, axis=-1).reshape(len(wrapped), -1)
    distances[distances < _PARALLEL] = np.inf
    return float(distances.min(axis=1).mean())
