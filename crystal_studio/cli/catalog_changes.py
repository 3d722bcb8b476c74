"""`crystal-studio models import`, `pack`, `unpack` and `remove`."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from typing import Any

from crystal_studio.cli.console import console_context, print_json
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import ExitStatus, StudioError, UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.model_import import ImportMode, ImportPlan

_MOST_LEFT_SHOWN = 40


def run_import(arguments: argparse.Namespace, program: Program) -> int:
    """Read what lies there, and take it in."""

    def act() -> tuple[dict[str, Any], Sequence[str]]:
        store = program.model_store()
        plan = store.plan(arguments.path.absolute(), arguments.model_id)
        with console_context(program.stop) as context:
            card = store.install(plan, arguments.mode, context)
        lines = [*_plan_lines(plan), *_done_lines(plan, card, arguments.mode)]
        return {**_plan_row(plan), "mode": arguments.mode.value, "folder": str(card.folder)}, lines

    return _answered(act, {"model": None}, arguments, program)


def run_pack(arguments: argparse.Namespace, program: Program) -> int:
    """Write models into one file."""

    def act() -> tuple[dict[str, Any], Sequence[str]]:
        cards = [_card(model_id, program) for model_id in arguments.ids]
        with console_context(program.stop) as context:
            packed = program.model_store().pack(cards, arguments.out.absolute(), context)
        size = packed.stat().st_size
        return {"file": str(packed), "bytes": size}, [f"{size / 1e6:,.1f} MB: {packed}"]

    return _answered(act, {"file": None}, arguments, program)


def run_unpack(arguments: argparse.Namespace, program: Program) -> int:
    """Take in every model of a packed file."""

    def act() -> tuple[dict[str, Any], Sequence[str]]:
        with console_context(program.stop) as context:
            cards = program.model_store().unpack(arguments.file.absolute(), context)
        lines = [f"{card.id} is installed in {card.folder}" for card in cards]
        return {"models": [{"id": card.id, "folder": str(card.folder)} for card in cards]}, lines

    return _answered(act, {"models": []}, arguments, program)


def run_remove(arguments: argparse.Namespace, program: Program) -> int:
    """Delete a model of the person's own."""

    def act() -> tuple[dict[str, Any], Sequence[str]]:
        card = _card(arguments.id, program)
        program.model_store().remove(card)
        return {"removed": card.id}, [f"{card.id} was removed from {card.folder}"]

    return _answered(act, {"removed": None}, arguments, program)


def _answered(
    act: Callable[[], tuple[dict[str, Any], Sequence[str]]],
    nothing: dict[str, Any],
    arguments: argparse.Namespace,
    program: Program,
) -> int:
    """Do it, and tell in JSON or in lines; a refusal is told in JSON, or by whoever called.

    Raises:
        StudioError: the refusal, where no JSON is asked for.
    """
    try:
        row, lines = act()
    except StudioError as error:
        if not arguments.json:
            raise
        print_json({**nothing, "error": str(error)}, program.out)
        return int(error.exit_status)
    if arguments.json:
        print_json({**row, "error": None}, program.out)
    else:
        print("\n".join(lines), file=program.out)
    return int(ExitStatus.DONE)


def _card(model_id: str, program: Program) -> ModelCard:
    """The installed card of an id.

    Raises:
        UserCorrectable: there is none.
    """
    for card in program.catalog().cards():
        if card.id == model_id and card.is_installed:
            return card
    raise UserCorrectable(f"No model '{model_id}' is installed. `crystal-studio models list` names those that are.")


def _done_lines(plan: ImportPlan, card: ModelCard, mode: ImportMode) -> list[str]:
    if mode is ImportMode.DRY_RUN:
        return [f"{plan.model_id}: nothing was written"]
    done = f"{plan.model_id}: installed in {card.folder}"
    if plan.kind is not ModelKind.LANGUAGE_MODEL:
        return [done]
    return [
        done,
        f"use it with `crystal-studio design ... --model {plan.model_id}`, or choose it in the window of models",
    ]


def _plan_row(plan: ImportPlan) -> dict[str, Any]:
    return {
        "model": plan.model_id,
        "kind": plan.kind.value,
        "what": plan.what,
        "size_mb": plan.size_mb,
        "memory_mb": plan.memory_mb,
        "taken": [str(path) for path in plan.taken],
        "left_behind": [{"file": str(path), "reason": reason} for path, reason in plan.left_behind],
    }


def _plan_lines(plan: ImportPlan) -> list[str]:
    more = len(plan.left_behind) - _MOST_LEFT_SHOWN
    return [
        f"{plan.what} ({plan.kind}); {plan.size_mb:,} MB on the disk, {plan.memory_mb:,} MB of memory",
        *(f"  taken: {path.name}" for path in plan.taken),
        *(f"  left behind: {path.name}: {reason}" for path, reason in plan.left_behind[:_MOST_LEFT_SHOWN]),
        *([f"  and {more} more files left behind"] if more > 0 else []),
    ]
