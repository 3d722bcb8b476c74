"""Whether the listener heard of a message what a careful reader takes from it; rows of ``tests/data/listening.txt``."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.symmetry import CRYSTAL_SYSTEMS
from crystal_studio.services.evaluate_dialogue import more_abundant_than
from crystal_studio.services.least_change import least_change
from crystal_studio.services.listen import ParentFacts, listen
from crystal_studio.services.listen_words import PROTOTYPES

CORPUS = Path(__file__).parent / "data" / "listening.txt"
_FEW = 3
STRUCTURE = ("space_group", "crystal_system", "dimensionality", "num_elements")


@dataclass(frozen=True)
class Told:
    """One row: ``part``, the parent's formula or "", the message, and the words of the truth."""

    part: str
    parent: str
    message: str
    truth: str


def corpus() -> list[Told]:
    """All rows in order."""
    rows = [line.split(" | ") for line in CORPUS.read_text(encoding="utf-8").splitlines() if line[:1] not in ("#", "")]
    return [Told(part, "" if parent == "-" else parent, message, truth) for part, parent, message, truth in rows]


def misheard(told: Told) -> list[str]:
    """What was not heard of a row, or was heard though it was not said; empty where all is well."""
    truth, replaced = _truth(told.truth)
    try:
        limits = _heard(told)
    except UserCorrectable as error:
        return [f"refused: {error}"]
    present = frozenset(Composition.parse(told.parent).elements) if told.parent else frozenset()
    return (
        _of_elements(limits, truth, present)
        + _of_exchanges(limits, replaced, present - truth.excluded)
        + _of_structure(limits, truth)
        + _unsaid(told, limits, truth, replaced)
    )


def _heard(told: Told) -> Limits:
    if not told.parent:
        return listen(told.message, None).limits
    whole = Composition.parse(told.parent)
    return least_change(listen(told.message, ParentFacts(whole.formula, 62, 1.0)).limits, whole)


def _truth(words: str) -> tuple[Limits, dict[str, frozenset[str]]]:
    """The truth as limits, and who leaves with those who may come."""
    found, replaced = Limits(), {}
    for word in words.removeprefix("none").split():
        if ">" in word:
            old, new = re.split(">+", word)
            replaced[old] = more_abundant_than(old) if ">>" in word else frozenset(new.split(",")) - {old}
        elif word[0] in "+-" or "=" in word:
            found = _with_elements(found, word)
        else:
            found = _with_structure(found, word)
    return found, replaced


def _with_elements(found: Limits, word: str) -> Limits:
    name, _, value = word.partition("=")
    symbols = frozenset(value.split(","))
    changes = {
        "any": {"any_of": (*found.any_of, symbols)},
        "only": {"allowed": symbols},
        "formula": {"formula": value},
        "n": {"num_elements": value},
        "sg": {"space_group": value},
        "proto": {"prototype": value},
        f"+{word[1:]}": {"required": found.required | {word[1:]}},
        f"-{word[1:]}": {"excluded": found.excluded | {word[1:]}},
    }[name]
    return replace(found, **{key: int(part) if name in ("n", "sg") else part for key, part in changes.items()})


def _with_structure(found: Limits, word: str) -> Limits:
    if re.fullmatch(r"[0-3]d", word):
        return replace(found, dimensionality=int(word[0]))
    if word in CRYSTAL_SYSTEMS:
        return replace(found, crystal_system=word)
    return replace(found, anonymous=tuple(sorted(map(int, word.split(":")))))


def _of_elements(limits: Limits, truth: Limits, present: frozenset[str]) -> list[str]:
    formula = frozenset(Composition.parse(limits.formula).elements) if limits.formula else frozenset()
    leaving = {old for old, _ in limits.replaced}
    sure = limits.required | formula | {min(new) for _, new in limits.replaced if len(new) == 1}
    sure |= {min(group) for group in limits.any_of if len(group) == 1}
    stays = present - limits.excluded - leaving
    found = [f"+{symbol}" for symbol in sorted(truth.required - sure - stays)]
    for symbol in sorted(truth.excluded - limits.excluded - leaving):
        cannot = symbol not in (limits.allowed or formula or {symbol})
        may = not present or symbol in present or any(symbol in new for _, new in limits.replaced)
        found += [f"-{symbol}"] if may and not cannot else []
    for group in truth.any_of:
        choices = (*limits.any_of, *(new for _, new in limits.replaced))
        narrowed = [each for each in choices if each - limits.excluded <= group]
        if not (group & sure or narrowed or (limits.allowed and limits.allowed <= group)):
            found.append(f"one of {', '.join(sorted(group))}")
    within = limits.allowed or formula or (limits.required if len(limits.required) == limits.num_elements else None)
    if truth.allowed and not (within and within <= truth.allowed):
        found.append(f"only {', '.join(sorted(truth.allowed))}")
    if truth.formula and limits.formula != Composition.parse(truth.formula).formula:
        found.append(f"formula {truth.formula}")
    return found


def _of_exchanges(limits: Limits, replaced: dict[str, frozenset[str]], present: frozenset[str]) -> list[str]:
    if not replaced:
        return []
    leaving = ({old for old, _ in limits.replaced} | limits.excluded & present) - replaced.keys()
    found = [f"{symbol} leaves" for symbol in sorted(leaving)]
    for old, permitted in replaced.items():
        found += _of_exchange(limits, old, permitted, present)
    return found


def _of_exchange(limits: Limits, old: str, permitted: frozenset[str], present: frozenset[str]) -> list[str]:
    heard = dict(limits.replaced)
    newcomers = limits.required - present
    if limits.formula:
        newcomers = frozenset(Composition.parse(limits.formula).elements) - present
    newcomers = heard.get(old, newcomers)
    if old not in heard and old not in limits.excluded:
        return [f"{old} stays"]
    if not newcomers or not newcomers <= permitted:
        return [f"for {old} {', '.join(sorted(newcomers)) or 'nobody'}"]
    return []


def _of_structure(limits: Limits, truth: Limits) -> list[str]:
    found = []
    for name in STRUCTURE:
        asked, heard = getattr(truth, name), getattr(limits, name)
        is_implied = (name == "crystal_system" and limits.space_group) or (
            name == "num_elements" and asked in (len(limits.allowed), len(limits.anonymous))
        )
        if asked is not None and asked != heard and not is_implied:
            found.append(f"{name} {asked}")
    asked_type = _robocrystallographers_name(truth.prototype or "")
    if asked_type not in (limits.prototype or "").lower():
        found.append(f"{truth.prototype} structure")
    if truth.anonymous and not limits.formula and tuple(sorted(limits.anonymous)) != truth.anonymous:
        found.append("stoichiometry")
    return found


def _unsaid(told: Told, limits: Limits, truth: Limits, replaced: dict[str, frozenset[str]]) -> list[str]:
    """Limits that nobody set; the truth leaves long lists such as "non-toxic" out, so these are not judged."""
    named = [told.parent, truth.formula]
    elements = frozenset(symbol for formula in named if formula for symbol in Composition.parse(formula).elements)
    known = (truth.required | truth.allowed | elements).union(*truth.any_of, *replaced.values())
    found = [f"+{symbol}, unsaid" for symbol in sorted(limits.required - known)]
    absent = limits.excluded - truth.excluded - replaced.keys()
    if len(absent) <= _FEW and not (truth.allowed or truth.formula):
        found += [f"-{symbol}, unsaid" for symbol in sorted(absent)]
    for name in ("dimensionality", "space_group", "crystal_system"):
        is_implied = name == "crystal_system" and truth.space_group
        if getattr(limits, name) is not None and getattr(truth, name) is None and not is_implied:
            found.append(f"{name} {getattr(limits, name)}, unsaid")
    return found


def _robocrystallographers_name(name: str) -> str:
    """What Robocrystallographer calls a structure type: a delafossite is one of its caswellsilverites."""
    known = [its_name for pattern, its_name, _ in PROTOTYPES if re.fullmatch(pattern, name, re.IGNORECASE)]
    return (known or [name.lower()])[0]
