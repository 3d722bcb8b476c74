"""What a structure says about its band gap, as numbers that do not change with the choice of cell.

Distances are reduced by the sum of covalent radii, so that chemistry and geometry mix little. Coordination is
counted with smooth cut-offs: a small displacement changes every feature by a little only. Pairs are sorted into
cation-anion, anion-anion and cation-cation, where anions are the atoms of the most electronegative element.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import BY_SYMBOL
from crystal_studio.engines.predictors.composition_features import composition_features, element_vector
from crystal_studio.engines.predictors.neighbours import Neighbours, neighbours_of

Array = NDArray[np.float64]
CUTOFF_ANGSTROM = 6.5
_SHELLS = (1.1, 1.25, 1.5, 1.8)
_SHELL_WIDTH = 0.04
_RADIAL_CENTRES = np.linspace(0.75, 2.2, 16)
_RADIAL_WIDTH = 0.08
_ANGLE_CENTRES = np.linspace(-1.0, 1.0, 8)
_ANGLE_WIDTH = 0.2
_BOND_DECAY = 0.12
_MAX_BONDS = 16
_SAME_SHELL = 1e-3
_NO_NEIGHBOUR = 3.0


def crystal_features(crystal: Crystal) -> Array:
    """All features of one crystal, shape (F,)."""
    found = neighbours_of(crystal, CUTOFF_ANGSTROM)
    radii = np.array([BY_SYMBOL[s].covalent_radius_angstrom or 1.5 for s in crystal.species])
    reduced = found.distance_angstrom / (radii[found.centre] + radii[found.neighbour])
    anion = np.array([symbol == crystal.composition.elements[-1] for symbol in crystal.species])
    kind = anion[found.centre].astype(int) + anion[found.neighbour].astype(int)
    return np.concatenate(
        [
            composition_features(crystal.composition),
            _packing(crystal, radii),
            _nearest(found, reduced, anion, len(crystal)),
            _coordination(found, reduced, anion),
            _radial(reduced, kind, len(crystal)),
            _surroundings(crystal, found, reduced),
            _angles(found, reduced, anion),
        ]
    )


def _packing(crystal: Crystal, radii: Array) -> Array:
    volume = crystal.volume_angstrom3
    filled = 4 / 3 * np.pi * (radii**3).sum() / volume
    mass = sum(BY_SYMBOL[symbol].mass for symbol in crystal.species)
    return np.array([np.log(volume / len(crystal)), filled, np.log(filled), np.log(mass / volume)])


def _nearest(found: Neighbours, reduced: Array, anion: NDArray[np.bool_], atoms: int) -> Array:
    """Nearest neighbour of each kind over the radii: least, mean and largest over atoms."""
    rows = []
    for middle in (True, False):
        for outer in (True, False):
            nearest = np.full(atoms, _NO_NEIGHBOUR)
            chosen = (anion[found.centre] == middle) & (anion[found.neighbour] == outer)
            np.minimum.at(nearest, found.centre[chosen], reduced[chosen])
            part = nearest[anion == middle]
            rows += [part.min(), part.mean(), part.max()] if len(part) else [_NO_NEIGHBOUR] * 3
    nearest = np.full(atoms, _NO_NEIGHBOUR)
    np.minimum.at(nearest, found.centre, reduced)
    return np.array([*rows, nearest.min(), nearest.mean(), nearest.max(), nearest.std()])


def _coordination(found: Neighbours, reduced: Array, anion: NDArray[np.bool_]) -> Array:
    """Smooth coordination numbers by shell: of all by all, of cations by anions and of anions by anions."""
    rows = []
    unlike = anion[found.centre] != anion[found.neighbour]
    for shell in _SHELLS:
        weight = 1 / (1 + np.exp(np.clip((reduced - shell) / _SHELL_WIDTH, -40, 40)))
        for pairs in (np.ones_like(unlike), unlike):
            counts = np.bincount(found.centre[pairs], weight[pairs], minlength=len(anion))
            for part in (counts[anion], counts[~anion]):
                rows += [part.mean(), part.std(), part.min(), part.max()] if len(part) else [0.0] * 4
    return np.array(rows) / 6


def _radial(reduced: Array, kind: NDArray[np.int64], atoms: int) -> Array:
    """Reduced-distance histograms with Gaussian bins for the three kinds of pair, per atom."""
    bins = np.exp(-(((reduced[:, None] - _RADIAL_CENTRES) / _RADIAL_WIDTH) ** 2))
    # Grows with the square of the distance otherwise, and the far bins would drown the near ones.
    bins /= _RADIAL_CENTRES**2
    return np.concatenate([bins[kind == k].sum(0) for k in range(3)]) / (4 * atoms)


def _surroundings(crystal: Crystal, found: Neighbours, reduced: Array) -> Array:
    """Bond-weighted properties of the neighbours and differences from the atom's own: mean, spread, extremes."""
    own = np.stack([element_vector(symbol) for symbol in crystal.species])
    weight = np.exp(-np.clip(reduced - 1, -0.5, None) / _BOND_DECAY)
    total = np.maximum(np.bincount(found.centre, weight, minlength=len(crystal)), 1e-12)
    around, contrast = np.zeros_like(own), np.zeros_like(own)
    others = own[found.neighbour]
    np.add.at(around, found.centre, weight[:, None] * others)
    np.add.at(contrast, found.centre, weight[:, None] * np.abs(others - own[found.centre]))
    around, contrast = around / total[:, None], contrast / total[:, None]
    logs = np.log(total + 1e-3)
    return np.concatenate(
        [
            around.std(0),
            (own * around).mean(0) - own.mean(0) * around.mean(0),
            contrast.mean(0),
            contrast.max(0),
            contrast.min(0),
            [logs.mean(), logs.std(), logs.min(), logs.max()],
        ]
    )


def _angles(found: Neighbours, reduced: Array, anion: NDArray[np.bool_]) -> Array:
    """Bond-weighted angle histograms around cations and anions, and the anisotropy of the bonds."""
    histograms = np.zeros((2, len(_ANGLE_CENTRES)))
    shapes = []
    for atom in range(len(anion)):
        here = np.flatnonzero(found.centre == atom)
        if not len(here):
            continue
        # All of a shell or none of it: which of its atoms come first depends on the choice of cell.
        furthest = np.sort(reduced[here])[:_MAX_BONDS][-1] + _SAME_SHELL
        here = here[reduced[here] <= furthest]
        weight = np.exp(-(reduced[here] - reduced[here].min()) / _BOND_DECAY)
        unit = found.direction[here]
        pairs = np.outer(weight, weight)
        np.fill_diagonal(pairs, 0.0)
        cosines = unit @ unit.T
        bins = np.exp(-(((cosines[:, :, None] - _ANGLE_CENTRES) / _ANGLE_WIDTH) ** 2))
        histograms[int(anion[atom])] += np.einsum("ij,ijk->k", pairs, bins) / max(pairs.sum(), 1e-9)
        tensor = np.linalg.eigvalsh(np.einsum("i,ij,ik->jk", weight, unit, unit) / weight.sum())
        shapes.append([tensor[0], tensor[2], float(np.linalg.norm(weight @ unit) / weight.sum())])
    counts = np.array([[max(int(anion.sum() if k else (~anion).sum()), 1)] for k in range(2)])
    shape = np.array(shapes) if shapes else np.zeros((1, 3))
    return np.concatenate([(histograms / counts).ravel(), shape.mean(0), shape.std(0), shape.min(0), shape.max(0)])
