"""What nobody asked to change stays, and an open choice is a chemical one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.intent import Direction, Goal, Limits, Quantity
from crystal_studio.domain.pivot_grammar import parse_pivot
from crystal_studio.services.least_change import (
    least_change,
    only_named,
    plain_anions,
    unasked,
    unmoved,
    usual_amounts,
)
from crystal_studio.services.likely_substitutes import likeliest
from crystal_studio.services.listen_roles import role_taken_by
from crystal_studio.services.listen_substitutes import substitutes_for
from crystal_studio.services.swaps import adds_up


def likely(formula: str, old: str) -> frozenset[str]:
    compound = Composition.parse(formula)
    return likeliest(old, substitutes_for(old, "another", frozenset(compound.elements) - {old}, frozenset()), compound)


@pytest.mark.parametrize(
    ("formula", "old", "present", "absent"),
    [
        ("SrTiO3", "Sr", {"Ca", "Ba"}, {"Be", "Pb", "Cd", "Eu"}),
        ("SrTiO3", "Ti", {"Zr", "Hf"}, {"Os", "Pb", "Pt", "W"}),
        ("LiCoO2", "Co", {"Ni", "Mn", "Fe"}, {"Ir", "La", "As"}),
        ("CsPbI3", "Pb", {"Sn", "Ge"}, {"C", "Cd", "Hg"}),
        ("CsPbI3", "I", {"Br", "Cl", "F"}, {"C", "H"}),
        ("CdS", "Cd", {"Zn", "Mg"}, {"Hg", "Pb"}),
        ("Tl3BO3", "Tl", {"Na", "K", "Rb"}, {"Al", "Ga", "In"}),
        ("LaAlO3", "La", {"Ce", "Pr", "Nd"}, {"Tl", "Au", "B"}),
    ],
)
def test_that_the_likeliest_substitutes_are_chemically_near(formula, old, present, absent):
    found = likely(formula, old)
    assert present <= found
    assert not absent & found


def test_that_a_choice_of_three_is_left_as_it_is():
    few = frozenset({"Ca", "Pb", "Be"})
    assert likeliest("Sr", few, Composition.parse("SrTiO3")) == few


def test_that_an_exchange_by_kind_is_first_tried_with_the_nearest_elements():
    wide = substitutes_for("Sr", "more abundant element", frozenset({"Ti", "O"}), frozenset())
    ((old, substitutes),) = least_change(Limits(replaced=(("Sr", wide),)), Composition.parse("SrTiO3")).replaced
    assert old == "Sr"
    assert substitutes == {"Ba", "Ca", "Mg"} < wide


def test_that_a_newcomer_comes_to_what_is_there():
    compound = Composition.parse("LiMn3O4")
    assert least_change(Limits(required=frozenset({"Fe"})), compound).required == {"Li", "Mn", "O", "Fe"}
    halide = Limits(any_of=(frozenset({"Cl", "Br"}),))
    assert least_change(halide, compound).required == {"Li", "Mn", "O"}


@pytest.mark.parametrize(
    "limits",
    [
        Limits(required=frozenset({"O"})),
        Limits(required=frozenset({"Fe"}), prototype="spinel"),
        Limits(required=frozenset({"Fe"}), num_elements=2),
        Limits(required=frozenset({"Fe", "Co", "Ni"})),
    ],
)
def test_that_nothing_is_kept_where_nothing_comes_or_no_room_is_left(limits):
    assert least_change(limits, Composition.parse("LiMn3O4")) == limits


def test_that_the_parent_is_kept_where_the_number_of_elements_leaves_it_room():
    fourth = Limits(required=frozenset({"Ag"}), num_elements=4)
    assert least_change(fourth, Composition.parse("AlCuTe2")).required == {"Al", "Cu", "Te", "Ag"}


def test_that_newcomers_to_another_compound_leave_the_parent_alone():
    wish = Limits(required=frozenset({"Fe"}))
    assert least_change(wish, Composition.parse("LiMn3O4"), is_free=True) == wish


def test_that_a_prototype_brings_its_stoichiometry_where_all_that_is_asked_for_fits():
    assert usual_amounts(Limits(prototype="half-heusler")).anonymous == (1, 1, 1)
    assert usual_amounts(Limits(prototype="spinel", required=frozenset({"Zn", "O"}))).anonymous == (1, 2, 4)
    many = Limits(prototype="spinel", required=frozenset({"Zn", "Li", "Mn", "O"}))
    assert usual_amounts(many) == many
    sheets = Limits(prototype="perovskite", dimensionality=2)
    assert usual_amounts(sheets) == sheets


def test_that_a_sulfide_is_no_sulfate():
    assert {"O", "F", "Cl"} <= plain_anions(Limits(required=frozenset({"Li", "S"}))).excluded
    assert plain_anions(Limits(required=frozenset({"Li", "S", "O"}))).excluded == {"F"}
    choice = Limits(required=frozenset({"Sn", "S"}), any_of=(frozenset({"O", "Cl"}),))
    assert not {"O", "Cl"} & plain_anions(choice).excluded
    phosphorus = Limits(required=frozenset({"Li", "P"}))
    assert plain_anions(phosphorus) == phosphorus


def test_that_elements_are_unasked_only_where_two_were_named():
    tin_oxide = Limits(required=frozenset({"Sn", "O"}))
    assert [unasked(Composition.parse(formula), tin_oxide) for formula in ("SnO2", "BaSnO3")] == [0, 1]
    assert unasked(Composition.parse("BaSnO3"), Limits(required=frozenset({"O"}))) == 0


@pytest.mark.parametrize(("newcomer", "role"), [("Sn", "Ti"), ("Pb", "Sr"), ("S", "O")])
def test_that_size_tells_whose_place_a_newcomer_of_several_charges_takes(newcomer, role):
    assert role_taken_by(newcomer, Composition.parse("SrTiO3")) == role


@pytest.mark.parametrize(
    ("formula", "holds"), [("Ba2Sn2O6", True), ("BaSn2O6", False), ("CuAu", True), ("NaCl2", False)]
)
def test_that_charges_are_judged_only_where_something_forms_anions(formula, holds):
    assert adds_up(Composition.parse(formula)) is holds


def test_that_a_wish_that_names_a_whole_compound_is_met_by_these_elements_first() -> None:
    titanate = Limits(required=frozenset({"Sr", "Ti", "O"}))
    assert only_named(titanate).allowed == titanate.required
    for still_open in (
        Limits(required=frozenset({"Sr", "O"})),
        Limits(required=frozenset({"Sr", "Ti", "Fe"})),
        replace(titanate, any_of=(frozenset({"F", "Cl"}),)),
        replace(titanate, num_elements=4),
        replace(titanate, formula="SrTiO3"),
    ):
        assert only_named(still_open) == still_open


@pytest.mark.parametrize(
    ("goal", "band_gap_ev", "complains"),
    [
        (Goal(Quantity.BAND_GAP, Direction.HIGHER), None, True),
        (Goal(Quantity.BAND_GAP, Direction.NEAR, 5.0), 3.1, True),
        (Goal(Quantity.BAND_GAP, Direction.NEAR, 5.0), 5.1, False),
        (Goal(Quantity.BAND_GAP, Direction.NEAR, 5.0), None, False),
        (Goal(Quantity.BAND_GAP, Direction.AT_LEAST, 3.0), 2.4, True),
        (Goal(Quantity.BAND_GAP, Direction.AT_MOST, 3.0), 2.4, False),
        (Goal(Quantity.DENSITY, Direction.HIGHER), 2.4, False),
    ],
)
def test_that_the_parent_again_is_no_answer_where_its_gap_is_not_the_one_asked_for(goal, band_gap_ev, complains):
    parent = parse_pivot("SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group.")
    moved = parse_pivot("SrTiO3 crystallizes in the orthorhombic Pnma space group.")
    assert bool(unmoved(parent, parent, (goal,), band_gap_ev)) == complains
    assert not unmoved(moved, parent, (goal,), band_gap_ev)
