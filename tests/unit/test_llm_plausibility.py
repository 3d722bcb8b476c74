"""Plausible alternatives come first."""

from __future__ import annotations

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.pivot_grammar import headline
from crystal_studio.engines.llm.plausibility import balances, best_first

CUBIC = headline("SrTiO3", 221)
TETRAGONAL = headline("SrTiO3", 140)


@pytest.mark.parametrize("formula", ["SrTiO3", "CaF2", "Fe2O3", "MgAl2O4", "CuZn", "Si"])
def test_that_real_compounds_balance(formula):
    assert balances(Composition.parse(formula))


@pytest.mark.parametrize("formula", ["SrTiO6", "Sr5Ti2O3", "CaF3", "Na2Cl"])
def test_that_odd_formulas_do_not_balance(formula):
    assert not balances(Composition.parse(formula))


def test_that_a_formula_that_cannot_balance_comes_later():
    odd = headline("SrTiO6", 63)
    assert best_first([odd, CUBIC], None) == [CUBIC, odd]


def test_that_a_repetition_of_the_parent_comes_later():
    assert best_first([CUBIC, TETRAGONAL], CUBIC) == [TETRAGONAL, CUBIC]
    stretched = CUBIC + " All Ti(1)-O(1) bond lengths are 2.05 Å."
    assert best_first([CUBIC, stretched], CUBIC)[0] == stretched


def test_that_a_repeated_alternative_comes_later_and_none_is_lost():
    assert best_first([CUBIC, CUBIC, TETRAGONAL], None) == [CUBIC, TETRAGONAL, CUBIC]


def test_that_what_cannot_be_read_comes_last():
    assert best_first(["nonsense", headline("SrTiO6", 63)], None)[-1] == "nonsense"


def test_that_the_models_order_is_kept_otherwise():
    assert best_first([TETRAGONAL, CUBIC], None) == [TETRAGONAL, CUBIC]


def test_that_sheets_of_another_formula_come_later():
    sheets = " The structure is two-dimensional and consists of two {} sheets oriented in the (0, 0, 1) direction."
    strange, whole = TETRAGONAL + sheets.format("SrTiO4"), TETRAGONAL + sheets.format("SrTiO3")
    assert best_first([strange, whole], None) == [whole, strange]
