"""What is heard of exchanges, kinds of elements, removals and of what is kept, in whatever words."""

from __future__ import annotations

import re

import pytest
from listen_messages import EXCHANGES, KEPT, KINDS, OPEN, REMOVALS, WISHES

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Direction, Goal, Intent, Limits, Quantity
from crystal_studio.services.listen import ParentFacts, listen

QUANTITIES = {
    "gap": Quantity.BAND_GAP,
    "dist": Quantity.UNIT_DISTANCE,
    "vol": Quantity.VOLUME,
    "dens": Quantity.DENSITY,
    "energy": Quantity.ENERGY,
}
DIRECTIONS = dict(zip((">", "<", ">=", "<=", "="), Direction, strict=True))
GOAL = re.compile(r"(gap|dist|vol|dens|energy)(>=|<=|[<>=])([\d.]+)?")


def facts_of(parent: str) -> ParentFacts | None:
    if not parent:
        return None
    return ParentFacts(Composition.parse(parent).formula, 221 if parent == "SrTiO3" else 62, 1.8, None, 3.9)


def formula_asked_for(parent: str, parts: list[str]) -> str | None:
    for part in parts:
        if part == "keep":
            return Composition.parse(parent).formula
        if part.startswith("formula="):
            return Composition.parse(part.removeprefix("formula=")).formula
        if swap := re.fullmatch(r"([A-Z][a-z]?)>([A-Z][a-z]?)", part):
            return Composition.parse(parent).replaced({swap[1]: swap[2]}).formula
    return None


def is_heard(part: str, limits: Limits) -> bool:
    if kind := re.fullmatch(r"([A-Z][a-z]?)>\?([\w,]+)(?:!([\w,]+))?", part):
        substitutes = dict(limits.replaced).get(kind[1], frozenset())
        return set(kind[2].split(",")) <= substitutes and not set((kind[3] or "").split(",")) & substitutes
    if part[0] == "-":
        return part[1:] in limits.excluded
    if part[0] == "+":
        return part[1:] in limits.required.union(*limits.any_of)
    structure = {
        f"sg={limits.space_group}",
        f"proto={(limits.prototype or '').replace(' ', '_')}",
        f"{limits.dimensionality}d",
        f"{limits.crystal_system}",
        ":".join(map(str, limits.anonymous)),
    }
    return part in structure


def goals_asked_for(parts: list[str]) -> set[Goal]:
    found = [each for part in parts if (each := GOAL.fullmatch(part))]
    return {Goal(QUANTITIES[each[1]], DIRECTIONS[each[2]], float(each[3]) if each[3] else None) for each in found}


def unheard(parent: str, parts: list[str], intent: Intent) -> list[str]:
    locks = re.compile(r"keep|free|formula=.*|[A-Z][a-z]?>[A-Z][a-z]?")
    rest = [part for part in parts if not locks.fullmatch(part) and not GOAL.fullmatch(part)]
    return [part for part in rest if not is_heard(part, intent.limits)]


@pytest.mark.parametrize(
    ("parent", "message", "expected"),
    [*EXCHANGES, *KINDS, *REMOVALS, *KEPT, *OPEN, *WISHES],
    ids=lambda text: text[:40],
)
def test_that_a_message_is_heard_whatever_its_words(parent: str, message: str, expected: str) -> None:
    parts = expected.split()
    intent = listen(message, facts_of(parent))
    assert intent.limits.formula == formula_asked_for(parent, parts)
    assert unheard(parent, parts, intent) == []
    assert set(intent.goals) == goals_asked_for(parts)


@pytest.mark.parametrize(("parent", "message", "_"), EXCHANGES, ids=lambda text: text[:40])
def test_that_an_exchange_excludes_only_who_leaves(parent: str, message: str, _: str) -> None:
    limits = listen(message, facts_of(parent)).limits
    stays = set(Composition.parse(parent).elements) & set(Composition.parse(limits.formula or "").elements)
    assert not limits.excluded & stays


@pytest.mark.parametrize(
    ("parent", "message", "part"),
    [
        ("SrTiO3", "keep the composition, but put calcium where strontium sits", "contradict"),
        ("SrTiO3", "use calcium for strontium, but no calcium", "Nothing is left to replace strontium"),
        ("SrTiO3", "swap out the lead for tin", "no lead (Pb) in SrTiO3"),
    ],
)
def test_that_an_exchange_that_cannot_be_met_is_refused_with_its_reason(parent: str, message: str, part: str) -> None:
    with pytest.raises(UserCorrectable) as refused:
        listen(message, facts_of(parent))
    assert part in str(refused.value)
