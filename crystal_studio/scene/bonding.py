"""The bonds of a crystal.

Cations take their first coordination shell: neighbours up to the widest gap among their distances, each distance over
the sum of the covalent radii. Covalent bonds and bonds by radii end at a multiple of that sum (radii: Cordero 2008).

Shapes: N atoms, E elements, P pairs near each other, B bonds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from crystal_studio.scene.chemistry import POLAR, Elements, Kind, charge
from crystal_studio.scene.neighbours import LARGEST_SHIFT, Pairs, pairs_within
from crystal_studio.scene.options import BondRule, SceneOptions

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

# All relative to the sum of the covalent radii, but for the angstrom that short covalent bonds (H-H, F-H-F) need.
_OVERLAPPING = 0.45
_COVALENT = 1.15
_COVALENT_EXTRA_ANGSTROM = 0.25
_SEARCHED = 1.45
_LONGEST = 1.35
_LONGEST_TO_POSITIVE = 1.0
_LONGEST_METALLIC = 1.3
_LONGEST_TO_CATION = 1.1
# Body-centred cubic metals have their second shell at 1.155 times the first; hexagonal Zn and Cd need 1.104.
_METALLIC_SHELL = 1.12
_LARGEST_SHELL = 24
# A gap after one to three neighbours must be wider than one after four or more: V=O and U=O are short, not alone.
_SMALL_SHELL, _SMALL_SHELL_WEIGHT = 4, 0.75
_WEAK_COORDINATION, _WEAK_STRENGTH, _STRONGER = 8, 0.4, 1.5
_WEAK_COORDINATION_OF_NETWORK = 9
_FEWEST_OF_POLYHEDRON = 4
# The Frank-Kasper phases have up to 16 neighbours; La in LaPt5 has 18, and they hide the network of Pt.
_MOST_METALLIC = 16


@dataclass(frozen=True)
class Bonding:
    """Bonds in both directions, sorted by their first atom.

    Attributes:
        pairs: the B bonds.
        ligand_B: whether the second atom is a ligand of the first, its cation.
        covalent_B: whether neither atom is a metal.
        weak_B: whether one of the atoms is a large, weakly bonded cation.
    """

    pairs: Pairs
    ligand_B: Flags
    covalent_B: Flags
    weak_B: Flags

    def where(self, keep_B: Flags) -> Bonding:
        """Only the bonds that are marked."""
        return Bonding(self.pairs.where(keep_B), self.ligand_B[keep_B], self.covalent_B[keep_B], self.weak_B[keep_B])

    @classmethod
    def none(cls) -> Bonding:
        """No bonds."""
        empty = np.zeros(0, dtype=bool)
        return cls(Pairs.none(), empty, empty, empty)


def find_bonds(elements: Elements, frac_N3: Floats, lattice: Floats, options: SceneOptions) -> Bonding:
    """The bonds of a crystal's cell, with the neighbours' images.

    Raises:
        TooCrowded: the search would take too long.
    """
    given_EE = _given_cutoffs(elements, options)
    reach_EE = np.where(np.isnan(given_EE), _reach(elements, options), given_EE)
    if not (reach_EE > 0).any():
        return Bonding.none()
    near = pairs_within(frac_N3, lattice, float(reach_EE.max()))
    first_P, second_P = elements.of_N[near.first_P], elements.of_N[near.second_P]
    relative_P = near.length_P / elements.reach_EE[first_P, second_P]
    pairs = near.where((near.length_P <= reach_EE[first_P, second_P]) & (relative_P >= _OVERLAPPING)).sorted()
    return _bonds_among(_Near(elements, pairs), given_EE, options)


def _given_cutoffs(elements: Elements, options: SceneOptions) -> Floats:
    """Cut-offs that the person gave, (E, E) angstrom, not-a-number where none was given."""
    number = {symbol: index for index, symbol in enumerate(elements.symbols)}
    given_EE = np.full((len(number), len(number)), np.nan)
    for (one, other), cutoff in options.cutoffs_angstrom.items():
        if one in number and other in number:
            given_EE[number[one], number[other]] = given_EE[number[other], number[one]] = cutoff
    return given_EE


def _reach(elements: Elements, options: SceneOptions) -> Floats:
    """How far a bond of each pair of elements may have to be looked for, (E, E) angstrom."""
    sum_EE = elements.reach_EE
    covalent_EE = np.maximum(_COVALENT * sum_EE, sum_EE + _COVALENT_EXTRA_ANGSTROM)
    shell = _SEARCHED if options.rule is BondRule.NEAREST else options.bond_factor
    metallic = _LONGEST_METALLIC if options.rule is BondRule.NEAREST else options.bond_factor
    reach_EE = np.where(elements.kind_EE == Kind.METALLIC, metallic * sum_EE, shell * sum_EE)
    if options.rule is BondRule.NEAREST:
        reach_EE = np.where(elements.kind_EE == Kind.COVALENT, covalent_EE, reach_EE)
    return np.where(elements.kind_EE == Kind.NONE, 0.0, reach_EE)


class _Near:
    """Pairs within reach of each other, with what the rules ask of them."""

    def __init__(self, elements: Elements, pairs: Pairs) -> None:
        self.elements, self.pairs = elements, pairs
        self.atoms = len(elements.of_N)
        self.first_P, self.second_P = elements.of_N[pairs.first_P], elements.of_N[pairs.second_P]
        self.kind_P = elements.kind_EE[self.first_P, self.second_P]
        self.relative_P = pairs.length_P / elements.reach_EE[self.first_P, self.second_P]
        self.metal_P = elements.metal_E[self.first_P]
        polarity_P = elements.negativity_E[self.second_P] - elements.negativity_E[self.first_P]
        self.polar_P = polarity_P > POLAR

    def any_N(self, chosen_P: Flags) -> Flags:
        """Which atoms are first in one of the chosen pairs."""
        return self.count_N(chosen_P) > 0

    def count_N(self, chosen_P: Flags) -> Integers:
        """In how many of the chosen pairs each atom is first."""
        return np.bincount(self.pairs.first_P[chosen_P], minlength=self.atoms)

    def mirrored(self, chosen_P: Flags) -> Flags:
        """The same pairs seen from the other atom."""
        if not chosen_P.any():
            return np.zeros_like(chosen_P)
        return np.isin(self._key_P, self._mirror_key_P[chosen_P])

    @cached_property
    def _key_P(self) -> Integers:
        return self._keys(self.pairs.first_P, self.pairs.second_P, self.pairs.shift_P3)

    @cached_property
    def _mirror_key_P(self) -> Integers:
        return self._keys(self.pairs.second_P, self.pairs.first_P, -self.pairs.shift_P3)

    def _keys(self, one_P: Integers, other_P: Integers, shift_P3: Integers) -> Integers:
        """One number per pair; shifts are within LARGEST_SHIFT."""
        key_P = one_P * self.atoms + other_P
        for k in range(3):
            key_P = key_P * (2 * LARGEST_SHIFT + 1) + shift_P3[:, k] + LARGEST_SHIFT
        return key_P


def _bonds_among(near: _Near, given_EE: Floats, options: SceneOptions) -> Bonding:
    given_P = ~np.isnan(given_EE[near.first_P, near.second_P])
    covalent_P = (near.kind_P == Kind.COVALENT) & ~given_P
    centred_P = _from_centres(near, covalent_P, given_P, options)
    metallic_P = _metallic_shell(near, _between_metals(near, centred_P, given_EE) & ~given_P, options)
    ligand_P = centred_P | (covalent_P & near.polar_P) | (given_P & (near.kind_P == Kind.CENTRE))
    bonded_P = covalent_P | centred_P | metallic_P | given_P
    bonded_P |= near.mirrored(centred_P)
    weak_P = (_weak(near, ligand_P, covalent_P, given_P) | _crowd(near, metallic_P)) & ~given_P
    weak_P |= near.mirrored(weak_P)
    nonmetal_P = ~near.metal_P & ~near.elements.metal_E[near.second_P]
    return Bonding(near.pairs, ligand_P, nonmetal_P, weak_P).where(bonded_P)


def _from_centres(near: _Near, covalent_P: Flags, given_P: Flags, options: SceneOptions) -> Flags:
    """The bonds of cations, seen from these."""
    positive_N = near.any_N(covalent_P & near.polar_P)
    carbon_N = near.elements.among(frozenset("C")) & (near.count_N(covalent_P) > 1)
    centred_P = np.zeros_like(given_P)
    # Metalloids first: Si bonded to O is no ligand of Ca, As not bonded to O is one of Ga.
    for metal in (False, True):
        from_P = (near.kind_P == Kind.CENTRE) & (near.metal_P == metal) & ~given_P
        barred_P = (positive_N | carbon_N)[near.pairs.second_P] & (near.relative_P > _LONGEST_TO_POSITIVE)
        chosen_P = _shell(near, from_P & ~barred_P, options)
        positive_N |= near.any_N(chosen_P & near.polar_P)
        centred_P |= chosen_P
    # An anion in no cation's first shell, as Br between the layers of PbBiO2Br, looks for its own.
    lone_N = ~near.any_N(centred_P | covalent_P | given_P)
    lone_N[near.pairs.second_P[centred_P]] = False
    to_P = _shell(near, (near.kind_P == Kind.LIGAND) & lone_N[near.pairs.first_P] & ~given_P, options)
    return np.asarray(centred_P | near.mirrored(to_P), dtype=bool)


def _shell(near: _Near, candidate_P: Flags, options: SceneOptions) -> Flags:
    """Of the candidates, the first coordination shell of each first atom."""
    if options.rule is BondRule.RADII or not candidate_P.any():
        return candidate_P
    where = np.flatnonzero(candidate_P)
    order = np.lexsort((near.relative_P[where], near.pairs.first_P[where]))
    where = where[order]
    atom, distance = near.pairs.first_P[where], near.relative_P[where]
    starts = np.flatnonzero(np.r_[True, atom[1:] != atom[:-1]])
    sizes = np.diff(np.r_[starts, len(atom)])
    rank = np.arange(len(atom)) - np.repeat(starts, sizes)
    last = np.r_[atom[1:] != atom[:-1], True]
    gap = np.log(np.where(last, _SEARCHED, np.r_[distance[1:], 0]) / distance)
    gap[rank + 1 < _SMALL_SHELL] *= _SMALL_SHELL_WEIGHT
    gap[rank >= _LARGEST_SHELL] = -np.inf
    widest = np.repeat(np.maximum.reduceat(gap, starts), sizes)
    end = np.maximum.reduceat(np.where(gap >= widest, rank, -1), starts)
    chosen_P = np.zeros_like(candidate_P)
    chosen_P[where[(rank <= np.repeat(end, sizes)) & (distance <= _LONGEST)]] = True
    return chosen_P


def _between_metals(near: _Near, centred_P: Flags, given_EE: Floats) -> Flags:
    """Pairs that may have a metallic bond: neither has anions, or one has none near, as Al in Ti2AlC."""
    kind_EE, of_N, pairs = near.elements.kind_EE, near.elements.of_N, near.pairs
    # A cation whose anions the person has taken away with a cut-off is still no metal.
    salt_N = (~np.isnan(given_EE) & (kind_EE == Kind.CENTRE)).any(axis=1)[of_N]
    alone_N = ~near.any_N(centred_P) & ~salt_N
    far_N = alone_N & ~near.any_N(near.kind_P == Kind.CENTRE)
    one_P = far_N[pairs.first_P] & (near.relative_P <= _LONGEST_TO_CATION)
    pair_P = (alone_N[pairs.first_P] & alone_N[pairs.second_P]) | one_P | near.mirrored(one_P)
    return np.asarray(pair_P & (near.kind_P == Kind.METALLIC), dtype=bool)


def _metallic_shell(near: _Near, candidate_P: Flags, options: SceneOptions) -> Flags:
    """Of the candidates between metals, the nearest neighbours of either atom."""
    if options.rule is BondRule.RADII:
        return candidate_P
    nearest_N = np.full(near.atoms, np.inf)
    np.minimum.at(nearest_N, near.pairs.first_P[candidate_P], near.pairs.length_P[candidate_P])
    limit_P = _METALLIC_SHELL * np.maximum(nearest_N[near.pairs.first_P], nearest_N[near.pairs.second_P])
    return np.asarray(candidate_P & (near.pairs.length_P <= limit_P), dtype=bool)


def _weak(near: _Near, ligand_P: Flags, covalent_P: Flags, given_P: Flags) -> Flags:
    """The bonds of cations that fill the room between stronger bonds, as Sr does in SrTiO3.

    A cation is such if it has eight or more ligands, its electrostatic bond strength (charge over coordination number;
    Source: L. Pauling, J. Am. Chem. Soc. 51 (1929) 1010) is low, and that of another element with four or more ligands
    is half as high again; or if it has nine or more ligands that are bonded among themselves (MgB2, LaB6).
    """
    elements = near.elements
    coordination_N = near.count_N(ligand_P)
    charge_E = np.array([charge(symbol) for symbol in elements.symbols], dtype=np.float64)
    strength_N = charge_E[elements.of_N] / np.maximum(coordination_N, 1)
    strongest_E = np.zeros(len(elements.symbols))
    centre_N = coordination_N >= _FEWEST_OF_POLYHEDRON
    np.maximum.at(strongest_E, elements.of_N[centre_N], strength_N[centre_N])
    others_E = np.where(np.eye(len(strongest_E), dtype=bool), 0.0, strongest_E[None, :]).max(axis=1)
    weak_N = (coordination_N >= _WEAK_COORDINATION) & (strength_N <= _WEAK_STRENGTH)
    weak_N &= others_E[elements.of_N] >= _STRONGER * strength_N
    network_N = near.any_N((covalent_P | given_P) & ~near.metal_P)
    linked_N = near.count_N(ligand_P & network_N[near.pairs.second_P]) == coordination_N
    weak_N |= (coordination_N >= _WEAK_COORDINATION_OF_NETWORK) & linked_N
    weak_N &= elements.metal_E[elements.of_N]
    return np.asarray(ligand_P & weak_N[near.pairs.first_P], dtype=bool)


def _crowd(near: _Near, metallic_P: Flags) -> Flags:
    """The bonds of metal atoms that have more neighbours than can be told apart."""
    return np.asarray(metallic_P & (near.count_N(metallic_P) > _MOST_METALLIC)[near.pairs.first_P], dtype=bool)
