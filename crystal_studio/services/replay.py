"""A node run again from what is stored with it: the same crystal, nearly the same, or another one and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.replayed import Replayed, Verdict
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.appraise import appraise
from crystal_studio.services.design import compose
from crystal_studio.services.engines import Engines
from crystal_studio.services.jobs import Repair, RepairKind
from crystal_studio.services.likeness import likeness
from crystal_studio.services.promote import promoted
from crystal_studio.services.provenance import ENVIRONMENT, VERSION
from crystal_studio.services.repair import repaired
from crystal_studio.services.request_plain import request_of

_NO_ENVIRONMENT = "the node is older than this record of libraries and device, which can therefore not be compared"
_NOTHING_ELSE = "models, libraries, device and program are those of then: the round itself gives something else now"


def replay(node_id: str, engines: Engines, store: HistoryStore, context: JobContext, version: str) -> Replayed:
    """Run a node again and compare; nothing is committed.

    A round is run from its request, a promoted candidate from the round that drew it, a repair from the node it
    mended; an imported crystal is measured again. The models are those of then where they are installed, today's
    defaults elsewhere.

    Args:
        node_id: id, or an unambiguous beginning of it.
        engines: run it.
        store: holds the node and its parent.
        context: told the progress.
        version: of this program.

    Raises:
        UserCorrectable: no such node, or what is stored with it cannot be read.
        Unavailable: a model is missing.
        JobCancelled: stopped.
    """
    started = perf_counter()
    node = store.node(node_id)
    engines = engines.with_models(node.models)
    again = _run(node, engines, store, context)
    circumstances = tuple(_circumstances(node, again.node, engines, version))
    if again.node is None:
        reasons = (*again.reasons, *circumstances)
        return Replayed(node.id, Verdict.DIFFERENT, "", {}, reasons, perf_counter() - started)
    found = likeness(node, again.node, engines.comparer)
    reasons = (*found.differences, *again.reasons, *circumstances)
    if found.verdict is Verdict.DIFFERENT and not again.reasons and not circumstances:
        reasons = (*reasons, _NOTHING_ELSE)
    seconds = perf_counter() - started
    return Replayed(node.id, found.verdict, found.tolerance, found.numbers, reasons, seconds)


@dataclass(frozen=True)
class _Again:
    """What came of running a node again; `node` is None where nothing did, and `reasons` say why."""

    node: Node | None
    reasons: tuple[str, ...] = ()


def _run(node: Node, engines: Engines, store: HistoryStore, context: JobContext) -> _Again:
    """By the way in which the node was made."""
    try:
        if "repair" in node.parameters:
            return _Again(_repaired(node, engines, store, context))
        if node.candidates[node.chosen].start is Start.FILE:
            return _Again(_measured(node, engines, context))
        return _designed(node, engines, store, context)
    except _NotRun as error:
        return _Again(None, (f"nothing comes of it now: {error}",))


class _NotRun(Exception):
    """The round ran to its end without a crystal."""


@contextmanager
def _told() -> Iterator[None]:
    """What a person could correct in a new request is a difference here: the stored one was good once."""
    try:
        yield
    except UserCorrectable as error:
        raise _NotRun(str(error)) from error


def _designed(node: Node, engines: Engines, store: HistoryStore, context: JobContext) -> _Again:
    """The round once more; of a promoted candidate, the round that drew it, and the same draw of it."""
    parent = store.node(node.parent) if node.parent is not None else None
    request, guesses = request_of(node, parent)
    with _told():
        again = compose(request, engines, context).node
    if "promoted_from" not in node.parameters:
        return _Again(again, guesses)
    index = _same_draw(node, again)
    if index is None:
        return _Again(None, ("the round draws no such candidate now", *guesses))
    if index != again.chosen:
        with _told():
            again = promoted(again, index, engines, context)
    return _Again(again, guesses)


def _same_draw(node: Node, again: Node) -> int | None:
    """Where the candidate that a node was promoted from is now; its rank may have changed."""
    drawn = node.candidates[node.chosen].draw
    if drawn is None:
        return node.chosen if node.chosen < len(again.candidates) else None
    return next((index for index, one in enumerate(again.candidates) if one.draw == drawn), None)


def _repaired(node: Node, engines: Engines, store: HistoryStore, context: JobContext) -> Node:
    if node.parent is None:
        raise UserCorrectable(f"Node {node.id[:8]} mends a node that is not in this project. Import that one as well.")
    plain = node.parameters
    try:
        mend = Repair(RepairKind(plain["repair"]), str(plain.get("old", "")), str(plain.get("new", "")))
    except ValueError as error:
        raise UserCorrectable(
            f"Node {node.id[:8]} was mended in a way that this program does not know ({error}). Update Crystal Studio."
        ) from error
    mended = store.node(node.parent)
    with _told():
        return repaired(mended, mend, engines, context)


def _measured(node: Node, engines: Engines, context: JobContext) -> Node:
    """An imported crystal is what its file said; what was found of it is found again."""
    is_described = node.pivot_source is PivotSource.DESCRIBED
    found = appraise(node.crystal, None if is_described else node.pivot, node.intent, engines, context)
    pivot = found.description if is_described else node.pivot
    return replace(found.of(node), pivot=pivot, models={**node.models, **engines.identities()})


def _circumstances(node: Node, again: Node | None, engines: Engines, version: str) -> Iterator[str]:
    """Models, libraries, device and program that are not those of then."""
    models = again.models if again is not None else engines.identities()
    for kind in sorted(node.models.keys() & models.keys()):
        yield from _changed(kind, node.models[kind], models[kind])
    then = node.parameters.get(ENVIRONMENT)
    if not isinstance(then, Mapping):
        yield _NO_ENVIRONMENT
    else:
        now = engines.environment()
        for name in sorted(then.keys() | now.keys()):
            is_of_a_model = name.endswith(" options")  # not every model need be loaded, then or now
            if not is_of_a_model or (name in then and name in now):
                yield from _changed(name, then.get(name), now.get(name))
    yield from _changed("program", node.parameters.get(VERSION, version), version)


def _changed(what: str, then: str | None, now: str | None) -> Iterator[str]:
    if then != now:
        yield f"{what.replace('_', ' ')}: {then or 'none'} then, {now or 'none'} now"
