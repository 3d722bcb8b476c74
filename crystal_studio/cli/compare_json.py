"""A comparison as the JSON of the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from crystal_studio.cli.node_json import interval_json, measured_json, space_group_json
from crystal_studio.domain.comparison import CellShape, Comparison, LatticeChange, Side, ValueChange
from crystal_studio.domain.edge_change import EdgeChange
from crystal_studio.domain.word_diff import Change
from crystal_studio.services.compare import bond_changes, coordination_changes, pivot_changes

_NAMES = {Change.SAME: "same", Change.ADDED: "added", Change.REMOVED: "removed"}


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Everything that was found, in plain data."""
    first, second = found.first, found.second
    return {
        "first": _side(first),
        "second": _side(second),
        "formula_changed": first.crystal.formula != second.crystal.formula,
        "lattice": _lattice(found.lattice),
        "volume_percent": found.lattice.volume_percent,
        "space_group_changed": first.space_group.number != second.space_group.number,
        "verdict": found.verdict,
        "same_structure": found.is_same_structure,
        "same_framework": found.is_same_framework,
        "unmatched_reason": found.unmatched_reason or None,
        "rms_displacement_angstrom": found.rms_displacement_angstrom,
        "moves": [asdict(move) for move in found.moves],
        "coordination": [asdict(change) for change in coordination_changes(found)],
        "bonds": [asdict(change) for change in bond_changes(found)],
        "band_gap": _value(found.band_gap, "ev"),
        "e_above_hull": _value(found.e_above_hull, "ev_per_atom"),
        "pivot_diff": [{"change": _NAMES[one.change], "text": one.text} for one in pivot_changes(found)],
        "remarks": list(found.remarks),
    }


def edge_json(node: str, change: EdgeChange) -> dict[str, Any]:
    """What changed from a node's parent to it."""
    return {"id": node, **asdict(change), "text": change.text}


def _side(side: Side) -> dict[str, Any]:
    return {
        "id": side.node,
        "formula": side.crystal.formula,
        "num_sites": side.crystal.num_sites,
        "space_group": space_group_json(side.space_group),
        "band_gap": measured_json(side.band_gap),
        "e_above_hull": interval_json(side.e_above_hull),
        "pivot": side.pivot,
    }


def _lattice(lattice: LatticeChange) -> dict[str, Any]:
    return {
        "cells": lattice.basis.value,
        "lengths_percent": list(lattice.lengths_percent),
        "angles_degree": list(lattice.angles_degree),
        "volume_per_atom_percent": lattice.volume_per_atom_percent,
        "first": _cell(lattice.first),
        "second": _cell(lattice.second),
    }


def _cell(cell: CellShape) -> dict[str, Any]:
    return asdict(cell)


def _value(change: ValueChange | None, unit: str) -> dict[str, Any] | None:
    """Difference of a predicted value; the intervals are those of 95 %."""
    if change is None:
        return None
    return {
        f"difference_{unit}": change.difference,
        f"sigma_{unit}": change.sigma,
        "in_sigmas": change.in_sigmas if change.sigma > 0 else None,
        "first": interval_json(change.first),
        "second": interval_json(change.second),
        "intervals_overlap": change.intervals_overlap,
    }
