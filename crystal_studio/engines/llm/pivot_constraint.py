"""Constrained decoding: a grammar in which only pivots within the hard limits can be written.

The grammar is llguidance's Lark dialect. A formula is one regular expression: every allowed element at most once, in
IUPAC order, intersected with what the limits ask for. What a grammar cannot say (which elements a later sentence may
name) is left to the pivot grammar.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import permutations
from pathlib import Path
from typing import Any

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.elements import BY_SYMBOL, SYMBOLS
from crystal_studio.domain.intent import Limits
from crystal_studio.domain.symmetry import CRYSTAL_SYSTEMS, SpaceGroup, is_of_class, numbers_of_system
from crystal_studio.engines.llm.trained_form import plain_formula

_PROMPTS = Path(__file__).parents[3] / "resources" / "prompts"
PROTOTYPES_FILE = _PROMPTS / "prototypes.txt"
STOICHIOMETRIES_FILE = _PROMPTS / "stoichiometries.txt"
_COUNT = "([2-9]|1[0-9])?"
_ANY_ELEMENT = "[A-Z][a-z]?[0-9]*"
_MOST_ELEMENTS = 5
_MOST_USUAL = 4  # a fifth element is only written beside four that were asked for
_END = 0
_HEAVIEST = 94  # plutonium: nothing heavier is in the training data
_NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight")
_WORDS = {0: "zero", 1: "one", 2: "two"}
_SHAPES = {2: ("sheet",), 1: ("ribbon",), 0: ("cluster", "molecule")}


def grammar_of(limits: Limits) -> str:
    """The grammar, as text, of all pivots within the limits."""
    sentences = _components(limits)
    lengths = ""
    if limits.formula:
        sentences += " lengths?"
        lengths = _lengths(limits.formula)
    return f"""start: " " FORMULA kind? " crystallizes in the " place " space group."{sentences}
kind: " is " PROTOTYPE ("-derived" | "-like")? " structured and"
{_formula_terminal(limits)}
{_places(limits)}
PROTOTYPE: {_alternatives(prototypes_for(limits.prototype))}
{_component_rules(limits)}
{lengths}
""".replace("kind?", "kind" if limits.prototype else "kind?", 1)


@lru_cache(maxsize=1)
def known_prototypes() -> tuple[str, ...]:
    """Prototype names that Robocrystallographer writes, as met in the training set."""
    return tuple(PROTOTYPES_FILE.read_text(encoding="utf-8").split("\n"))[:-1]


def prototypes_for(asked: str | None) -> tuple[str, ...]:
    """Known names that hold the name asked for; all where none is asked, the name itself where none holds it."""
    if asked is None:
        return known_prototypes()
    wanted = _letters(asked)
    found = tuple(name for name in known_prototypes() if wanted in _letters(name))
    return found or (asked[:1].upper() + asked[1:],)


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _formula_terminal(limits: Limits) -> str:
    if limits.formula:
        return f'FORMULA: "{plain_formula(Composition.parse(limits.formula).reduced)}"'
    usable = _usable_elements(limits)
    ordered = sorted(usable, key=lambda symbol: BY_SYMBOL[symbol].iupac_ordering)
    parts = (f"{symbol}{_COUNT}" if symbol in limits.required else f"({symbol}{_COUNT})?" for symbol in ordered)
    conditions = [f"/{''.join(parts)}/", f"/{_amounts(limits)}/"]
    groups = [*limits.any_of, *(substitutes for _, substitutes in limits.replaced)]
    conditions += [f"/{_containing(group & usable)}/" for group in groups if not group & limits.required]
    return "FORMULA: " + " & ".join(conditions)


def _usable_elements(limits: Limits) -> frozenset[str]:
    usable = limits.allowed or frozenset(s for s in SYMBOLS if BY_SYMBOL[s].number <= _HEAVIEST) - _NOBLE
    replaced = {old for old, _ in limits.replaced}
    return (usable | limits.required) - limits.excluded - replaced


_NOBLE = frozenset({"He", "Ne", "Ar", "Kr", "Xe"})


def _amounts(limits: Limits) -> str:
    """Numbers of elements and amounts: the stoichiometry asked for, else one that known crystals have."""
    if limits.anonymous:
        return _in_any_order([limits.anonymous])
    least = max(min(2, len(limits.allowed) or 2), len(limits.required))
    most = min(max(_MOST_USUAL, least + 1), _MOST_ELEMENTS)
    sizes = [limits.num_elements] if limits.num_elements else list(range(least, most + 1))
    known = [amounts for amounts in known_stoichiometries() if len(amounts) in sizes]
    if known:
        return _in_any_order(known)
    size = limits.num_elements or max(least, 1)
    return f"({_ANY_ELEMENT}){{{size}}}"


@lru_cache(maxsize=1)
def known_stoichiometries() -> tuple[tuple[int, ...], ...]:
    """Sorted reduced amounts of known crystals."""
    lines = STOICHIOMETRIES_FILE.read_text(encoding="utf-8").splitlines()
    return tuple(tuple(map(int, line.split(":"))) for line in lines if not line.startswith("#"))


def _containing(group: frozenset[str]) -> str:
    symbols = "|".join(sorted(group)) or "[^A-Z]"
    return f"({_ANY_ELEMENT})*({symbols})[0-9]*({_ANY_ELEMENT})*"


def _in_any_order(stoichiometries: Sequence[Sequence[int]]) -> str:
    """A regular expression for elements with these amounts in every order, written as a tree of common beginnings."""
    tree: dict[int, Any] = {}
    for amounts in stoichiometries:
        for order in set(permutations(amounts)):
            branch = tree
            for count in order:
                branch = branch.setdefault(count, {})
            branch[_END] = {}
    return _tree(tree)


def _tree(branch: dict[int, Any]) -> str:
    parts = [
        f"[A-Z][a-z]?{count if count > 1 else ''}{_tree(below)}"
        for count, below in sorted(branch.items())
        if count != _END
    ]
    if not parts:
        return ""
    return f"({'|'.join(parts)}){'?' if _END in branch else ''}"


def _places(limits: Limits) -> str:
    """Pairs of crystal system and symbol; only those asked for."""
    if limits.space_group:
        group = SpaceGroup(limits.space_group)
        return f'place: "{group.crystal_system} {group.symbol}"'
    systems = [limits.crystal_system] if limits.crystal_system else list(CRYSTAL_SYSTEMS)
    systems = [system for system in systems if system not in limits.excluded_systems] or systems
    numbers = {system: list(numbers_of_system(system)) for system in systems}
    of_class = {
        system: fitting
        for system, every in numbers.items()
        if (fitting := [number for number in every if is_of_class(number, limits.symmetry_class)])
    }
    rules = [f"place: {' | '.join(of_class or numbers)}"]
    for system, fitting in (of_class or numbers).items():
        symbols = _alternatives([SpaceGroup(number).symbol for number in fitting])
        rules.append(f'{system}: "{system} " {system.upper()}\n{system.upper()}: {symbols}')
    return "\n".join(rules)


def _components(limits: Limits) -> str:
    if limits.dimensionality == 3:
        return ""
    return " components" if limits.dimensionality is not None else " components?"


def _component_rules(limits: Limits) -> str:
    if limits.dimensionality == 3:
        return ""
    asked = (limits.dimensionality,) if limits.dimensionality is not None else (0, 1, 2)
    kinds = []
    for dimension in asked:
        orientation = ' " oriented in the (" INDEX ", " INDEX ", " INDEX ") direction"' if dimension else ""
        for shape in _SHAPES[dimension]:
            start = f'" The structure is {_WORDS[dimension]}-dimensional and consists of "'
            kinds.append(f'{start} "one " PART " {shape}"{orientation} "."')
            kinds.append(f'{start} NUMBER " " PART " {shape}s"{orientation} "."')
    part = f'"{plain_formula(Composition.parse(limits.formula).reduced)}"' if limits.formula else "FORMULA"
    rules = ["components: " + "\n  | ".join(kinds), f"NUMBER: {_alternatives(_NUMBERS)}", f"PART: {part}"]
    return "\n".join([*rules, "INDEX: /-?[0-3]/"] if any(asked) else rules)


def _lengths(formula: str) -> str:
    """One sentence on bond lengths between two elements of the formula."""
    elements = Composition.parse(formula).elements
    return f"""lengths: " All " PAIR " bond lengths are " LENGTH " Å."
  | " Both " PAIR " bond lengths are " LENGTH " Å."
  | " The " PAIR " bond length is " LENGTH " Å."
  | " There are a spread of " PAIR " bond distances ranging from " LENGTH "-" LENGTH " Å."
PAIR: /({"|".join(elements)})\\([1-9][0-9]?\\)-({"|".join(elements)})\\([1-9][0-9]?\\)/
LENGTH: /[1-4]\\.[0-9][0-9]/"""


def _alternatives(words: Sequence[str]) -> str:
    return " | ".join(json.dumps(word, ensure_ascii=False) for word in words)
