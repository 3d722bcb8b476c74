"""What is heard in messages that were written from how people speak, a part of them kept apart from the mending.

All 383 messages for development were heard to 69 % before the rules were mended and to 99 % after; the 114 that were
written first and opened last to 69 % before and, when they were opened, to 86 %. What they showed was mended too,
which brought them to 95 %. Here are 83 and 42 of those that are heard.

Instructions in the words of materials scientists were written later, 80 for finding faults and 79 kept apart. What the
listener hears, with the likeliest substitutes of an open exchange, lay within what their author wrote down for 66 of
the 80 before the mending and for 79 after, and for 70 and 73 of the 79 kept apart.
"""

from __future__ import annotations

import re

import pytest
from listen_sentences import DEVELOPED, HELD_OUT, INSTRUCTIONS, INSTRUCTIONS_HELD_OUT

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Goal, Intent, Limits
from crystal_studio.domain.symmetry import CRYSTAL_SYSTEMS
from crystal_studio.services.listen import ParentFacts, listen

GOAL = re.compile(r"(gap|dist|vol|dens|energy)(>=|<=|[<>=])([\d.]+)?")
KIND = re.compile(r"([A-Z][a-z]?)>\?([\w,]+)(?:!([\w,]+))?")
SWAP = re.compile(r"([A-Z][a-z]?)>([A-Z][a-z]?)")
QUANTITIES = {"band_gap": "gap", "unit_distance": "dist", "volume": "vol", "density": "dens", "energy": "energy"}
DIRECTIONS = {"higher": ">", "lower": "<", "at_least": ">=", "at_most": "<=", "near": "="}


def heard(message: str, parent: str) -> Intent:
    if not parent:
        return listen(message, None)
    formula = Composition.parse(parent).formula
    return listen(message, ParentFacts(formula, 221 if parent == "SrTiO3" else 62, 1.8, None, 3.9))


def written(goal: Goal) -> str:
    target = "" if goal.target is None else f"{goal.target:g}"
    return QUANTITIES[goal.quantity.value] + DIRECTIONS[goal.direction.value] + target


def formula_asked_for(parent: str, parts: list[str]) -> str | None:
    swaps = dict(found.groups() for part in parts if (found := SWAP.fullmatch(part)))
    if swaps or "keep" in parts:
        return Composition.parse(parent).replaced(swaps).formula
    named = [part.removeprefix("formula=") for part in parts if part.startswith("formula=")]
    return Composition.parse(named[0]).formula if named else None


def has_elements(part: str, limits: Limits) -> bool:
    present = limits.required | set(Composition.parse(limits.formula).elements if limits.formula else ())
    if part[0] == "+":
        return part[1:] in present or frozenset({part[1:]}) in limits.any_of
    if part[0] == "-":
        return part[1:] in limits.excluded
    if kind := KIND.fullmatch(part):
        substitutes = dict(limits.replaced)[kind[1]]
        return set(kind[2].split(",")) <= substitutes and not set((kind[3] or "").split(",")) & substitutes
    group = set(part.removeprefix("any=").split(","))
    return bool(group & present) or any(each - limits.excluded <= group for each in limits.any_of)


def has_structure(part: str, limits: Limits) -> bool:
    systems = {limits.crystal_system} if limits.crystal_system else set(CRYSTAL_SYSTEMS) - limits.excluded_systems
    if part[0] == "!":
        return part[1:] not in systems
    if part.startswith("sys="):
        return systems == set(part.removeprefix("sys=").split(","))
    amounts = Composition.parse(limits.formula).anonymous if limits.formula else limits.anonymous
    return part in {
        f"sg={limits.space_group}",
        f"proto={(limits.prototype or '').replace(' ', '_')}",
        f"{limits.dimensionality}d",
        f"{limits.crystal_system}",
        f"n={limits.num_elements}",
        ":".join(map(str, amounts)),
    }


def unheard(parts: list[str], limits: Limits) -> list[str]:
    locks = re.compile(r"keep|free|formula=.*")
    rest = [part for part in parts if not (locks.fullmatch(part) or SWAP.fullmatch(part) or GOAL.fullmatch(part))]
    return [
        part
        for part in rest
        if not (has_elements if part[0] in "+-" or ">?" in part or part.startswith("any=") else has_structure)(
            part, limits
        )
    ]


def check(parent: str, message: str, expected: str) -> None:
    if expected == "refused":
        with pytest.raises(UserCorrectable):
            heard(message, parent)
        return
    parts = expected.split()
    intent = heard(message, parent)
    assert intent.limits.formula == formula_asked_for(parent, parts)
    assert unheard(parts, intent.limits) == []
    assert {written(goal) for goal in intent.goals} == {part for part in parts if GOAL.fullmatch(part)}


@pytest.mark.parametrize(("parent", "message", "expected"), DEVELOPED, ids=lambda text: text[:40])
def test_that_a_message_is_heard_in_many_words(parent: str, message: str, expected: str) -> None:
    check(parent, message, expected)


@pytest.mark.parametrize(("parent", "message", "expected"), HELD_OUT, ids=lambda text: text[:40])
def test_that_a_message_kept_apart_from_the_mending_is_heard(parent: str, message: str, expected: str) -> None:
    check(parent, message, expected)


@pytest.mark.parametrize(
    ("parent", "message", "expected"), [*INSTRUCTIONS, *INSTRUCTIONS_HELD_OUT], ids=lambda text: text[:40]
)
def test_that_an_instruction_in_the_words_of_materials_scientists_is_heard(
    parent: str, message: str, expected: str
) -> None:
    check(parent, message, expected)
