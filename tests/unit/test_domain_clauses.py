"""Clauses of a pivot held against the crystal's own description."""

from __future__ import annotations

from crystal_studio.domain.clauses import ClauseKind, Verdict, clauses, compare_clauses, stated_dimensionality
from crystal_studio.domain.pivot_grammar import parse_pivot

ASKED = parse_pivot(
    "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group. Ti is bonded to six "
    "equivalent O atoms to form corner-sharing TiO6 octahedra. All Ti-O bond lengths are 1.95 Å."
)


def verdicts(found: str) -> dict[ClauseKind, Verdict]:
    return {check.clause.kind: check.verdict for check in compare_clauses(ASKED, parse_pivot(found))}


def test_that_a_pivot_states_each_of_its_clauses_once() -> None:
    assert [clause.kind for clause in clauses(ASKED)] == [
        ClauseKind.FORMULA,
        ClauseKind.SPACE_GROUP,
        ClauseKind.CRYSTAL_SYSTEM,
        ClauseKind.PROTOTYPE,
        ClauseKind.COORDINATION,
        ClauseKind.POLYHEDRA,
        ClauseKind.BOND_LENGTH,
    ]


def test_that_a_pivot_agrees_with_itself() -> None:
    assert {check.verdict for check in compare_clauses(ASKED, ASKED)} == {Verdict.TRUE}


def test_that_another_crystal_breaks_the_clauses_it_contradicts() -> None:
    found = verdicts(
        "TiSrO3 crystallizes in the tetragonal I4/mcm space group. Ti(1) is bonded in a tetrahedral geometry to four "
        "equivalent O(1) atoms. All Ti(1)-O(1) bond lengths are 2.40 Å."
    )
    assert found[ClauseKind.FORMULA] is Verdict.TRUE
    assert found[ClauseKind.SPACE_GROUP] is Verdict.FALSE
    assert found[ClauseKind.CRYSTAL_SYSTEM] is Verdict.FALSE
    assert found[ClauseKind.PROTOTYPE] is Verdict.FALSE
    assert found[ClauseKind.COORDINATION] is Verdict.FALSE
    assert found[ClauseKind.BOND_LENGTH] is Verdict.FALSE
    assert found[ClauseKind.POLYHEDRA] is Verdict.NOT_CHECKABLE


def test_that_bond_lengths_within_the_tolerance_hold_in_either_order_of_the_pair() -> None:
    found = verdicts("SrTiO3 crystallizes in the cubic Pm-3m space group. All O(1)-Ti(1) bond lengths are 2.05 Å.")
    assert found[ClauseKind.BOND_LENGTH] is Verdict.TRUE
    assert found[ClauseKind.COORDINATION] is Verdict.NOT_CHECKABLE


def test_that_a_description_of_every_site_without_components_is_three_dimensional() -> None:
    assert stated_dimensionality(ASKED) is None
    whole = parse_pivot(
        "NaCl crystallizes in the cubic Fm-3m space group. Na(1) is bonded to six equivalent Cl(1) atoms to form a "
        "mixture of edge and corner-sharing NaCl6 octahedra. Cl(1) is bonded to six equivalent Na(1) atoms to form a "
        "mixture of edge and corner-sharing ClNa6 octahedra."
    )
    assert stated_dimensionality(whole) == 3
