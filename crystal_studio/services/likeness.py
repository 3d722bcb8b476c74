"""Whether two runs of one node gave the same: bit for bit, within a tolerance that is named, or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.replayed import Verdict
from crystal_studio.ports.describer import StructureComparer

TOLERANCE_ANGSTROM = 1e-3
MATCHED_RMS = 0.01  # normalised by the free length per atom, as `StructureMatcher` does
MATCHED_VOLUME = 0.005
_PREDICTED = {"band_gap_ev": 0.02, "e_above_hull_ev": 0.01, "alignment": 0.01}
_NAMES = {"band_gap_ev": "band gap (eV)", "e_above_hull_ev": "energy above hull (eV/atom)", "alignment": "alignment"}
_SHOWN = 60  # characters of a pivot


@dataclass(frozen=True)
class Likeness:
    """How two runs stand to each other.

    Attributes:
        verdict: identical, within tolerance or different.
        tolerance: the tolerance that held, in words; "" for the other two.
        numbers: largest differences of lattice and positions (angstrom) where both have the same atoms, of the
            predictions; normalised RMS displacement where the structures had to be matched.
        differences: what differs, one sentence each; empty for an identical run.
    """

    verdict: Verdict
    tolerance: str
    numbers: dict[str, float]
    differences: tuple[str, ...]


def likeness(stored: Node, again: Node, comparer: StructureComparer) -> Likeness:
    """Compare what is stored with what came of running it again."""
    numbers = {**_moved(stored.crystal, again.crystal), **_predicted(stored, again)}
    differences = tuple(_differences(stored, again))
    if _is_same(stored.crystal, again.crystal) and not differences:
        return Likeness(Verdict.IDENTICAL, "", numbers, ())
    tolerance, displacement = _tolerance(stored.crystal, again.crystal, numbers, comparer)
    numbers |= displacement
    if tolerance is None or not _is_near(stored, again, numbers):
        moved = tuple(_geometry(stored.crystal, again.crystal, numbers))
        return Likeness(Verdict.DIFFERENT, "", numbers, (*moved, *differences))
    return Likeness(Verdict.WITHIN_TOLERANCE, f"{tolerance}; {_LIMITS}", numbers, differences)


_LIMITS = "predictions within " + ", ".join(f"{value:g} for the {_NAMES[key]}" for key, value in _PREDICTED.items())


def _is_same(first: Crystal, second: Crystal) -> bool:
    return (
        first.species == second.species
        and np.array_equal(first.lattice, second.lattice)
        and np.array_equal(first.frac_coords, second.frac_coords)
    )


def _moved(first: Crystal, second: Crystal) -> dict[str, float]:
    """Largest difference of a lattice component, and of a position to its nearest image, where the atoms are equal."""
    if first.species != second.species:
        return {}
    shift = first.frac_coords - second.frac_coords
    moved = (shift - np.round(shift)) @ first.lattice
    return {
        "lattice_angstrom": float(np.abs(first.lattice - second.lattice).max()),
        "position_angstrom": float(np.linalg.norm(moved, axis=1).max()),
    }


def _predicted(stored: Node, again: Node) -> dict[str, float]:
    """Differences of what both predict, as numbers."""
    before, now = _values(stored), _values(again)
    return {name: abs(before[name] - now[name]) for name in _PREDICTED if name in before and name in now}


def _values(node: Node) -> dict[str, float]:
    """What is predicted, by name; what is unknown or no number is left out."""
    gap, hull = node.band_gap, node.e_above_hull
    values = {
        "band_gap_ev": gap.value if gap is not None else None,
        "e_above_hull_ev": hull.value if hull is not None else None,
        "alignment": node.alignment,
    }
    return {name: float(value) for name, value in values.items() if value is not None and isfinite(value)}


def _tolerance(
    first: Crystal, second: Crystal, moved: dict[str, float], comparer: StructureComparer
) -> tuple[str | None, dict[str, float]]:
    """The tightest tolerance within which two crystals are one, in words, None where there is none; and the RMS."""
    if _is_same(first, second):
        return "the crystals are equal", {}
    distances = [moved.get(name, np.inf) for name in ("lattice_angstrom", "position_angstrom")]
    if max(distances) <= TOLERANCE_ANGSTROM:
        return f"lattice and positions within {TOLERANCE_ANGSTROM:g} Å", {}
    volumes = [crystal.volume_angstrom3 / len(crystal) for crystal in (first, second)]
    if abs(volumes[1] / volumes[0] - 1) > MATCHED_VOLUME:
        return None, {}
    distance = comparer.rms_distance(first, second)
    if distance is None:
        return None, {}
    matched = f"StructureMatcher: normalised displacement within {MATCHED_RMS:g}, volume within {MATCHED_VOLUME:.1%}"
    return matched if distance <= MATCHED_RMS else None, {"rms_displacement": distance}


def _is_near(stored: Node, again: Node, numbers: dict[str, float]) -> bool:
    """Whether all but the crystal is equal, or for predictions nearly so."""
    if _words(stored) != _words(again) or stored.space_group.number != again.space_group.number:
        return False
    if _values(stored).keys() != _values(again).keys():
        return False
    return all(numbers.get(name, 0.0) <= limit for name, limit in _PREDICTED.items())


def _words(node: Node) -> tuple[str, str, bool]:
    return node.pivot, _origin(node), node.valid


def _origin(node: Node) -> str:
    """What the chosen candidate started from; a parent may have another id in the project it was merged into."""
    return re.sub(r"\bnode [0-9a-f]{8}\b", "the parent", node.candidates[node.chosen].origin)


def _geometry(first: Crystal, second: Crystal, numbers: dict[str, float]) -> Iterator[str]:
    if first.composition != second.composition:
        yield f"the crystal was {_cell(first)}, it is {_cell(second)} now"
    elif "lattice_angstrom" in numbers:
        moved, shifted = numbers["lattice_angstrom"], numbers["position_angstrom"]
        if max(moved, shifted) > 0:
            yield f"the lattice differs by up to {moved:.2g} Å, positions by up to {shifted:.2g} Å"
    else:
        yield "the atoms come in another order"


def _cell(crystal: Crystal) -> str:
    return f"{crystal.formula} with {len(crystal)} atoms"


def _differences(stored: Node, again: Node) -> Iterator[str]:
    """What differs besides the crystal."""
    if stored.pivot != again.pivot:
        before, now = _parted(stored.pivot, again.pivot), _parted(again.pivot, stored.pivot)
        yield f"the pivot said '{before}', it says '{now}' now"
    before, now = _origin(stored), _origin(again)
    if before != now:
        yield f"the chosen candidate started from {before}, it starts from {now} now"
    if stored.space_group.number != again.space_group.number:
        yield f"the space group was {stored.space_group.symbol}, it is {again.space_group.symbol} now"
    if stored.valid != again.valid:
        yield "it passed its checks, now it fails one" if stored.valid else "it failed a check, now it passes"
    one, other = _values(stored), _values(again)
    for name in _PREDICTED:
        if one.get(name) != other.get(name):
            yield f"{_NAMES[name]}: {_number(one.get(name))} then, {_number(other.get(name))} now"


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"


def _parted(text: str, other: str) -> str:
    """The words of a text about the place where it parts from another."""
    parted = next((at for at, (one, two) in enumerate(zip(text, other, strict=False)) if one != two), len(other))
    start = max(0, parted - _SHOWN // 2)
    before, after = "..." if start else "", "..." if len(text) > start + _SHOWN else ""
    return f"{before}{text[start : start + _SHOWN]}{after}"
