"""Who is bonded with whom, as a crystallographer would draw it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import scene_crystals as known

from crystal_studio.domain.crystal import Crystal
from crystal_studio.scene.bonding import Bonding, find_bonds
from crystal_studio.scene.build import build
from crystal_studio.scene.chemistry import Elements
from crystal_studio.scene.molecules import in_molecule
from crystal_studio.scene.neighbours import pairs_within
from crystal_studio.scene.options import BondRule, SceneOptions


def bonds_of(crystal: Crystal, **options: object) -> Bonding:
    frac = crystal.frac_coords - np.floor(crystal.frac_coords)
    return find_bonds(Elements.of(crystal.species), frac, crystal.lattice, SceneOptions(**options))  # type: ignore[arg-type]


def coordination(crystal: Crystal, **options: object) -> dict[str, dict[str, int]]:
    """Neighbours of each element's atoms, which must all have the same."""
    pairs = bonds_of(crystal, **options).pairs
    shells: dict[str, list[dict[str, int]]] = {}
    for site, symbol in enumerate(crystal.species):
        shell = Counter(crystal.species[other] for other in pairs.second_P[pairs.first_P == site])
        shells.setdefault(symbol, []).append(dict(shell))
    assert all(shell == group[0] for group in shells.values() for shell in group)
    return {symbol: group[0] for symbol, group in shells.items()}


@pytest.mark.parametrize(
    ("crystal", "expected"),
    [
        (known.ROCK_SALT, {"Na": {"Cl": 6}, "Cl": {"Na": 6}}),
        (known.ROCK_SALT_PRIMITIVE, {"Na": {"Cl": 6}, "Cl": {"Na": 6}}),
        (known.CAESIUM_CHLORIDE, {"Cs": {"Cl": 8}, "Cl": {"Cs": 8}}),
        (known.DIAMOND, {"C": {"C": 4}}),
        (known.FLUORITE, {"Ca": {"F": 8}, "F": {"Ca": 4}}),
        (known.RUTILE, {"Ti": {"O": 6}, "O": {"Ti": 3}}),
        (known.MAGNESIUM, {"Mg": {"Mg": 12}}),
        (known.GRAPHITE, {"C": {"C": 3}}),
        (known.QUARTZ, {"Si": {"O": 4}, "O": {"Si": 2}}),
        (known.WURTZITE, {"Zn": {"O": 4}, "O": {"Zn": 4}}),
        (known.MOLYBDENITE, {"Mo": {"S": 6}, "S": {"Mo": 3}}),
        (known.DRY_ICE, {"C": {"O": 2}, "O": {"C": 1}}),
        (known.CALCITE, {"Ca": {"O": 6}, "C": {"O": 3}, "O": {"C": 1, "Ca": 2}}),
        (known.COPPER, {"Cu": {"Cu": 12}}),
        (known.ALUMINIUM, {"Al": {"Al": 12}}),
        (known.LEAD, {"Pb": {"Pb": 12}}),
        (known.IRON, {"Fe": {"Fe": 8}}),
        (known.GALLIUM_ARSENIDE, {"Ga": {"As": 4}, "As": {"Ga": 4}}),
        (known.HEUSLER, {"Ni": {"Mn": 4, "Ga": 4}, "Mn": {"Ni": 8}, "Ga": {"Ni": 8}}),
        (known.MAX_PHASE, {"Ti": {"C": 3, "Al": 3}, "Al": {"Ti": 6, "Al": 6}, "C": {"Ti": 6}}),
        (known.THALLIUM_CHLORIDE, {"Tl": {"Cl": 8}, "Cl": {"Tl": 8}}),
        (known.TENORITE, {"Cu": {"O": 4}, "O": {"Cu": 4}}),
    ],
)
def test_that_coordination_numbers_are_the_textbook_ones(crystal: Crystal, expected: dict[str, dict[str, int]]) -> None:
    assert coordination(crystal) == expected


def test_that_cations_of_one_perovskite_are_not_bonded_and_the_large_one_only_weakly() -> None:
    bonding = bonds_of(known.PEROVSKITE)
    pairs = {
        (known.PEROVSKITE.species[i], known.PEROVSKITE.species[j], bool(weak))
        for i, j, weak in zip(bonding.pairs.first_P, bonding.pairs.second_P, bonding.weak_B, strict=True)
    }
    assert pairs == {("Ti", "O", False), ("O", "Ti", False), ("Sr", "O", True), ("O", "Sr", True)}


def test_that_strontium_has_no_bonds_drawn_unless_asked_for() -> None:
    scene = build(known.PEROVSKITE)
    assert len(scene.sticks.starts_S3) == 12
    assert scene.notices == ("The weak bonds of Sr are not drawn.",)
    everything = build(known.PEROVSKITE, SceneOptions(weak_bonds=True))
    assert len(everything.sticks.starts_S3) == 12 + 2 * 24  # each of 8 corners has 3 of its 12 O in the cell
    assert everything.notices == ()


def test_that_metal_atoms_in_a_boron_network_are_left_unbonded() -> None:
    bonding = bonds_of(known.MAGNESIUM_DIBORIDE)
    strong = bonding.where(~bonding.weak_B)
    assert {known.MAGNESIUM_DIBORIDE.species[site] for site in strong.pairs.first_P} == {"B"}
    assert np.bincount(strong.pairs.first_P, minlength=3).tolist() == [0, 3, 3]


def test_that_a_metal_atom_with_eighteen_neighbours_does_not_hide_the_others() -> None:
    bonding = bonds_of(known.LANTHANUM_PLATINUM)
    everyone, strong = bonding.pairs, bonding.where(~bonding.weak_B).pairs
    assert np.count_nonzero(everyone.first_P == 0) == 18
    assert 0 not in strong.first_P
    assert set(strong.first_P) == {1, 2, 3, 4, 5}
    assert build(known.LANTHANUM_PLATINUM).notices == ("The weak bonds of La are not drawn.",)


def test_that_an_anion_between_layers_is_bonded_with_its_nearest_cations() -> None:
    found = coordination(known.SILLEN_LAYERS)
    assert found["Bi"] == {"O": 4, "Br": 4}
    assert found["Br"] == {"Bi": 4}


@pytest.mark.parametrize(
    ("crystal", "gap"), [(known.MOLYBDENITE, 0.0), (known.BISMUTH_TELLURIDE, 0.5), (known.GRAPHITE, 0.5)]
)
def test_that_no_bond_crosses_a_van_der_waals_gap(crystal: Crystal, gap: float) -> None:
    bonding = bonds_of(crystal)
    pairs, height = bonding.pairs, crystal.frac_coords[:, 2] % 1 - gap
    start, end = height[pairs.first_P], height[pairs.second_P] + pairs.shift_P3[:, 2]
    assert len(pairs) > 0
    assert (np.floor(start) == np.floor(end)).all()


def test_that_every_bond_is_found_from_both_ends() -> None:
    for crystal in known.TEXTBOOK.values():
        pairs = bonds_of(crystal).pairs
        forth = set(zip(pairs.first_P, pairs.second_P, *pairs.shift_P3.T, strict=True))
        assert {(j, i, -x, -y, -z) for i, j, x, y, z in forth} == forth


def test_that_half_bonds_meet_in_the_middle_in_the_colours_of_their_atoms() -> None:
    sticks = build(known.QUARTZ).sticks
    ends, count = np.unique(np.round(sticks.ends_S3, 3), axis=0, return_counts=True)
    assert len(ends) == 24
    assert (count == 2).all()
    lengths = np.linalg.norm(sticks.ends_S3 - sticks.starts_S3, axis=1)
    assert lengths == pytest.approx(1.61 / 2, abs=0.01)
    assert Counter(map(tuple, sticks.colours_S3.tolist())) == {(240, 200, 160): 24, (255, 13, 13): 24}


def test_that_silicon_in_the_quartz_drawn_has_all_four_oxygens() -> None:
    scene = build(known.QUARTZ)
    silicon = scene.spheres.centers_A3[scene.spheres.site_A < 3]
    starts = np.round(scene.sticks.starts_S3, 3).tolist()
    assert len(silicon) == 6
    assert [starts.count(np.round(atom, 3).tolist()) for atom in silicon] == [4] * 6


def test_that_a_cut_off_draws_the_pairs_within_it_and_zero_draws_none() -> None:
    further = SceneOptions(cutoffs_angstrom={("O", "Sr"): 2.8})
    assert coordination(known.PEROVSKITE, cutoffs_angstrom={("O", "Sr"): 2.8})["Sr"] == {"O": 12}
    assert build(known.PEROVSKITE, further).notices == ()
    assert "Ti" not in coordination(known.PEROVSKITE, cutoffs_angstrom={("O", "Ti"): 0.0})["O"]
    assert "Ti" not in coordination(known.PEROVSKITE, cutoffs_angstrom={("O", "Ti"): 0.0})["Ti"]
    assert coordination(known.PEROVSKITE, cutoffs_angstrom={("O", "O"): 2.8})["O"]["O"] == 8
    assert coordination(known.PEROVSKITE, cutoffs_angstrom={("Sr", "Ti"): 3.4})["Ti"] == {"O": 6, "Sr": 8}


def test_that_the_rule_by_radii_draws_what_is_within_its_factor() -> None:
    assert coordination(known.IRON, rule=BondRule.RADII, bond_factor=1.15)["Fe"] == {"Fe": 14}
    assert coordination(known.IRON, rule=BondRule.RADII, bond_factor=1.0)["Fe"] == {"Fe": 8}
    assert coordination(known.ROCK_SALT, rule=BondRule.RADII, bond_factor=1.0)["Na"] == {}
    assert coordination(known.ROCK_SALT, rule=BondRule.RADII, bond_factor=1.1)["Na"] == {"Cl": 6}
    assert "Ti" not in coordination(known.PEROVSKITE, rule=BondRule.RADII)["Sr"]


def test_that_molecules_are_told_from_networks() -> None:
    ice, quartz = bonds_of(known.DRY_ICE), bonds_of(known.QUARTZ)
    assert in_molecule(ice.pairs, len(known.DRY_ICE)).all()
    assert not in_molecule(quartz.pairs, len(known.QUARTZ)).any()
    calcite = bonds_of(known.CALCITE)
    carbonate = calcite.where(calcite.covalent_B)
    assert in_molecule(carbonate.pairs, len(known.CALCITE)).all()
    assert not in_molecule(calcite.pairs, len(known.CALCITE)).any()


@pytest.mark.parametrize("seed", range(5))
def test_that_the_cell_list_finds_the_same_pairs_as_trying_all(seed: int) -> None:
    generator = np.random.default_rng(seed)
    frac, lattice, cutoff = generator.random((6, 3)), np.eye(3) * 4 + generator.normal(size=(3, 3)), 4.5
    cells = np.stack(np.meshgrid(*[np.arange(-9, 10)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    apart = (frac[None, :, None] + cells[None, None] - frac[:, None, None]) @ lattice
    lengths = np.linalg.norm(apart, axis=-1)
    expected = np.sort(lengths[(lengths <= cutoff) & (lengths > 1e-9)])
    assert np.sort(pairs_within(frac, lattice, cutoff).length_P) == pytest.approx(expected)
