"""Symmetry and the distances between structural units, against numbers worked out by hand."""

from __future__ import annotations

import time

import numpy as np
import pytest

from crystal_studio.domain.crystal import Crystal
from crystal_studio.engines.chem import create_comparer, create_symmetrizer
from crystal_studio.engines.chem.components import find_components
from crystal_studio.engines.chem.geometry import pairs_within, shortest_distance_angstrom

FACE_CENTRED = np.array([[0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0]])
RUTILE_U = 0.3053
SULPHUR_Z = 0.621


def hexagonal(a: float, c: float) -> np.ndarray:
    return np.array([[a, 0, 0], [-a / 2, a * np.sqrt(3) / 2, 0], [0, 0, c]])


def rock_salt() -> Crystal:
    frac = np.vstack([FACE_CENTRED, FACE_CENTRED + 0.5])
    return Crystal(np.eye(3) * 5.64, ("Na",) * 4 + ("Cl",) * 4, frac)


def perovskite(cation: str = "Sr", edge: float = 3.905) -> Crystal:
    frac = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]
    return Crystal(np.eye(3) * edge, (cation, "Ti", "O", "O", "O"), np.array(frac))


def rutile() -> Crystal:
    u = RUTILE_U
    frac = [[0, 0, 0], [0.5, 0.5, 0.5], [u, u, 0], [-u, -u, 0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]]
    return Crystal(np.diag([4.594, 4.594, 2.959]), ("Ti", "Ti", "O", "O", "O", "O"), np.array(frac))


def molybdenite(c: float = 12.294) -> Crystal:
    a, b, z = 1 / 3, 2 / 3, SULPHUR_Z
    frac = [[a, b, 0.25], [b, a, 0.75], [a, b, z], [b, a, z - 0.5], [b, a, 1 - z], [a, b, 1.5 - z]]
    return Crystal(hexagonal(3.16, c), ("Mo", "Mo", "S", "S", "S", "S"), np.array(frac))


def solid_nitrogen() -> Crystal:
    """N2 molecules, bond 1.1 Å along c, on a simple cubic lattice of 4 Å."""
    return Crystal(np.eye(3) * 4.0, ("N", "N"), np.array([[0, 0, 0.9], [0, 0, 0.9 + 1.1 / 4.0]]))


def diamond() -> Crystal:
    return Crystal(np.eye(3) * 5.431, ("Si",) * 8, np.vstack([FACE_CENTRED, FACE_CENTRED + 0.25]))


@pytest.mark.parametrize(
    ("crystal", "number"),
    [(rock_salt(), 225), (perovskite(), 221), (rutile(), 136), (molybdenite(), 194), (diamond(), 227)],
    ids=["rock salt", "perovskite", "rutile", "molybdenite", "diamond"],
)
def test_that_textbook_crystals_have_their_space_groups_at_every_tolerance(crystal: Crystal, number: int) -> None:
    symmetrizer = create_symmetrizer()
    assert [symmetrizer.space_group(crystal, symprec).number for symprec in (0.001, 0.01, 0.1)] == [number] * 3


def test_that_atoms_on_top_of_each_other_have_no_symmetry_but_P1() -> None:
    crystal = Crystal(np.eye(3) * 4, ("Na", "Na"), np.zeros((2, 3)))
    assert create_symmetrizer().space_group(crystal).number == 1


@pytest.mark.parametrize(
    ("crystal", "expected"),
    [
        (perovskite(), 3.905),  # Ti to Ti along an edge; Sr fills the cavity
        (perovskite("Mg", 3.8), 3.8 * (3 / 4) ** 0.5),  # Mg is no cavity filler: Mg to Ti, half the body diagonal
        (rock_salt(), 5.64 / 2**0.5),  # Na to Na
        (rutile(), 2.959),  # Ti to Ti along c, shorter than half the body diagonal, 3.569
        (molybdenite(), 12.294 / 2),  # two layers a cell
        (solid_nitrogen(), 4.0),  # molecule to molecule
    ],
    ids=["SrTiO3", "cubic MgTiO3", "rock salt", "rutile", "molybdenite", "nitrogen"],
)
def test_that_unit_distances_are_those_worked_out_by_hand(crystal: Crystal, expected: float) -> None:
    assert create_symmetrizer().unit_distance_angstrom(crystal) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("crystal", [perovskite(), rock_salt(), rutile(), molybdenite()])
@pytest.mark.parametrize("strain", [-0.02, 0.005, 0.02, 0.04])
def test_that_an_even_strain_strains_the_unit_distance_alike(crystal: Crystal, strain: float) -> None:
    symmetrizer = create_symmetrizer()
    strained = Crystal(crystal.lattice * (1 + strain), crystal.species, crystal.frac_coords)
    ratio = symmetrizer.unit_distance_angstrom(strained) / symmetrizer.unit_distance_angstrom(crystal)
    assert ratio == pytest.approx(1 + strain, rel=1e-9)


def test_that_pulling_layers_apart_is_what_is_measured() -> None:
    assert create_symmetrizer().unit_distance_angstrom(molybdenite(14.0)) == pytest.approx(7.0)


def test_that_the_choice_of_cell_does_not_change_the_unit_distance() -> None:
    symmetrizer = create_symmetrizer()
    for crystal in (rutile(), molybdenite(), rock_salt()):
        doubled = Crystal(
            np.diag([1, 1, 2]) @ crystal.lattice,
            crystal.species * 2,
            np.vstack([crystal.frac_coords, crystal.frac_coords + np.array([0, 0, 1])]) / [1, 1, 2],
        )
        moved = Crystal(doubled.lattice, doubled.species, doubled.frac_coords + np.array([0.37, -0.81, 0.13]))
        expected = symmetrizer.unit_distance_angstrom(crystal)
        assert symmetrizer.unit_distance_angstrom(moved) == pytest.approx(expected, abs=1e-6)


def test_that_alloys_have_no_units() -> None:
    ordered = Crystal(np.eye(3) * 3.75, ("Cu", "Cu", "Cu", "Au"), FACE_CENTRED[[1, 2, 3, 0]])
    assert create_symmetrizer().unit_distance_angstrom(ordered) is None


def test_that_twenty_atoms_take_less_than_a_third_of_a_second() -> None:
    crystal = perovskite()
    corners = np.array([[x, y, 0] for x in (0, 0.5) for y in (0, 0.5)])
    frac = np.vstack([crystal.frac_coords / [2, 2, 1] + corner for corner in corners])
    twenty = Crystal(np.diag([2, 2, 1]) @ crystal.lattice, crystal.species * 4, frac)
    symmetrizer = create_symmetrizer()
    start = time.process_time()
    symmetrizer.unit_distance_angstrom(twenty)
    assert time.process_time() - start < 0.3


def test_that_pairs_are_those_of_a_search_over_all_images() -> None:
    generator = np.random.default_rng(3)
    crystal = Crystal(
        np.array([[4.0, 0.3, 0], [1.9, 4.2, 0.2], [-1.0, 1.1, 5.0]]), ("Na",) * 4, generator.normal(size=(4, 3)) * 2
    )
    cutoff, wide = 6.0, np.stack(np.meshgrid(*[np.arange(-18, 19)] * 3, indexing="ij"), -1).reshape(-1, 3)
    pairs = pairs_within(crystal, cutoff)
    steps = crystal.frac_coords[pairs.second] + pairs.image - crystal.frac_coords[pairs.first]
    assert np.linalg.norm(steps @ crystal.lattice, axis=1) == pytest.approx(pairs.distance_angstrom)
    every = (
        crystal.frac_coords[None, :, None] + wide[None, None] - crystal.frac_coords[:, None, None]
    ) @ crystal.lattice
    distances = np.linalg.norm(every, axis=-1)
    assert len(pairs.first) == int(((distances < cutoff) & (distances > 1e-8)).sum())
    assert shortest_distance_angstrom(crystal) == pytest.approx(distances[distances > 1e-8].min())


def test_that_a_skewed_cell_has_the_distances_of_the_straight_one() -> None:
    straight = perovskite()
    skew = np.array([[1, 0, 0], [37, 1, 0], [-12, 25, 1]])
    skewed = Crystal(skew @ straight.lattice, straight.species, straight.frac_coords @ np.linalg.inv(skew))
    wanted = np.sort(pairs_within(straight, 5.0).distance_angstrom)
    assert np.sort(pairs_within(skewed, 5.0).distance_angstrom) == pytest.approx(wanted)
    assert create_symmetrizer().unit_distance_angstrom(skewed) == pytest.approx(3.905)


def test_that_a_lone_atom_is_as_far_from_itself_as_its_shortest_lattice_vector() -> None:
    lone = Crystal(np.diag([2.5, 3.0, 9.0]), ("Fe",), np.zeros((1, 3)))
    assert shortest_distance_angstrom(lone) == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("crystal", "cutoff", "expected"),
    [(solid_nitrogen(), 1.5, [0]), (molybdenite(), 2.6, [2, 2]), (rock_salt(), 3.0, [3])],
    ids=["molecules", "layers", "framework"],
)
def test_that_dimensionality_counts_the_ways_a_component_repeats(
    crystal: Crystal, cutoff: float, expected: list[int]
) -> None:
    components = find_components(crystal, pairs_within(crystal, cutoff))
    assert [component.dimensionality for component in components] == expected


def test_that_a_match_is_measured_as_the_field_measures_it() -> None:
    from pymatgen.core import Structure
    from pymatgen.core.structure_matcher import StructureMatcher

    first = perovskite()
    frac = np.array(first.frac_coords)
    frac[1] += [0.02, 0.01, 0]
    second = Crystal(first.lattice * 1.03, first.species, frac)
    structures = [Structure(crystal.lattice, crystal.species, crystal.frac_coords) for crystal in (first, second)]
    expected = StructureMatcher(stol=0.5, angle_tol=10, ltol=0.3).get_rms_dist(*structures)[0]
    assert create_comparer().rms_distance(first, second) == pytest.approx(expected)
