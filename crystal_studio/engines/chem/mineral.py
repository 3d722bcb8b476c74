"""The mineral name of a crystal, as Robocrystallographer finds it, asking only prototypes that can match."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cache, cached_property, reduce
from importlib.resources import files
from math import gcd
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.engines.chem.coordination import SharedNeighbours

if TYPE_CHECKING:
    from pymatgen.core import Structure

Signature = tuple[int, tuple[float, ...]]

_LENGTH_TOLERANCE = 0.2
_SITE_TOLERANCE = 0.3
_ANGLE_TOLERANCE_DEGREE = 5.0
_TIGHTENING = 0.8
_TIGHTEST = 0.01
_FINGERPRINT_CUTOFF = 0.4


class Prototype:
    """One named AFLOW prototype, its structure parsed and reduced only when a crystal could match it.

    Args:
        row: structure (dict), name, fingerprint and number of elements as robocrys stores them.
    """

    def __init__(self, row: dict[str, Any]) -> None:
        self._stored = row["structure"]
        self.name: str = row["mineral"]
        self.num_elements: int = row["n_elems"]
        self.fingerprint: list[float] = row["fingerprint"]
        counts = Counter(site["species"][0]["element"] for site in self._stored["sites"])
        self.anonymous = _anonymous(counts.values())

    @cached_property
    def reduced(self) -> Structure:
        """Niggli-reduced primitive cell."""
        from pymatgen.core import Structure

        return reduced_cell(Structure.from_dict(self._stored))

    @cached_property
    def signature(self) -> Signature:
        """What a reduced crystal must share with it to match."""
        return _signature(self.reduced)


@cache
def prototypes() -> tuple[Prototype, ...]:
    """The prototypes that come with robocrys, in its order."""
    packed = files("robocrys.condense").joinpath("mineral_db.json.gz").read_bytes()
    table = json.loads(gzip.decompress(packed))
    return tuple(Prototype(dict(zip(table["columns"], row, strict=True))) for row in table["data"])


def mineral_of(shared: SharedNeighbours) -> dict[str, Any]:
    """Best mineral name, in the layout robocrys' describer reads.

    An exact match by `StructureMatcher` wins (distance -1), then the nearest fingerprint with as many elements, then
    the nearest of any; no name where none is within the cutoff.
    """
    known = prototypes()
    distances = _fingerprint_distances(shared)
    order = np.argsort(distances, kind="quicksort")  # as pandas sorts: ties fall as they do in stock
    matches = _matches([known[index] for index in order], shared.structure)
    if matches:
        return _mineral(matches[0].name, -1, True)
    num_elements = shared.structure.n_elems
    near = [index for index in order if distances[index] < _FINGERPRINT_CUTOFF]
    for index in near:
        if known[index].num_elements == num_elements:
            return _mineral(known[index].name, float(distances[index]), True)
    if near:
        return _mineral(known[near[0]].name, float(distances[near[0]]), False)
    return _mineral(None, -1, True)


def reduced_cell(structure: Structure) -> Structure:
    """Primitive cell of the Niggli-reduced cell, as `StructureMatcher` reduces before it matches."""
    return structure.get_reduced_structure(reduction_algo="niggli").get_primitive_structure()


def _mineral(name: str | None, distance: float, same_number_of_elements: bool) -> dict[str, Any]:
    return {"type": name, "distance": distance, "n_species_type_match": same_number_of_elements}


def _fingerprint_distances(shared: SharedNeighbours) -> NDArray[np.float64]:
    fingerprint = shared.structure_fingerprint()
    return np.array([np.linalg.norm(np.array(prototype.fingerprint) - fingerprint) for prototype in prototypes()])


def _matches(candidates: list[Prototype], structure: Structure) -> list[Prototype]:
    """Prototypes that fit, the tolerances tightened until one is left (or none, which is stock behaviour)."""
    from pymatgen.core.structure_matcher import StructureMatcher

    target = reduced_cell(reduced_cell(structure))
    anonymous = _anonymous(int(amount) for amount in target.composition.values())
    signature = _signature(target)
    alike = [item for item in candidates if item.anonymous == anonymous and item.signature == signature]
    tolerances = [_LENGTH_TOLERANCE, _SITE_TOLERANCE, _ANGLE_TOLERANCE_DEGREE]
    while True:
        matcher = StructureMatcher(ltol=tolerances[0], stol=tolerances[1], angle_tol=tolerances[2])
        alike_now = [
            item for item in alike if matcher.fit_anonymous(item.reduced, target, skip_structure_reduction=True)
        ]
        if len(alike_now) <= 1 or tolerances[0] < _TIGHTEST:
            return alike_now
        tolerances = [value * _TIGHTENING for value in tolerances]


def _anonymous(counts: Any) -> tuple[int, ...]:
    amounts = sorted(counts)
    divisor = reduce(gcd, amounts)
    return tuple(amount // divisor for amount in amounts)


def _signature(structure: Structure) -> Signature:
    return len(structure), tuple(sorted(structure.composition.values()))
