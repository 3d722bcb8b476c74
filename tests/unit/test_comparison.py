"""Two crystals side by side: answers that are known on paper."""

from __future__ import annotations

import gzip
import json
import os
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "contract"))
from contract_crystals import FACE_CENTRED, perovskite, rock_salt

from crystal_studio.domain.comparison import CellBasis, Comparison, Side
from crystal_studio.domain.crystal import Array, Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem import placement, site_match
from crystal_studio.engines.chem.comparison import SiteComparer
from crystal_studio.engines.chem.inspector import SpglibInspector
from crystal_studio.engines.chem.primitive import repeated
from crystal_studio.engines.chem.site_match import Unmatched, match_sites
from crystal_studio.engines.chem.surroundings import surroundings
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer

NUM_KNOWN = int(os.environ.get("CRYSTAL_STUDIO_NUM_COMPARED", "15"))  # 1,180 for the whole file


def compared(first: Crystal, second: Crystal) -> Comparison:
    group = SpglibSymmetrizer().space_group
    return SiteComparer().compare(Side(first, group(first)), Side(second, group(second)))


def rms_angstrom(first: Crystal, second: Crystal) -> float:
    return float(np.sqrt((match_sites(first, second).moves_angstrom ** 2).sum(axis=1).mean()))


def rutile() -> Crystal:
    """TiO2 with a = 4.6 Å, c = 2.95 Å and x = 0.305."""
    x = 0.305
    oxygen = [[x, x, 0], [-x, -x, 0], [0.5 - x, 0.5 + x, 0.5], [0.5 + x, 0.5 - x, 0.5]]
    frac_coords = np.array([[0, 0, 0], [0.5, 0.5, 0.5], *oxygen])
    return Crystal(np.diag([4.6, 4.6, 2.95]), ("Ti", "Ti", "O", "O", "O", "O"), frac_coords)


def cell_of(crystal: Crystal, counts: list[list[int]]) -> Crystal:
    return repeated(crystal, np.array(counts) @ crystal.lattice)


def disguised(crystal: Crystal, seed: int) -> Crystal:
    """The same crystal in another cell, turned, shifted as a whole, its atoms in another order."""
    rng = np.random.default_rng(seed)
    counts = np.eye(3, dtype=int)
    for _ in range(3):
        row, other = rng.permutation(3)[:2]
        counts[row] += int(rng.integers(-1, 2)) * counts[other]
    rotation = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    frac_coords = crystal.frac_coords @ np.linalg.inv(counts) + rng.random(3)
    order = rng.permutation(len(crystal))
    return Crystal(
        counts @ crystal.lattice @ (rotation * np.sign(np.linalg.det(rotation))),
        tuple(crystal.species[atom] for atom in order),
        frac_coords[order] % 1.0,
    )


def random_crystal(seed: int) -> Crystal:
    """A triclinic cell with 1 to 12 atoms that keep apart."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(1, 13))
    lattice = np.diag(rng.uniform(3.5, 8.0, 3)) + rng.uniform(-1.5, 1.5, (3, 3))
    species = tuple(rng.choice(["Sr", "Ti", "O"], count).tolist())
    best = max((rng.random((count, 3)) for _ in range(200)), key=lambda frac: _shortest(frac, lattice))
    return Crystal(lattice, species, best)


def _shortest(frac_coords: Array, lattice: Array) -> float:
    ways = frac_coords[:, None] - frac_coords[None]
    distances = np.linalg.norm((ways - np.rint(ways)) @ lattice, axis=-1)
    return float((distances + 99 * np.eye(len(frac_coords))).min())


def test_that_a_crystal_does_not_differ_from_itself() -> None:
    found = compared(perovskite(), perovskite())
    assert found.verdict == "the same structure"
    assert found.is_same_framework
    assert found.rms_displacement_angstrom == 0
    assert [(move.site, move.matched) for move in found.moves] == [(site, site) for site in range(5)]
    assert found.lattice.lengths_percent == pytest.approx((0, 0, 0))
    assert found.surroundings_first == found.surroundings_second
    assert found.unmatched_reason == ""


def test_that_calcium_for_strontium_in_a_cell_2_percent_longer_is_told() -> None:
    found = compared(perovskite(), perovskite(3.91 * 1.02).with_species(("Ca", "Ti", "O", "O", "O")))
    assert (found.is_same_structure, found.is_same_framework) == (False, True)
    assert found.lattice.basis is CellBasis.MATCHED
    assert found.lattice.lengths_percent == pytest.approx((2, 2, 2))
    assert found.lattice.angles_degree == pytest.approx((0, 0, 0))
    assert found.lattice.volume_per_atom_percent == pytest.approx(100 * (1.02**3 - 1))
    assert [(move.before, move.after) for move in found.moves] == [("Sr", "Ca"), ("Ti", "Ti")] + [("O", "O")] * 3
    assert found.rms_displacement_angstrom == pytest.approx(0, abs=1e-9)
    before, after = found.surroundings_first, found.surroundings_second
    assert [(one.element, one.coordination) for one in before] == [("Sr", 12), ("Ti", 6), ("O", 6)]
    assert [(one.element, one.coordination) for one in after] == [("Ca", 12), ("Ti", 6), ("O", 6)]
    assert before[1].bonds_angstrom["O"] == pytest.approx(3.91 / 2)
    assert after[1].bonds_angstrom["O"] == pytest.approx(1.02 * 3.91 / 2)


def test_that_one_oxygen_of_rutile_moved_by_a_tenth_of_an_angstrom_is_the_one_that_moved() -> None:
    first = rutile()
    frac_coords = first.frac_coords.copy()
    frac_coords[3, 2] += 0.1 / 2.95
    found = compared(first, Crystal(first.lattice, first.species, frac_coords))
    assert found.is_same_structure
    # the drift of 0.1 Å / 6 is taken off every atom
    assert [move.vector_angstrom[2] for move in found.moves] == pytest.approx([-1 / 60] * 3 + [5 / 60] + [-1 / 60] * 2)
    assert found.rms_displacement_angstrom == pytest.approx(0.1 * np.sqrt(5) / 6)
    assert max(found.moves, key=lambda move: move.distance_angstrom).site == 3


def test_that_primitive_and_conventional_rock_salt_are_the_same() -> None:
    conventional = SpglibSymmetrizer().conventional(rock_salt())
    for first, second in ((rock_salt(), conventional), (conventional, rock_salt())):
        found = compared(first, second)
        assert found.is_same_structure
        assert len(found.moves) == len(first)
        assert found.rms_displacement_angstrom == pytest.approx(0, abs=1e-9)
        assert found.lattice.first.lengths_angstrom == pytest.approx((5.64, 5.64, 5.64))
        assert found.lattice.second.lengths_angstrom == pytest.approx((5.64, 5.64, 5.64))


def test_that_supercells_of_one_crystal_are_the_same() -> None:
    tall, wide = (
        cell_of(perovskite(), [[1, 0, 0], [0, 1, 0], [0, 0, 3]]),
        cell_of(perovskite(), [[2, 1, 0], [0, 1, 0], [0, 0, 1]]),
    )
    for first, second in ((tall, wide), (wide, tall), (perovskite(), tall), (tall, perovskite())):
        match = match_sites(first, second)
        assert match.keeps_elements
        assert np.allclose(match.lattice, first.lattice)
        assert np.abs(match.moves_angstrom).max() < 1e-9


def test_that_a_distortion_that_doubles_the_cell_is_seen_in_the_doubled_cell() -> None:
    doubled = cell_of(perovskite(), [[1, 0, 0], [0, 1, 0], [0, 0, 2]])
    frac_coords = doubled.frac_coords.copy()
    titanium = [atom for atom, symbol in enumerate(doubled.species) if symbol == "Ti"]
    frac_coords[titanium[0], 0] += 0.05
    frac_coords[titanium[1], 0] -= 0.05
    distorted = Crystal(doubled.lattice, doubled.species, frac_coords)
    found = compared(perovskite(), distorted)
    assert found.is_same_structure
    assert len(found.moves) == 10
    moved = [move for move in found.moves if move.before == "Ti"]
    assert sorted(move.vector_angstrom[0] for move in moved) == pytest.approx([-0.05 * 3.91, 0.05 * 3.91])
    assert {move.site for move in moved} == {1}
    assert {move.matched for move in moved} == set(titanium)
    assert found.first_in_frame is not None
    assert found.first_in_frame.volume_angstrom3 == pytest.approx(2 * perovskite().volume_angstrom3)


def test_that_an_orthorhombic_distortion_lengthens_the_axis_that_it_lengthens() -> None:
    found = compared(perovskite(), Crystal(np.diag([3.91, 3.91 * 1.01, 3.91 * 1.03]), *_rest(perovskite())))
    assert found.is_same_structure
    assert found.lattice.lengths_percent == pytest.approx((0, 1, 3))
    assert found.lattice.angles_degree == pytest.approx((0, 0, 0))
    sheared = perovskite().lattice.copy()
    sheared[2] = [3.91 * np.sin(np.radians(2)), 0, 3.91 * np.cos(np.radians(2))]
    assert compared(perovskite(), Crystal(sheared, *_rest(perovskite()))).lattice.angles_degree == pytest.approx(
        (0, -2, 0), abs=1e-6
    )


def _rest(crystal: Crystal) -> tuple[tuple[str, ...], Array]:
    return crystal.species, crystal.frac_coords


def test_that_a_polar_shift_keeps_its_direction_from_a_cubic_crystal() -> None:
    shift = np.array([[0, 0, 0], [0.02, 0, 0], [-0.03, 0, 0], [-0.02, 0, 0], [-0.02, 0, 0]])
    polar = Crystal(np.diag([4.1, 3.9, 3.9]), perovskite().species, perovskite().frac_coords + shift)
    found = compared(perovskite(), polar)
    assert found.is_same_structure
    assert found.lattice.lengths_percent[0] == pytest.approx(100 * (4.1 / 3.91 - 1))
    expected = (shift - shift.mean(axis=0))[:, 0] * 3.91
    assert [move.vector_angstrom[0] for move in found.moves] == pytest.approx(expected.tolist())
    assert all(move.vector_angstrom[1:] == pytest.approx((0, 0), abs=1e-9) for move in found.moves)


@pytest.mark.parametrize("seed", range(40))
def test_that_a_crystal_in_another_cell_orientation_origin_and_order_is_the_same(seed: int) -> None:
    crystal = random_crystal(seed)
    second = disguised(crystal, seed)
    match = match_sites(crystal, second)
    assert match.keeps_elements
    assert rms_angstrom(crystal, second) < 1e-6
    assert sorted(match.matched.tolist()) == list(range(len(crystal)))
    assert [crystal.species[site] for site in match.sites] == [second.species[site] for site in match.matched]


@pytest.mark.parametrize("seed", range(10))
def test_that_known_displacements_are_found_in_a_crystal_in_disguise(seed: int) -> None:
    crystal = random_crystal(seed + 100)
    moves = np.random.default_rng(seed).uniform(-0.03, 0.03, (len(crystal), 3))
    moved = Crystal(crystal.lattice, crystal.species, crystal.frac_coords + moves @ np.linalg.inv(crystal.lattice))
    match = match_sites(crystal, disguised(moved, seed))
    assert match.moves_angstrom == pytest.approx(moves - moves.mean(axis=0), abs=1e-6)


def test_that_an_overlay_starts_and_ends_where_the_moves_do() -> None:
    first = rutile()
    frac_coords = first.frac_coords + np.random.default_rng(3).uniform(-0.02, 0.02, (6, 3))
    found = compared(first, disguised(Crystal(first.lattice * 1.03, first.species, frac_coords), 5))
    assert found.first_in_frame is not None
    assert found.second_in_frame is not None
    assert np.allclose(found.first_in_frame.lattice, found.second_in_frame.lattice)
    ways = found.second_in_frame.cart_coords - found.first_in_frame.cart_coords
    assert np.allclose(ways, [move.vector_angstrom for move in found.moves])
    assert np.allclose(found.first_in_frame.cart_coords, first.cart_coords)
    assert found.second_in_frame.species == tuple(move.after for move in found.moves)


def test_that_one_atom_matches_one_atom() -> None:
    iron = Crystal(np.eye(3) * 2.9, ("Fe",), np.zeros((1, 3)))
    found = compared(iron, Crystal(np.eye(3) * 3.0, ("Fe",), np.full((1, 3), 0.3)))
    assert found.is_same_structure
    assert found.rms_displacement_angstrom == 0
    other = compared(iron, Crystal(np.eye(3) * 3.3, ("W",), np.zeros((1, 3))))
    assert (other.is_same_structure, other.is_same_framework) == (False, True)


def test_that_half_the_strontium_replaced_is_a_match_of_the_doubled_cell() -> None:
    doubled = cell_of(perovskite(), [[1, 0, 0], [0, 1, 0], [0, 0, 2]])
    mixed = doubled.with_species(("Ca", *doubled.species[1:]))
    found = compared(doubled, mixed)
    assert not found.is_same_structure
    assert [(move.before, move.after) for move in found.moves if move.before != move.after] == [("Sr", "Ca")]
    assert len(compared(perovskite(), mixed).moves) == 10


def test_that_a_cation_is_matched_with_a_cation_where_both_elements_change() -> None:
    found = compared(rock_salt(), rock_salt("Mg", "O", 4.2))
    assert [(move.before, move.after) for move in found.moves] == [("Na", "Mg"), ("Cl", "O")]
    assert found.verdict == "the same framework with other elements"


def test_that_elements_that_change_places_leave_the_framework() -> None:
    found = compared(perovskite(), perovskite().with_species(("Ti", "Sr", "O", "O", "O")))
    assert (found.is_same_structure, found.is_same_framework) == (False, True)


def test_that_polymorphs_are_told_apart_in_words() -> None:
    caesium_chloride = Crystal(np.eye(3) * 4.0, ("Na", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))
    found = compared(rock_salt(), caesium_chloride)
    assert not found.is_same_framework
    assert found.moves == ()
    assert found.rms_displacement_angstrom is None
    assert found.second_in_frame is None
    assert "polymorphs" in found.unmatched_reason
    assert found.verdict == "not matched"
    assert found.lattice.basis is CellBasis.NIGGLI


def test_that_other_compositions_are_told_with_both_numbers_of_atoms() -> None:
    found = compared(rock_salt(), perovskite())
    assert "2 and 5 atoms" in found.unmatched_reason
    assert found.lattice.volume_per_atom_percent == pytest.approx(100 * (3.91**3 / 5 / (5.64**3 / 8) - 1))


def test_that_unmatched_crystals_of_one_space_group_are_compared_by_conventional_cells() -> None:
    fluorite = Crystal(FACE_CENTRED * 5.46, ("Ca", "F", "F"), np.array([[0.0, 0, 0], [0.25] * 3, [0.75] * 3]))
    found = compared(rock_salt(), fluorite)
    assert found.lattice.basis is CellBasis.CONVENTIONAL
    assert found.lattice.lengths_percent == pytest.approx([100 * (5.46 / 5.64 - 1)] * 3)


def test_that_a_large_cell_is_matched_with_the_one_it_was_made_from() -> None:
    first = _jumbled(5)
    rng = np.random.default_rng(1)
    second = Crystal(first.lattice * 1.01, first.species, first.frac_coords + rng.uniform(-0.002, 0.002, (250, 3)))
    match = match_sites(first, second)
    assert match.keeps_elements
    assert match.matched.tolist() == list(range(250))


def test_that_a_large_cell_that_is_not_that_of_the_other_is_refused_with_a_reason() -> None:
    first = Crystal(np.diag([14.0, 15.0, 16.0]), ("Si",) * 170, np.random.default_rng(4).random((170, 3)))
    turned = Crystal(first.lattice[[1, 2, 0]], first.species, first.frac_coords[:, [1, 2, 0]] + 0.1)
    with pytest.raises(Unmatched, match="170 atoms"):
        match_sites(first, turned)


def _jumbled(size: int) -> Crystal:
    """CsCl of size³ cells, 2 Å from cubic, each atom pushed at random: 250 atoms without any symmetry for 5."""
    rng = np.random.default_rng(0)
    steps = np.stack(np.meshgrid(*[np.arange(size)] * 3), axis=-1).reshape(-1, 3)
    frac_coords = np.concatenate([steps, steps + 0.5]) / size + rng.uniform(-0.01, 0.01, (2 * size**3, 3))
    lattice = np.diag([4.1 * size, 4.3 * size, 4.5 * size])
    return Crystal(lattice, ("Cs",) * size**3 + ("Cl",) * size**3, frac_coords)


def test_that_a_search_that_takes_too_long_ends_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site_match, "LIMIT_SECONDS", 0.0)
    with pytest.raises(Unmatched, match="seconds"):
        match_sites(rutile(), disguised(rutile(), 2))


def test_that_a_cell_like_a_needle_is_not_searched_for_ever() -> None:
    needle = Crystal(np.diag([1.0, 1.0, 400.0]), ("H", "He"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.3]]))
    other = Crystal(np.diag([1.0, 400.0, 1.0]), ("H", "He"), np.array([[0.0, 0, 0], [0.5, 0.41, 0.5]]))
    with pytest.raises(Unmatched):
        match_sites(needle, other)


def test_that_a_flat_cell_is_refused() -> None:
    flat = Crystal(np.diag([4.0, 4.0, 1e-3]), ("Na", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0]]))
    found = compared(rock_salt(), flat)
    assert "volume" in found.unmatched_reason
    assert found.surroundings_second == ()
    assert found.remarks


def test_that_bonds_are_those_of_the_table_of_sites() -> None:
    crystal = rutile()
    reports = SpglibInspector().sites(crystal, 0.1)
    for around in surroundings(crystal):
        own = [report for report in reports if report.element == around.element]
        assert around.coordination == pytest.approx(np.mean([report.coordination for report in own]))
        for other, length in around.bonds_angstrom.items():
            found = [distance for report in own for symbol, distance in report.neighbours if symbol == other]
            assert length == pytest.approx(np.mean(found))


def test_that_the_same_tolerances_decide_as_in_structure_matcher() -> None:
    from pymatgen.core.structure_matcher import StructureMatcher

    from crystal_studio.engines.chem.bridge import to_structure

    stock = StructureMatcher()
    assert (stock.stol, stock.ltol, stock.angle_tol) == (placement.LARGEST_RMS, 0.2, 5)
    rng = np.random.default_rng(7)
    seen = set()
    for push in np.linspace(0.1, 2.5, 12):
        crystal = random_crystal(int(push * 1000))
        frac_coords = crystal.frac_coords + rng.normal(0, push, (len(crystal), 3)) @ np.linalg.inv(crystal.lattice)
        other = Crystal(crystal.lattice, crystal.species, frac_coords)
        expected = stock.get_rms_dist(to_structure(crystal), to_structure(other)) is not None
        seen.add(expected)
        try:
            found = match_sites(crystal, other).keeps_elements
        except Unmatched:
            found = False
        assert found == expected, push
    assert seen == {True, False}


def test_that_bonds_that_take_too_long_are_left_out_with_a_remark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crystal_studio.engines.chem.surroundings.LIMIT_SECONDS", 0.0)
    found = compared(rutile(), rutile())
    assert found.surroundings_first == ()
    assert found.is_same_structure
    assert found.remarks == ("Finding the bonds of TiO2 takes more than 0 seconds (6 atoms), so they are left out.",)


def test_that_two_doublings_of_one_cell_that_differ_a_little_are_the_same() -> None:
    def doubled(axis: int) -> Crystal:
        counts = np.eye(3, dtype=int)
        counts[axis, axis] = 2
        cell = repeated(rock_salt(), counts @ rock_salt().lattice)
        return Crystal(
            cell.lattice, cell.species, cell.frac_coords + np.array([[0.01, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
        )

    found = compared(doubled(0), doubled(2))
    assert found.is_same_structure
    assert 0 < (found.rms_displacement_angstrom or 0) < 0.1


def test_that_a_superstructure_with_large_shifts_is_a_framework_only() -> None:
    doubled = cell_of(perovskite(), [[1, 0, 0], [0, 1, 0], [0, 0, 2]])
    frac_coords = doubled.frac_coords.copy()
    titanium = [atom for atom, symbol in enumerate(doubled.species) if symbol == "Ti"]
    frac_coords[titanium, 0] += np.array([0.09, -0.09])
    found = compared(perovskite(), Crystal(doubled.lattice, doubled.species, frac_coords))
    assert (found.is_same_structure, found.is_same_framework) == (False, True)
    assert all(move.before == move.after for move in found.moves)
    assert found.verdict == "the same framework, distorted into a larger cell"


def test_that_a_cell_without_any_volume_is_refused() -> None:
    nothing = Crystal(np.diag([4.0, 4.0, 0.0]), ("Na", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0]]))
    for first, second in ((nothing, rock_salt()), (rock_salt(), nothing)):
        with pytest.raises(UserCorrectable, match="flat"):
            SiteComparer().compare(Side(first, SpaceGroup(1)), Side(second, SpaceGroup(1)))


def test_that_known_crystals_in_disguise_are_the_same_and_their_displacements_are_found(data_folder: Path) -> None:
    with gzip.open(data_folder / "crystals" / "val.jsonl.gz", "rt") as lines:
        crystals = [Crystal.from_dict(json.loads(line)) for line in islice(lines, NUM_KNOWN)]
    rng = np.random.default_rng(11)
    missed = []
    for seed, crystal in enumerate(crystals):
        moves = rng.uniform(-0.03, 0.03, (len(crystal), 3))
        cart_coords = crystal.cart_coords + moves
        moved = Crystal(crystal.lattice, crystal.species, cart_coords @ np.linalg.inv(crystal.lattice))
        drawn = float(np.sqrt(((moves - moves.mean(axis=0)) ** 2).sum(axis=1).mean()))
        try:
            found = rms_angstrom(crystal, disguised(moved, seed))
        except Unmatched as reason:
            missed.append((crystal.formula, len(crystal), str(reason)))
            continue
        if found > drawn + 1e-3:
            missed.append((crystal.formula, len(crystal), f"{found:.4f} Å, drawn {drawn:.4f} Å"))
    assert missed == []
