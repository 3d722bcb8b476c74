"""Formulas: reading, reducing, writing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from crystal_studio.domain.composition import Composition, is_formula
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.pivot_grammar_formula import read_formula


@pytest.mark.parametrize(
    ("text", "formula"),
    [
        ("SrTiO3", "SrTiO3"),
        ("Sr2Ti2O6", "SrTiO3"),
        ("O3TiSr", "SrTiO3"),
        ("Ca3(PO4)2", "Ca3(PO4)2"),
        ("Ca3P2O8", "Ca3(PO4)2"),
        ("O", "O2"),
        ("Na2O2", "Na2O2"),
        ("BaTiO3", "BaTiO3"),
        ("((H2O)2)3", "H2O"),
    ],
)
def test_that_a_formula_is_reduced_and_written_as_the_field_writes_it(text: str, formula: str) -> None:
    assert Composition.parse(text).formula == formula


@pytest.mark.parametrize(
    "text", ["", "srtio3", "Xx2", "Sr(TiO3", "SrTiO3)", "Sr0", "H9999", "Sr-Ti", "O" * 5000, "Sr" + "9" * 400, "1Sr"]
)
def test_that_what_is_no_formula_is_refused_with_a_hint(text: str) -> None:
    assert not is_formula(text)
    with pytest.raises(UserCorrectable, match=r"formula|element|bracket|atoms"):
        Composition.parse(text)


def test_that_swapped_elements_add_up() -> None:
    perovskite = Composition.parse("SrTiO3")
    assert perovskite.replaced({"Sr": "Ca"}).formula == "CaTiO3"
    assert perovskite.replaced({"Sr": "Ti"}).formula == "Ti2O3"
    assert perovskite.anonymous == (1, 1, 3)


def test_that_species_repeat_each_element_for_every_formula_unit() -> None:
    assert Composition.parse("TiO2").species(2) == ("Ti", "Ti", "O", "O", "O", "O")


def test_that_decimal_amounts_of_an_alias_become_whole_numbers() -> None:
    assert read_formula("CuAl(S0.5Se0.5)2") == Composition.parse("CuAlSSe")
    assert read_formula("Zr(HPO3)2.") == Composition.parse("Zr(HPO3)2")
    with pytest.raises(UserCorrectable):
        read_formula("Lix0.5CoO2")
    with pytest.raises(UserCorrectable):
        read_formula("Li)0.5CoO2")


def test_that_formulas_of_real_crystals_are_written_as_in_the_data(data_folder: Path) -> None:
    with gzip.open(data_folder / "crystals" / "val.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    differing = [row["formula"] for row in rows if Composition.from_species(row["species"]).formula != row["formula"]]
    assert differing == []
