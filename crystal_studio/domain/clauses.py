"""The clauses of a pivot, and whether each holds for the crystal that came out."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum

from crystal_studio.domain.pivot import Pivot
from crystal_studio.domain.pivot_grammar_sentences import element_of

BOND_TOLERANCE_ANGSTROM = 0.15


class ClauseKind(StrEnum):
    """What a clause is about."""

    FORMULA = "formula"
    SPACE_GROUP = "space group"
    CRYSTAL_SYSTEM = "crystal system"
    PROTOTYPE = "prototype"
    DIMENSIONALITY = "dimensionality"
    COORDINATION = "coordination"
    POLYHEDRA = "polyhedra"
    BOND_LENGTH = "bond length"


class Verdict(StrEnum):
    """Whether a clause holds."""

    TRUE = "true"
    FALSE = "false"
    NOT_CHECKABLE = "not checkable"


Value = str | int | tuple[float, float] | frozenset[int] | frozenset[str]


@dataclass(frozen=True)
class Clause:
    """One checkable statement.

    Attributes:
        kind: what it is about.
        subject: the crystal's formula, an element, or a pair of elements such as ``O-Ti``.
        value: reduced formula, space-group number, name, dimensionality, coordination numbers, shapes of polyhedra,
            or the shortest and longest bond length in angstrom.
        text: for a person.
    """

    kind: ClauseKind
    subject: str
    value: Value
    text: str


@dataclass(frozen=True)
class ClauseCheck:
    """One clause held against a crystal's own description; `found` says what is there."""

    clause: Clause
    verdict: Verdict
    found: str


def clauses(pivot: Pivot) -> tuple[Clause, ...]:
    """Every checkable statement of a pivot, most general first."""
    formula = pivot.composition.formula
    found = [Clause(ClauseKind.FORMULA, formula, formula, f"The formula is {formula}.")]
    if group := pivot.space_group:
        system = group.crystal_system
        found.append(Clause(ClauseKind.SPACE_GROUP, formula, group.number, f"The space group is {group.symbol}."))
        found.append(Clause(ClauseKind.CRYSTAL_SYSTEM, formula, system, f"The crystal system is {system}."))
    if pivot.prototype:
        found.append(Clause(ClauseKind.PROTOTYPE, formula, pivot.prototype, f"The prototype is {pivot.prototype}."))
    if (dimensionality := stated_dimensionality(pivot)) is not None:
        text = f"The bonded structure has {dimensionality} dimensions."
        found.append(Clause(ClauseKind.DIMENSIONALITY, formula, dimensionality, text))
    return (*found, *_coordinations(pivot), *_polyhedra(pivot), *_bond_lengths(pivot))


def stated_dimensionality(pivot: Pivot) -> int | None:
    """Dimensionality stated, or 3 where every site is described and no components are; None where left open."""
    if pivot.dimensionality is not None:
        return pivot.dimensionality
    described = {element_of(environment.site) for environment in pivot.environments}
    is_whole = described and described == set(pivot.composition.elements)
    return 3 if is_whole else None


def compare_clauses(asked: Pivot, found: Pivot) -> tuple[ClauseCheck, ...]:
    """Each clause of the pivot asked for, held against the crystal's own description.

    A clause is not checkable where the description says nothing on its subject. Bond lengths hold when they lie
    within 0.15 Å of the range found; coordination numbers and polyhedra when each is found among the element's sites.
    """
    there = {(clause.kind, _subject(clause)): clause for clause in clauses(found)}
    return tuple(_check(clause, there.get((clause.kind, _subject(clause)))) for clause in clauses(asked))


def _subject(clause: Clause) -> str:
    is_local = clause.kind in (ClauseKind.COORDINATION, ClauseKind.POLYHEDRA, ClauseKind.BOND_LENGTH)
    return clause.subject if is_local else ""


def _check(clause: Clause, found: Clause | None) -> ClauseCheck:
    if found is None:
        is_plain = clause.kind is ClauseKind.PROTOTYPE
        missing = "No known prototype was recognised." if is_plain else "The description says nothing on it."
        return ClauseCheck(clause, Verdict.FALSE if is_plain else Verdict.NOT_CHECKABLE, missing)
    return ClauseCheck(clause, Verdict.TRUE if _holds(clause.value, found.value) else Verdict.FALSE, found.text)


def _holds(asked: Value, found: Value) -> bool:
    if isinstance(asked, tuple) and isinstance(found, tuple):
        return found[0] - BOND_TOLERANCE_ANGSTROM <= asked[0] and asked[1] <= found[1] + BOND_TOLERANCE_ANGSTROM
    if isinstance(asked, frozenset) and isinstance(found, frozenset):
        return bool(asked) and asked <= found
    if isinstance(asked, str) and isinstance(found, str):
        return asked.lower() == found.lower()
    return asked == found


def _coordinations(pivot: Pivot) -> list[Clause]:
    numbers: defaultdict[str, set[int]] = defaultdict(set)
    for environment in pivot.environments:
        numbers[element_of(environment.site)].add(environment.coordination)
    return [
        Clause(
            ClauseKind.COORDINATION,
            element,
            frozenset(found),
            f"{element} has {' or '.join(map(str, sorted(found)))} neighbours.",
        )
        for element, found in numbers.items()
    ]


def _polyhedra(pivot: Pivot) -> list[Clause]:
    shapes: defaultdict[str, set[str]] = defaultdict(set)
    for environment in pivot.environments:
        if environment.shape:
            shapes[element_of(environment.site)].add(environment.shape)
    return [
        Clause(ClauseKind.POLYHEDRA, element, frozenset(found), f"{element} sits in {' and '.join(sorted(found))}.")
        for element, found in shapes.items()
    ]


def _bond_lengths(pivot: Pivot) -> list[Clause]:
    ranges: dict[str, tuple[float, float]] = {}
    for lengths in pivot.bond_lengths:
        pair = "-".join(sorted((element_of(lengths.first), element_of(lengths.second))))
        shortest, longest = ranges.get(pair, (lengths.shortest_angstrom, lengths.longest_angstrom))
        ranges[pair] = min(shortest, lengths.shortest_angstrom), max(longest, lengths.longest_angstrom)
    return [
        Clause(
            ClauseKind.BOND_LENGTH,
            pair,
            (shortest, longest),
            f"{pair} bonds are {shortest:.2f} Å long."
            if shortest == longest
            else f"{pair} bonds are {shortest:.2f} to {longest:.2f} Å long.",
        )
        for pair, (shortest, longest) in ranges.items()
    ]
