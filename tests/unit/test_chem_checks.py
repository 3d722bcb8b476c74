"""The validity checks."""

from __future__ import annotations

import gzip
import json
import random
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.validity import CheckResult, all_required_pass
from crystal_studio.engines.chem import create_checker, create_symmetrizer
from crystal_studio.engines.chem.charge_balance import charge_balance

FRAC = np.array([[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])


def perovskite(edge: float = 3.905) -> Crystal:
    return Crystal(np.eye(3) * edge, ("Sr", "Ti", "O", "O", "O"), FRAC)


def checks_of(crystal: Crystal, *, formula_is_named: bool = False) -> dict[str, CheckResult]:
    return {check.name: check for check in create_checker().check(crystal, formula_is_named=formula_is_named)}


def test_that_strontium_titanate_has_the_numbers_worked_out_by_hand() -> None:
    checks = checks_of(perovskite())
    assert checks["min_distance"].numbers["shortest_angstrom"] == pytest.approx(3.905 / 2)
    assert checks["volume"].numbers["volume_angstrom3"] == pytest.approx(3.905**3)
    # (87.62 + 47.87 + 3 * 15.999) u in 59.547 Å3; covalent radii of Ti and O are 1.60 and 0.66 Å
    assert checks["density"].numbers["density_g_cm3"] == pytest.approx(183.486 * 1.660539 / 59.547, rel=1e-3)
    assert checks["distance_over_radii"].numbers["Ti-O"] == pytest.approx(1.9525 / 2.26, rel=1e-6)
    assert dict(checks["charge_sums"].numbers) == {"Sr": 2, "Ti": 4, "O": -2}
    assert all(check.passed is not False for check in checks.values())


def test_that_every_sentence_holds_a_number_and_ends_with_a_full_stop() -> None:
    for crystal in (perovskite(), perovskite(1.2), perovskite().with_species(("Ra", "Ti", "O", "O", "O"))):
        for check in checks_of(crystal).values():
            assert any(letter.isdigit() for letter in check.detail), check
            assert check.detail.endswith("."), check


def test_that_only_distance_volume_and_smact_can_refuse() -> None:
    required = [name for name, check in checks_of(perovskite()).items() if check.required]
    assert required == ["min_distance", "volume", "smact"]


def test_that_atoms_closer_than_half_an_angstrom_are_refused() -> None:
    crystal = Crystal(np.eye(3) * 4, ("Na", "Cl"), np.array([[0, 0, 0], [0.49 / 4, 0, 0]]))
    assert checks_of(crystal)["min_distance"].passed is False
    apart = Crystal(np.eye(3) * 4, ("Na", "Cl"), np.array([[0, 0, 0], [0.51 / 4, 0, 0]]))
    assert checks_of(apart)["min_distance"].passed is True


def test_that_a_flat_cell_is_refused_and_does_not_stop_the_checks() -> None:
    flat = Crystal(np.array([[4.0, 0, 0], [0, 4.0, 0], [4.0, 4.0, 1e-4]]), ("Na", "Cl"), FRAC[:2])
    checks = checks_of(flat)
    assert checks["volume"].passed is False
    assert len(checks) == 8


def test_that_a_crushed_and_a_blown_up_crystal_fail_the_density() -> None:
    assert checks_of(perovskite(3.3))["density"].passed is False
    assert checks_of(perovskite(6.0))["density"].passed is False


def test_that_more_atoms_than_in_training_is_advice() -> None:
    frac = np.random.default_rng(0).random((21, 3))
    check = checks_of(Crystal(np.eye(3) * 9, ("Si",) * 21, frac))["size_in_training"]
    assert check.passed is False
    assert not check.required


@pytest.mark.parametrize(
    ("formula", "valid", "alloy"),
    [
        ("SrTiO3", True, False),
        ("Fe3O4", True, False),
        ("CuAu3", True, True),
        ("Si", True, True),
        ("K2F3", False, False),
    ],
)
def test_that_verdicts_on_textbook_formulas_are_known(formula: str, valid: bool, alloy: bool) -> None:
    balance = charge_balance(Composition.parse(formula))
    assert (balance.valid, balance.alloy) == (valid, alloy)


def test_that_magnetite_shows_its_mean_charge() -> None:
    charges = dict(charge_balance(Composition.parse("Fe3O4")).charges[0])
    assert charges == pytest.approx({"Fe": 8 / 3, "O": -2})


def test_that_a_named_formula_is_flagged_with_a_reason_and_kept() -> None:
    crystal = Crystal(np.eye(3) * 4.2, ("K", "K", "F", "F", "F"), FRAC)
    flagged = checks_of(crystal, formula_is_named=True)
    assert flagged["smact"].passed is False
    assert "named" in flagged["smact"].detail
    assert all_required_pass(tuple(flagged.values()))
    assert not all_required_pass(tuple(checks_of(crystal).values()))


def test_that_the_verdict_is_smacts_own_on_test_formulas(data_folder: Path) -> None:
    from smact.screening import smact_validity

    with gzip.open(data_folder / "crystals" / "test.jsonl.gz", "rt", encoding="utf-8") as lines:
        formulas = sorted({json.loads(line)["formula"] for line in lines})
    for formula in random.Random(0).sample(formulas, 150):
        with warnings.catch_warnings(record=True) as given_up:
            warnings.simplefilter("always")
            expected = smact_validity(formula, include_alloys=True, mixed_valence=True)
        if not given_up:  # beyond a million combinations the library refuses without looking
            assert charge_balance(Composition.parse(formula)).valid == expected, formula


def test_that_ten_candidates_are_screened_within_a_second() -> None:
    checker = create_checker()
    checker.check(perovskite())  # imports
    formulas = [("Sr", "Ti"), ("Ba", "Zr"), ("Ca", "Sn"), ("La", "Fe"), ("K", "Nb")]
    crystals = [Crystal(np.eye(3) * edge, (*pair, "O", "O", "O"), FRAC) for pair in formulas for edge in (3.9, 4.0)]
    start = time.perf_counter()
    for crystal in crystals:
        checker.check(crystal)
    assert time.perf_counter() - start < 1.0


def test_that_noise_of_twenty_elements_is_judged_in_a_moment() -> None:
    generator = np.random.default_rng(0)
    symbols = tuple(
        ["H", "Li", "B", "C", "N", "O", "F", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "K", "Ca", "Ti", "V", "Cr", "Mn"]
    )
    checker = create_checker()
    checker.check(perovskite())  # imports
    for scale in (0.05, 1.0, 8.0):
        lattice = generator.normal(size=(3, 3)) * scale
        noise = Crystal(lattice, symbols, generator.normal(size=(20, 3)) * 3)
        start = time.process_time()
        assert len(checker.check(noise)) == 8
        create_symmetrizer().space_group(noise)
        create_symmetrizer().unit_distance_angstrom(noise)
        assert time.process_time() - start < 1.0


def test_that_naming_the_engines_imports_no_chemistry_library() -> None:
    script = (
        "import sys, crystal_studio.engines.chem;"
        "print([name for name in ('pymatgen', 'spglib', 'smact', 'robocrys', 'torch') if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert finished.stdout.strip() == "[]"
