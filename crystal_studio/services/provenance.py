"""Where a crystal came from: one line for the files it is written to, and its whole path from the root as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent_plain import goals_to_plain, limits_to_plain
from crystal_studio.domain.model_card import ModelKind
from crystal_studio.ports.history_store import HistoryStore

PROGRAM = "Crystal Studio"
ENVIRONMENT = "environment"  # key of `Node.parameters`: library versions, device and threads of its round
VERSION = "version"  # key of `Node.parameters`: of the program that made it
_LONGEST_WORD = 120
_SIGNS = " .,:;@+-_/()=#"


def provenance_line(node: Node, version: str) -> str:
    """What made a crystal, in one line that any file format can carry: program, model, seed and node.

    Letters, digits and a few signs only: the names of models may come from a project of somebody else.

    Args:
        node: whose crystal is written.
        version: of the program that writes it.
    """
    made_by = str(node.parameters.get(VERSION, version))
    parts = [f"{PROGRAM} {made_by}", f"node {node.id}", f"round {node.round}", f"start {node.start}"]
    start = node.candidates[node.chosen].start
    if start is not Start.FILE:
        parts += [f"seed {node.seed}", *_run_seed(node)]
    if start not in (Start.FILE, Start.WRITTEN):  # nothing was noised
        parts.append(f"strength {node.strength:g}")
    parts += [f"{kind.replace('_', ' ')} {name}" for kind, name in sorted(node.models.items()) if kind in _NAMED]
    parts += [f"made {node.created}"] if node.created else []
    parts += [f"written by {PROGRAM} {version}"] if made_by != version else []
    return plain_line(parts)


def plain_line(parts: Sequence[str]) -> str:
    """One line of its parts that any file format can carry: letters, digits and a few signs only."""
    return ", ".join(_plain(part) for part in parts)


def provenance(branch: Sequence[Node], version: str) -> dict[str, Any]:
    """Everything that made a node, the path from the root to it first to last.

    Args:
        branch: the node's ancestors from the root, and the node itself last.
        version: of the program that asks.
    """
    node = branch[-1]
    return {
        "program": PROGRAM,
        "version": version,
        "node": node.id,
        "formula": node.crystal.formula,
        "content_hash": node.crystal.content_hash,
        "line": provenance_line(node, version),
        "rounds": [_round(one) for one in branch],
    }


def branch_to(node: Node, store: HistoryStore) -> list[Node]:
    """The path from the root to a node, whole nodes.

    Raises:
        UserCorrectable: a node on the way is not in this project.
    """
    path = [node]
    while path[-1].parent is not None:
        path.append(store.node(path[-1].parent))
    return path[::-1]


def _round(node: Node) -> dict[str, Any]:
    parameters = {name: value for name, value in node.parameters.items() if name not in (ENVIRONMENT, VERSION)}
    environment = node.parameters.get(ENVIRONMENT)
    return {
        "node": node.id,
        "parent": node.parent,
        "round": node.round,
        "version": node.parameters.get(VERSION),
        "message": node.message,
        "limits": limits_to_plain(node.intent.limits),
        "goals": goals_to_plain(node.intent.goals),
        "pivot": node.pivot,
        "pivot_source": node.pivot_source.value,
        "start": node.start,
        "origin": node.candidates[node.chosen].origin,
        "seed": node.seed,
        "strength": node.strength,
        "models": dict(node.models),
        "parameters": parameters,
        "environment": dict(environment) if isinstance(environment, Mapping) else {},
        "formula": node.crystal.formula,
        "content_hash": node.crystal.content_hash,
        "created": node.created,
    }


_NAMED = {
    ModelKind.CRYSTAL_WRITER.value,
    ModelKind.DENOISER.value,
    ModelKind.LANGUAGE_MODEL.value,
    ModelKind.RELAXER.value,
}


def _run_seed(node: Node) -> list[str]:
    """The seed that the person gave, where the round derived its own from it."""
    given = node.parameters.get("run_seed")
    return [f"run seed {given}"] if given is not None and given != node.seed else []


def _plain(text: str) -> str:
    kept = "".join(sign if sign.isascii() and (sign.isalnum() or sign in _SIGNS) else "?" for sign in text)
    return kept if len(kept) <= _LONGEST_WORD else kept[: _LONGEST_WORD - 3] + "..."
