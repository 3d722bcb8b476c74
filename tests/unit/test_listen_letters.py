"""Symbols of one letter, and symbols that are English words, in messages of many kinds."""

from __future__ import annotations

import pytest

from crystal_studio.services.listen import ParentFacts, listen

WISHES = [
    ("a K-Nb-O compound", "K Nb O", ""),
    ("a V oxide", "V O", ""),
    ("there must be N in it", "N", ""),
    ("F must be there, and Ca", "Ca F", ""),
    ("with K as the cation and Cl as the anion", "K Cl", ""),
    ("any chloride where K is the cation", "K Cl", ""),
    ("hexagonal Y compound", "Y", ""),
    ("I'd like W in it", "W", ""),
    ("K present, Na absent", "K", "Na"),
    ("V is required, and O too", "V O", ""),
    ("an oxide insulator based on B and P that has no Tl", "B P O", "Tl"),
    ("an oxide based on B structured like calcite", "B O", ""),
    ("a phase with K and Y free of oxygen", "K Y", "O"),
]
NO_SYMBOLS = [
    ("an oxide stable at 300 K", "O"),
    ("an oxide for a 5 V cathode", "O"),
    ("a perovskite oxide with Ba on the A site and Ti on the B site", "Ba Ti O"),
    ("A and B cations should be Ba and Ti, an oxide", "Ba Ti O"),
    ("a C-centred monoclinic nitride", "N"),
    ("a P-type oxide semiconductor", "O"),
    ("GGA+U says that it is a Mott insulator, an oxide", "O"),
    ("Hubbard U is 4 eV, nickel oxide", "Ni O"),
    ("an oxide with S = 1/2 spins and Cu", "Cu O"),
    ("nitride at P = 10 GPa", "N"),
    ("option B: a sulfide", "S"),
    ("an iodide, N/A for lead", "Pb I"),
    ("a V-shaped valence band, a selenide", "Se"),
    ("group V elements with gallium", "Ga"),
    ("I need a dielectric sulfide, I think", "S"),
    ("P.S. it should be an oxide", "O"),
    ("K, make it an oxide with Ti please", "Ti O"),
    ("can U find an oxide of Ti?", "Ti O"),
]
EXCHANGES = [
    ("What if cobalt were holmium?", "LaCoO3", "LaHoO3"),
    ("What if the tantalum was bismuth?", "Ba2LaTaO6", "Ba2LaBiO6"),
    ("Put Be where zinc is", "ZnO", "BeO"),
    ("Put As where Pr is", "Rb2LiPrF6", "Rb2LiAsF6"),
    ("K out, Rb in", "KNbO3", "RbNbO3"),
]


@pytest.mark.parametrize(("message", "required", "excluded"), WISHES)
def test_that_a_capital_letter_is_an_element(message, required, excluded):
    limits = listen(message).limits
    assert (limits.required, limits.excluded) == (frozenset(required.split()), frozenset(excluded.split()))


@pytest.mark.parametrize(("message", "required"), NO_SYMBOLS)
def test_that_a_capital_letter_is_something_else(message, required):
    assert listen(message).limits.required == frozenset(required.split())


@pytest.mark.parametrize(("message", "parent", "formula"), EXCHANGES)
def test_that_an_exchange_takes_the_place_that_it_names(message, parent, formula):
    asked = listen(message, ParentFacts(parent)).limits.formula
    assert asked is not None
    assert listen(f"keep the composition {formula}").limits.formula == asked


@pytest.mark.parametrize(
    "message", ["What if Li and Te were farther apart?", "What if the lithium was further from Te?"]
)
def test_that_atoms_which_move_are_not_replaced(message):
    assert listen(message, ParentFacts("Li2Te", 225, unit_distance_angstrom=3.9)).limits.replaced == ()


@pytest.mark.parametrize(
    "message", ["Can it be P1?", "Switch to P1.", "the P1 phase", "I prefer P1.", "Try P1 instead.", "It should be P1."]
)
def test_that_a_short_space_group_is_heard_where_a_structure_is_spoken_of(message):
    limits = listen(message, ParentFacts("SrTiO3", 221)).limits
    assert (limits.space_group, limits.formula) == (1, "SrTiO3")


def test_that_poisonous_arsenic_is_replaced_though_its_symbol_is_a_word():
    limits = listen("As is toxic, replace it.", ParentFacts("GaAs", 216)).limits
    assert [old for old, _ in limits.replaced] == ["As"]


def test_that_a_letter_that_is_out_of_place_is_read_as_meant():
    assert listen("Get rid fo Zn", ParentFacts("ZnO", 186)).limits.excluded == {"Zn"}


def test_that_a_stacking_of_layers_is_no_space_group():
    assert listen("a P2 phase with sodium and cobalt, an oxide").limits.space_group is None
