"""What a round was asked for, as it is stored with its node, and the request read back from there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent_plain import goals_from_plain, goals_to_plain, limits_from_plain, limits_to_plain
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.services.request import DesignRequest, run_seed

_REQUEST = "request"
BEFORE_REQUESTS = "the node is older than this record of what was asked; its limits and goals are taken as they stand"


def asked(request: DesignRequest) -> dict[str, Any]:
    """Entries of `Node.parameters` that, with message, parent and strength of the node, give the request back."""
    plain = {
        "message": request.message,
        "pivot": request.pivot if request.has_pivot else None,
        "limits": limits_to_plain(request.limits) if request.limits is not None else None,
        "goals": goals_to_plain(request.goals) if request.goals is not None else None,
        "writing_seed": request.writing_seed,
        "engine": request.engine.value,
    }
    numbers = {"candidates": request.candidates, "run_seed": request.seed, "guidance": request.guidance}
    return {**numbers, _REQUEST: plain}


def request_of(node: Node, parent: Node | None) -> tuple[DesignRequest, tuple[str, ...]]:
    """The request that a node answered, and in sentences what had to be guessed.

    Raises:
        UserCorrectable: what is stored with it is no request.
    """
    plain = node.parameters.get(_REQUEST)
    if plain is None:
        return _of_an_old_node(node, parent), (BEFORE_REQUESTS,)
    try:
        return _read(plain, node, parent), ()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserCorrectable(
            f"What node {node.id[:8]} was asked for cannot be read ({type(error).__name__}: {error}). "
            "Another program has written it; replay it there."
        ) from error


def _read(plain: Mapping[str, Any], node: Node, parent: Node | None) -> DesignRequest:
    limits, goals = plain["limits"], plain["goals"]
    return DesignRequest(
        message=plain["message"],
        parent=parent,
        seed=int(node.parameters["run_seed"]),
        candidates=int(node.parameters["candidates"]),
        strength=node.strength,
        pivot=plain["pivot"],
        limits=limits_from_plain(limits) if limits is not None else None,
        goals=goals_from_plain(goals) if goals is not None else None,
        guidance=node.parameters.get("guidance"),
        writing_seed=plain["writing_seed"],
        engine=SamplingEngine(plain.get("engine", SamplingEngine.DIFFUSION)),  # older nodes knew no other
    )


def _of_an_old_node(node: Node, parent: Node | None) -> DesignRequest:
    """What was heard, set by hand again: it gives the same limits and goals, whoever had said them."""
    return DesignRequest(
        message=None if node.intent.heard == ("predicted values",) else node.message,
        parent=parent,
        seed=int(node.parameters.get("run_seed", run_seed(node))),
        candidates=int(node.parameters.get("candidates", len(node.candidates))),
        strength=node.strength,
        pivot=node.pivot if node.pivot_source is PivotSource.PERSON else None,
        limits=node.intent.limits,
        goals=node.intent.goals,
    )
