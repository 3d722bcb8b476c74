"""Nodes as the JSON of the command line."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from crystal_studio.domain.candidate import Candidate
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.intent_plain import limits_to_plain
from crystal_studio.domain.known import Known
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import CheckResult


def node_json(node: Node, cif: Path | None) -> dict[str, Any]:
    """One node; `cif` is the file it was written to, None where none was."""
    return {
        "id": node.id,
        "parent": node.parent,
        "round": node.round,
        "message": node.message,
        "pivot": node.pivot,
        "pivot_source": node.pivot_source.value,
        "description": node.description,
        "formula": node.crystal.formula,
        "space_group": space_group_json(node.space_group),
        "num_sites": node.crystal.num_sites,
        "alignment": node.alignment,
        "valid": node.valid,
        "checks": [check_json(check) for check in node.checks],
        "known": known_json(node.known),
        "band_gap": measured_json(node.band_gap),
        "e_above_hull": interval_json(node.e_above_hull),
        "strength": node.strength,
        "start": node.start,
        "relaxed": node.relaxed,
        "notes": list(node.notes),
        "candidates": [candidate_json(candidate) for candidate in node.candidates],
        "limits": limits_json(node.intent.limits),
        "goals": [asdict(goal) for goal in node.intent.goals],
        "heard": list(node.intent.heard),
        "seed": node.seed,
        "models": dict(node.models),
        "parameters": dict(node.parameters),
        "created": node.created,
        "cif": str(cif.resolve()) if cif else None,
        "seconds": dict(node.seconds),
    }


def known_json(known: Known | None) -> dict[str, Any] | None:
    """What a crystal matches and which sets were searched, None where it was not looked up."""
    if known is None:
        return None
    return {
        "matches": [asdict(match) for match in known.matches],
        "searched": [asdict(searched) for searched in known.searched],
        "problems": list(known.problems),
    }


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    """One candidate without its coordinates."""
    return {
        "rank": candidate.rank,
        "start": candidate.start.value,
        "origin": candidate.origin,
        "formula": candidate.crystal.formula,
        "num_sites": candidate.crystal.num_sites,
        "space_group": space_group_json(candidate.space_group),
        "valid": candidate.valid,
        "checks": [check_json(check) for check in candidate.checks],
        "alignment": candidate.alignment,
        "band_gap": measured_json(candidate.band_gap),
        "e_above_hull": interval_json(candidate.e_above_hull),
        "energy_per_atom": candidate.energy_per_atom_ev,
        "relaxed": candidate.relaxed is not None,
        "goal_values": dict(candidate.goal_values),
        "score": candidate.score,
        "notes": list(candidate.notes),
    }


def check_json(check: CheckResult) -> dict[str, Any]:
    """One check."""
    return {
        "name": check.name,
        "version": check.version,
        "passed": check.passed,
        "required": check.required,
        "detail": check.detail,
        "numbers": dict(check.numbers),
    }


def measured_json(measured: Measured | None) -> dict[str, Any] | None:
    """A predicted value; `functional` names the level of theory it was learned from."""
    if measured is None:
        return None
    return {
        "value": measured.value,
        "sigma": measured.sigma,
        "unit": measured.unit,
        "functional": measured.method,
        "in_distribution": measured.in_distribution,
    }


def interval_json(measured: Measured | None) -> dict[str, Any] | None:
    """A predicted value with the ends of its 95 % interval."""
    if measured is None:
        return None
    return {
        "value": measured.value,
        "sigma": measured.sigma,
        "low": measured.low,
        "high": measured.high,
        "unit": measured.unit,
        "in_distribution": measured.in_distribution,
    }


def space_group_json(group: SpaceGroup | None) -> dict[str, Any] | None:
    """Symbol, number and the tolerance it was found at."""
    if group is None:
        return None
    return {"symbol": group.symbol, "number": group.number, "symprec": group.symprec_angstrom}


def limits_json(limits: Limits) -> dict[str, Any]:
    """Hard limits; sets become sorted lists."""
    replaced = [{"element": old, "by": sorted(new)} for old, new in limits.replaced]
    return {**limits_to_plain(limits), "replaced": replaced}
