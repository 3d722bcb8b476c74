"""Which atoms are measured, and the words for what comes out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.scene import measure as geometry
from crystal_studio.ui.panels.sites_panel import atom_labels
from crystal_studio.ui.viewer.picks import Pick

MOST_ATOMS = geometry.MOST_PICKED
_SHIFTS = np.array([(i, j, k) for i in range(-2, 3) for j in range(-2, 3) for k in range(-2, 3)])


@dataclass(frozen=True)
class Measurement:
    """What was measured between two, three or four atoms.

    Attributes:
        kind: "Distance", "Angle" or "Dihedral".
        atoms: labels in order, with the cell of an image that is not the first one's.
        text: the value with its unit.
        formula: of the crystal.
        distances: between atoms that follow each other, angstrom.
    """

    kind: str
    atoms: str
    text: str
    formula: str
    distances: tuple[float, ...]


def images_of(crystal: Crystal, picks: Iterable[int | Pick]) -> tuple[Pick, ...]:
    """Atoms with their images: an atom given by its number alone is the image closest to the atom before it."""
    found: list[Pick] = []
    for pick in picks:
        if isinstance(pick, Pick):
            found.append(pick)
        else:
            found.append(_closest(crystal, pick, found[-1]) if found else Pick(pick))
    return tuple(one for one in found if 0 <= one.site < crystal.num_sites)[-MOST_ATOMS:]


def read_atoms(crystal: Crystal, text: str) -> tuple[int, ...]:
    """Atoms named by their labels, such as ``Ti2 O3``.

    Raises:
        UserCorrectable: a label is not one of the crystal's, or there are too many or too few.
    """
    labels = {label.lower(): site for site, label in enumerate(atom_labels(crystal))}
    words = [word for word in re.split(r"[\s,;–-]+", text.strip()) if word]
    unknown = [word for word in words if word.lower() not in labels]
    if unknown:
        raise UserCorrectable(f"There is no atom '{unknown[0][:12]}' here. Use labels such as {_example(crystal)}.")
    if not 2 <= len(words) <= MOST_ATOMS:
        raise UserCorrectable(f"Name two, three or four atoms, such as {_example(crystal)}.")
    return tuple(labels[word.lower()] for word in words)


def measured(crystal: Crystal, picks: Sequence[Pick]) -> Measurement | None:
    """The distance of two atoms, the angle at the middle one of three, or the dihedral of four; None for others."""
    points = [_point(crystal, pick) for pick in picks]
    found = geometry.measure(points)
    if found is None:
        return None
    distances = tuple(geometry.distance(first, second) for first, second in pairwise(points))
    names = " – ".join(names_of(crystal, picks))
    return Measurement(found.quantity.capitalize(), names, _true_minus(str(found)), crystal.formula, distances)


def names_of(crystal: Crystal, picks: Sequence[Pick]) -> list[str]:
    """Labels of atoms, with the lattice translation from the first atom's cell where there is one: ``O3 (0 0 1)``."""
    labels = atom_labels(crystal)
    return [
        labels[pick.site] + ("" if shift == (0, 0, 0) else " (" + " ".join(map(str, shift)) + ")")
        for pick in picks
        for shift in [tuple(a - b for a, b in zip(pick.image, picks[0].image, strict=True))]
    ]


def _point(crystal: Crystal, pick: Pick) -> Array:
    return np.asarray((crystal.frac_coords[pick.site] + np.array(pick.image)) @ crystal.lattice, dtype=np.float64)


def _closest(crystal: Crystal, site: int, before: Pick) -> Pick:
    """The image of an atom that is closest to another, itself excepted."""
    if not (0 <= site < crystal.num_sites and 0 <= before.site < crystal.num_sites):
        return Pick(site)
    start = crystal.frac_coords[before.site] + np.array(before.image)
    shifts = _SHIFTS + np.round(start - crystal.frac_coords[site]).astype(int)
    lengths = np.linalg.norm((crystal.frac_coords[site] + shifts - start) @ crystal.lattice, axis=1)
    if site == before.site:
        lengths[(shifts == np.array(before.image)).all(axis=1)] = np.inf
    # Ties go to the image in the fewest translations, so that the answer is the one a reader expects.
    best = np.lexsort((np.abs(shifts).sum(axis=1), np.round(lengths, 6)))[0]
    first, second, third = (int(n) for n in shifts[best])
    return Pick(site, (first, second, third))


def _true_minus(text: str) -> str:
    return text.replace("-", "−")


def _example(crystal: Crystal) -> str:
    labels = atom_labels(crystal)
    return f"{labels[0]} {labels[-1]}"
