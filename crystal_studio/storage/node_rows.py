"""Nodes as rows of the tables, and rows as nodes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent_plain import intent_from_plain, intent_to_plain
from crystal_studio.domain.measured import Measured
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.domain.validity import CheckResult
from crystal_studio.storage.column_types import to_json
from crystal_studio.storage.known_json import known_from_plain, known_to_plain

Row = Mapping[str, Any]
BAND_GAP = "band_gap"
E_ABOVE_HULL = "e_above_hull"


def structure_id(crystal: Crystal) -> str:
    """SHA-256 over every bit of a crystal."""
    return hashlib.sha256(to_json(crystal.to_dict()).encode()).hexdigest()


def structure_row(crystal: Crystal) -> dict[str, Any]:
    """Row of `structures`."""
    plain = crystal.to_dict()
    return {
        "id": structure_id(crystal),
        "content_hash": crystal.content_hash,
        "formula": crystal.formula,
        "num_sites": crystal.num_sites,
        "lattice_angstrom": plain["lattice"],
        "species": plain["species"],
        "frac_coords": plain["frac"],
    }


def crystal_from_row(row: Row) -> Crystal:
    """Inverse of `structure_row`."""
    return Crystal(np.array(row["lattice_angstrom"]), tuple(row["species"]), np.array(row["frac_coords"]))


def crystals_of(node: Node) -> Iterator[Crystal]:
    """Every crystal a node holds, the committed one first."""
    yield node.crystal
    for candidate in node.candidates:
        yield candidate.drawn
        if candidate.relaxed is not None:
            yield candidate.relaxed


def node_row(node: Node) -> dict[str, Any]:
    """Row of `nodes`."""
    return {
        "id": node.id,
        "parent": node.parent,
        "round": node.round,
        "message": node.message,
        "intent": intent_to_plain(node.intent),
        "pivot": node.pivot,
        "pivot_source": node.pivot_source.value,
        "structure_id": structure_id(node.crystal),
        "relaxed": bool(node.relaxed),
        "description": node.description,
        "space_group": node.space_group.number,
        "symprec_angstrom": node.space_group.symprec_angstrom,
        "alignment": node.alignment,
        "chosen": int(node.chosen),
        "seed": node.seed,
        "strength": node.strength,
        "models": dict(node.models),
        "parameters": dict(node.parameters),
        "seconds": dict(node.seconds),
        "notes": list(node.notes),
        "created": node.created,
        "known": known_to_plain(node.known),
    }


def candidate_rows(node: Node) -> list[dict[str, Any]]:
    """Rows of `candidates`."""
    return [_candidate_row(node.id, position, candidate) for position, candidate in enumerate(node.candidates)]


def _candidate_row(node_id: str, position: int, candidate: Candidate) -> dict[str, Any]:
    group = candidate.space_group
    return {
        "node_id": node_id,
        "position": position,
        "drawn_id": structure_id(candidate.drawn),
        "relaxed_id": None if candidate.relaxed is None else structure_id(candidate.relaxed),
        "start": candidate.start.value,
        "origin": candidate.origin,
        "alignment": candidate.alignment,
        "space_group": None if group is None else group.number,
        "symprec_angstrom": None if group is None else group.symprec_angstrom,
        "energy_per_atom_ev": candidate.energy_per_atom_ev,
        "goal_values": dict(candidate.goal_values),
        "rank": candidate.rank,
        "draw": candidate.draw,
        "score": candidate.score,
        "notes": list(candidate.notes),
    }


def check_rows(node: Node) -> list[dict[str, Any]]:
    """Rows of `checks`: those of the committed crystal, then each candidate's, on the crystal as drawn."""
    rows = [_check_row(node.id, None, node.crystal, check) for check in node.checks]
    for position, candidate in enumerate(node.candidates):
        rows += [_check_row(node.id, position, candidate.drawn, check) for check in candidate.checks]
    return rows


def _check_row(node_id: str, candidate: int | None, crystal: Crystal, check: CheckResult) -> dict[str, Any]:
    return {
        "node_id": node_id,
        "candidate": candidate,
        "structure_id": structure_id(crystal),
        "name": check.name,
        "version": check.version,
        "passed": None if check.passed is None else bool(check.passed),
        "detail": check.detail,
        "numbers": dict(check.numbers),
        "required": bool(check.required),
    }


def prediction_rows(node: Node) -> list[dict[str, Any]]:
    """Rows of `predictions`, with the predictor's id and fingerprint."""
    model = node.models.get(ModelKind.PREDICTOR.value)
    owners: list[tuple[int | None, Crystal, Node | Candidate]] = [(None, node.crystal, node)]
    owners += [(position, candidate.crystal, candidate) for position, candidate in enumerate(node.candidates)]
    rows = []
    for position, crystal, owner in owners:
        owned = {"node_id": node.id, "candidate": position, "structure_id": structure_id(crystal), "model": model}
        # The gap last: programs from before revision 0003 take an owner's last prediction for its band gap.
        for quantity, measured in ((E_ABOVE_HULL, owner.e_above_hull), (BAND_GAP, owner.band_gap)):
            if measured is not None:
                rows.append({**owned, "quantity": quantity, **_prediction(measured)})
    return rows


def _prediction(measured: Measured) -> dict[str, Any]:
    return {
        "value": measured.value,
        "unit": measured.unit,
        "sigma": measured.sigma,
        "method": measured.method,
        "in_distribution": bool(measured.in_distribution),
        "low": measured.low,
        "high": measured.high,
    }


def check_from_row(row: Row) -> CheckResult:
    """Inverse of a row of `checks`."""
    return CheckResult(
        name=row["name"],
        version=row["version"],
        passed=row["passed"],
        detail=row["detail"],
        numbers=row["numbers"],
        required=row["required"],
    )


def measured_from_row(row: Row) -> Measured:
    """Inverse of a row of `predictions`."""
    return Measured(
        value=row["value"],
        unit=row["unit"],
        sigma=row["sigma"],
        method=row["method"],
        in_distribution=row["in_distribution"],
        low=row["low"],
        high=row["high"],
    )


def candidate_from_row(
    row: Row, crystals: Mapping[str, Crystal], checks: tuple[CheckResult, ...], predicted: Mapping[str, Measured]
) -> Candidate:
    """Inverse of a row of `candidates`; `predicted` maps quantities to values."""
    group = row["space_group"]
    return Candidate(
        drawn=crystals[row["drawn_id"]],
        start=Start(row["start"]),
        origin=row["origin"],
        checks=checks,
        alignment=row["alignment"],
        space_group=None if group is None else SpaceGroup(group, row["symprec_angstrom"]),
        band_gap=predicted.get(BAND_GAP),
        energy_per_atom_ev=row["energy_per_atom_ev"],
        relaxed=None if row["relaxed_id"] is None else crystals[row["relaxed_id"]],
        goal_values=row["goal_values"],
        score=row["score"],
        rank=row["rank"],
        notes=tuple(row["notes"] or ()),
        e_above_hull=predicted.get(E_ABOVE_HULL),
        draw=row["draw"],
    )


def node_from_row(
    row: Row,
    crystal: Crystal,
    checks: tuple[CheckResult, ...],
    predicted: Mapping[str, Measured],
    candidates: tuple[Candidate, ...],
) -> Node:
    """Inverse of `node_row`; `predicted` maps quantities to values."""
    return Node(
        id=row["id"],
        parent=row["parent"],
        round=row["round"],
        message=row["message"],
        intent=intent_from_plain(row["intent"]),
        pivot=row["pivot"],
        pivot_source=PivotSource(row["pivot_source"]),
        crystal=crystal,
        relaxed=row["relaxed"],
        description=row["description"],
        space_group=SpaceGroup(row["space_group"], row["symprec_angstrom"]),
        alignment=row["alignment"],
        checks=checks,
        band_gap=predicted.get(BAND_GAP),
        chosen=row["chosen"],
        candidates=candidates,
        seed=row["seed"],
        strength=row["strength"],
        models=row["models"],
        parameters=row["parameters"],
        seconds=row["seconds"],
        notes=tuple(row["notes"]),
        created=row["created"],
        e_above_hull=predicted.get(E_ABOVE_HULL),
        known=known_from_plain(row["known"]),
    )
