"""Match rates of the prototype model against true crystals, beside the individual-template baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.sampling.prototypes import PrototypeModel
from crystal_studio.engines.sampling.prototypes_ranking import Weights
from crystal_studio.training.data import Record

# Chemical distance alone, every template by itself: what a page of Python can do.
BASELINE = Weights(temperature=1e-4, above_hull=0.0, sameness=-1.0)
_DRAWS = 20


@dataclass(frozen=True)
class Given:
    """What is told beside the composition."""

    space_group: bool = False
    formula_units: bool = True


def match_rates(model: PrototypeModel, records: Sequence[Record], given: Given) -> dict[str, Any]:
    """Match rate of the first and of the best of twenty, with the RMSE of the first; never the same compound.

    Source: StructureMatcher(stol=0.5, angle_tol=10, ltol=0.3), as Xie et al. (2022) score MP-20.
    """
    matcher = StructureMatcher(stol=0.5, angle_tol=10, ltol=0.3)
    first, best, distances = 0, 0, []
    for record in records:
        found = [_rms(matcher, guess, record.crystal) for guess in _guesses(model, record, given, 1)]
        if found and found[0] is not None:
            first, best = first + 1, best + 1
            distances.append(found[0])
            continue
        best += any(_rms(matcher, g, record.crystal) is not None for g in _guesses(model, record, given, _DRAWS)[1:])
    total = max(len(records), 1)
    rmse = float(np.mean(distances)) if distances else None
    return {"n": len(records), "match_1": first / total, "match_20": best / total, "rmse": rmse}


def _guesses(model: PrototypeModel, record: Record, given: Given, count: int) -> list[Crystal]:
    composition = record.crystal.composition
    found = model.decorate(
        composition,
        count,
        space_group=record.space_group if given.space_group else None,
        exclude_formulas=frozenset({composition.formula}),
        formula_units=composition.factor if given.formula_units else None,
    )
    return [decorated.crystal for decorated in found]


def _rms(matcher: StructureMatcher, guess: Crystal, truth: Crystal) -> float | None:
    found = matcher.get_rms_dist(_structure(guess), _structure(truth))
    return None if found is None else float(found[0])


def _structure(crystal: Crystal) -> Structure:
    return Structure(crystal.lattice, list(crystal.species), crystal.frac_coords)
