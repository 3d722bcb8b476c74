"""Another candidate of a node becomes a node beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from crystal_studio.domain.candidate import Candidate
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.validity import CheckResult
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.appraise import Appraisal, appraise
from crystal_studio.services.engines import Engines
from crystal_studio.services.provenance import ENVIRONMENT

_OF_ITS_SHEET = ("sheet", "cell")  # a candidate of a contact sheet's cell is no cell itself


def promote(
    node: Node,
    index: int,
    engines: Engines,
    store: HistoryStore,
    context: JobContext,
    parameters: Mapping[str, Any] | None = None,
) -> Node:
    """Commit a candidate of a node as a sibling: the same parent, message and pivot, another crystal.

    A candidate that failed a check may be promoted too; the node then says so.

    Args:
        node: whose candidate it is.
        index: position among its candidates, from 0.
        engines: measure it once more, for the models may have changed since.
        store: where the sibling is committed.
        context: told the progress.
        parameters: stored with the node besides those of its round.

    Raises:
        UserCorrectable: there is no such candidate, or it is the node's own.
        Unavailable: a model is missing.
        JobCancelled: stopped; nothing was committed.
    """
    sibling = promoted(node, index, engines, context, parameters)
    context.check_cancelled()
    store.commit(sibling)
    return sibling


def promoted(
    node: Node, index: int, engines: Engines, context: JobContext, parameters: Mapping[str, Any] | None = None
) -> Node:
    """What `promote` commits, without committing it.

    Raises:
        StudioError: as `promote`.
    """
    candidate = _candidate(node, index)
    found = appraise(candidate.crystal, node.pivot, node.intent, engines, context)
    sibling = _sibling(node, index, candidate, found)
    of_its_round = {name: value for name, value in node.parameters.items() if name not in _OF_ITS_SHEET}
    named = {ENVIRONMENT: engines.environment(), "promoted_from": node.id, "candidate": index}
    return replace(
        sibling,
        models={**node.models, **engines.identities()},
        parameters={**of_its_round, **(parameters or {}), **named},
    )


def _candidate(node: Node, index: int) -> Candidate:
    if not 0 <= index < len(node.candidates):
        raise UserCorrectable(
            f"Node {node.id[:8]} has no candidate {index + 1}. Choose one of its {len(node.candidates)}."
        )
    if index == node.chosen:
        raise UserCorrectable(f"Candidate {index + 1} is already the crystal of node {node.id[:8]}. Choose another.")
    return node.candidates[index]


def _sibling(node: Node, index: int, candidate: Candidate, found: Appraisal) -> Node:
    checks = (*found.checks, *_checks_of_its_round(candidate, found))
    found = replace(found, checks=checks)
    measured = replace(
        candidate,
        checks=checks,
        space_group=found.space_group,
        alignment=found.alignment,
        band_gap=found.band_gap,
        e_above_hull=found.e_above_hull,
        energy_per_atom_ev=found.energy_per_atom_ev,
        goal_values=found.goal_values,
    )
    failed = [f"{check.name}: {check.detail}" for check in checks if check.required and check.passed is False]
    notes = (
        f"promoted from candidate {index + 1} of node {node.id[:8]}",
        *candidate.notes,
        *(f"it fails a check: {reason}" for reason in failed),
    )
    return found.of(
        replace(
            node,
            id=uuid4().hex,
            relaxed=candidate.relaxed is not None,
            chosen=index,
            candidates=(*node.candidates[:index], measured, *node.candidates[index + 1 :]),
            notes=notes,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )
    )


def _checks_of_its_round(candidate: Candidate, found: Appraisal) -> tuple[CheckResult, ...]:
    """What only the round could tell: how usual its prototype is, whether relaxing held."""
    anew = {check.name for check in found.checks}
    return tuple(check for check in candidate.checks if check.name not in anew)
