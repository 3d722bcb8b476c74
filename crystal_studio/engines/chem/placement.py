"""How one crystal has to be placed on another: pymatgen's `StructureMatcher`, asked in order and in time.

Source: Ong et al., Computational Materials Science 68, 314 (2013).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import pi, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.engines.chem.bridge import to_structure
from crystal_studio.engines.chem.labelling import Labelling

if TYPE_CHECKING:
    from pymatgen.core import Structure

LARGEST_RMS = 0.3  # of the free length per atom, (V/N)^(1/3): the default of `StructureMatcher`
SAME_RMS = 2e-3  # two placements whose RMS differ by less are as good as each other
EXACT_RMS = 1e-4

_TOLERANCES = ((0.05, 3.0), (0.2, 5.0))  # of lengths (relative) and angles (degrees); the last are its defaults
_MOST_LATTICE_POINTS = 50_000
_MOST_TRIPLES = 1e8


@dataclass(frozen=True)
class Placement:
    """Where the second crystal lies in the frame of the first: r1 = r2 · linear + shift on Cartesian rows.

    Attributes:
        linear: (3, 3), takes out rotation and strain.
        shift_angstrom: (3,)
        rms: root mean square of what is left between the atoms, in units of the free length per atom.
    """

    linear: Array
    shift_angstrom: Array
    rms: float


def load_libraries() -> None:
    """Import what the search needs, which takes seconds once, before the time of a search begins to count."""
    _matcher_class()


def better(one: Placement | None, other: Placement | None) -> Placement | None:
    """The placement with the smaller RMS; the first of two that are as good as each other."""
    if one is None or other is None:
        return one or other
    return other if other.rms < one.rms - SAME_RMS else one


def best_placement(first: Crystal, second: Crystal, labelling: Labelling, ends_at: float) -> Placement | None:
    """The placement with the smallest RMS, the least strained and least turned of those as good; None without a match.

    Args:
        first, second: primitive cells in place, the atoms of one a multiple of those of the other.
        labelling: which atoms may meet.
        ends_at: time on the monotonic clock after which the best so far is taken.
    """
    second_is_larger = len(second) > len(first)
    target, base = (second, first) if second_is_larger else (first, second)
    names = (labelling.second, labelling.first) if second_is_larger else (labelling.first, labelling.second)
    search = _Search(_labelled(target, names[0]), _labelled(base, names[1]), ends_at)
    for tolerances in _TOLERANCES:
        found = search.best(*tolerances)
        if found is not None:
            return _onto_first(found, target.lattice, base.lattice, second_is_larger)
    return None


@dataclass(frozen=True)
class _Found:
    """Base vectors `counts` · base are laid on the target's, atoms moved by `shift` in fractions of the target."""

    rms: float
    counts: Array
    shift: Array


def _onto_first(found: _Found, target: Array, base: Array, second_is_larger: bool) -> Placement:
    laid = found.counts @ base
    if second_is_larger:
        return Placement(np.linalg.inv(target) @ laid, -found.shift @ laid, found.rms)
    return Placement(np.linalg.inv(laid) @ target, found.shift @ target, found.rms)


def _labelled(crystal: Crystal, names: Mapping[str, str]) -> Structure:
    """With labels as elements, atoms of a label together: their order is of no account here."""
    structure = to_structure(crystal.with_species([names[symbol] for symbol in crystal.species]))
    return structure.get_sorted_structure(key=lambda site: site.specie.Z)


class _Search:
    """Lays the lattice of a small structure on that of a larger one in every way within a tolerance."""

    def __init__(self, target: Structure, base: Structure, ends_at: float) -> None:
        from pymatgen.core import Lattice

        self._times = len(target) // len(base)
        factor = (target.volume / (base.volume * self._times)) ** (1 / 3)
        base.lattice = Lattice(base.lattice.matrix * factor)
        self._target, self._base, self._ends_at = target, base, ends_at

    def best(self, length_tolerance: float, angle_tolerance_degree: float) -> _Found | None:
        best = None
        for counts in self._ways(length_tolerance, angle_tolerance_degree):
            if time.monotonic() > self._ends_at:
                break
            found = _matcher_class()(counts).match_on(self._target, self._base, self._times)
            if found is not None and (best is None or found[0] < best.rms - SAME_RMS):
                best = _Found(found[0], counts, found[1])
                if best.rms < EXACT_RMS:
                    break
        return best

    def _ways(self, length_tolerance: float, angle_tolerance_degree: float) -> list[Array]:
        """Whole-number matrices, those that strain and then those that turn the base least coming first."""
        base, target = self._base.lattice, self._target.lattice
        if not _is_searchable(base.volume, target.abc, length_tolerance):
            return []
        mappings = base.find_all_mappings(
            target, ltol=length_tolerance, atol=angle_tolerance_degree, skip_rotation_matrix=True
        )
        fitting = [counts for _, _, counts in mappings if abs(abs(np.linalg.det(counts)) - self._times) < 0.5]
        return sorted(fitting, key=lambda counts: _effort(counts @ base.matrix, target.matrix))


def _effort(laid: Array, target: Array) -> tuple[float, float]:
    """Largest strain, to a hundredth, and how far the vectors are from those of the target."""
    stretches = np.linalg.svd(np.linalg.solve(target, laid), compute_uv=False)
    strain = float(np.abs(np.log(stretches)).max())
    return round(strain, 2), float(np.linalg.norm(laid - target))


def _is_searchable(volume_angstrom3: float, lengths_angstrom: tuple[float, ...], tolerance: float) -> bool:
    """Whether the vectors that could be laid on those of a cell are few enough to be tried."""
    sphere = 4 / 3 * pi * (max(lengths_angstrom) * (1 + tolerance)) ** 3 / volume_angstrom3
    share = (1 + tolerance) ** 3 - (1 + tolerance) ** -3
    triples = prod(1 + 4 / 3 * pi * length**3 * share / volume_angstrom3 for length in lengths_angstrom)
    return sphere < _MOST_LATTICE_POINTS and triples < _MOST_TRIPLES


@cache
def _matcher_class() -> Any:
    from pymatgen.core.structure_matcher import StructureMatcher

    class OneWayMatcher(StructureMatcher):  # type: ignore[misc]
        """A `StructureMatcher` that lays the lattices on each other in one way, as told, and says how well it fits.

        `get_transformation` takes the lattices in any order, keeps quiet about the RMS and compares the structures
        anew each time; hence one method of pymatgen's (2026.10.24) that is overridden and one that is called.
        """

        def __init__(self, counts: Array) -> None:
            super().__init__(stol=LARGEST_RMS, primitive_cell=False, attempt_supercell=True)
            self._counts = counts

        def match_on(self, target: Structure, base: Structure, times: int) -> tuple[float, Array] | None:
            """RMS and the shift of the base, in fractions of the target; None where the atoms stay apart."""
            found = self._strict_match(target, base, times, s1_supercell=False, use_rms=True)
            return None if found is None else (float(found[0]), np.asarray(found[3]))

        def _get_lattices(self, target_lattice: Any, s: Structure, supercell_size: int = 1) -> Iterator[Any]:
            from pymatgen.core import Lattice

            yield Lattice(self._counts @ s.lattice.matrix), self._counts

    return OneWayMatcher
