"""Symmetry, sites, cells and patterns against textbook values."""

from __future__ import annotations

import numpy as np
import pytest
from contract_crystals import perovskite, rock_salt
from inspector_contract import InspectorContract

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.inspection import CellChoice
from crystal_studio.engines.chem import create_inspector
from crystal_studio.engines.chem.inspector import MOST_ATOMS_BONDED, MOST_ATOMS_SEARCHED, SpglibInspector
from crystal_studio.engines.fake import FakeInspector

CU_K_ALPHA = 1.54184


class TestSpglibInspector(InspectorContract):
    @pytest.fixture
    def subject(self):
        return create_inspector()


class TestFakeInspector(InspectorContract):
    @pytest.fixture
    def subject(self):
        return FakeInspector()


@pytest.fixture(scope="module")
def inspector() -> SpglibInspector:
    return SpglibInspector()


def rutile() -> Crystal:
    u = 0.3053
    frac = [[0, 0, 0], [0.5, 0.5, 0.5], [u, u, 0], [-u, -u, 0], [0.5 + u, 0.5 - u, 0.5], [0.5 - u, 0.5 + u, 0.5]]
    return Crystal(np.diag([4.594, 4.594, 2.959]), ("Ti", "Ti", "O", "O", "O", "O"), np.array(frac))


def doubled(crystal: Crystal, axis: int) -> Crystal:
    """A supercell of two cells along an axis."""
    stretch, half = np.eye(3), np.zeros(3)
    stretch[axis, axis], half[axis] = 2.0, 0.5
    frac = crystal.frac_coords @ np.linalg.inv(stretch)
    return Crystal(stretch @ crystal.lattice, crystal.species * 2, np.vstack([frac, frac + half]))


@pytest.mark.parametrize("crystal", [rock_salt(), doubled(rock_salt(), 0)], ids=["primitive", "supercell"])
def test_that_rock_salt_has_its_two_orbits_of_four(inspector: SpglibInspector, crystal: Crystal) -> None:
    report = inspector.symmetry(crystal, 0.01)
    assert (report.space_group.symbol, report.point_group, report.hall) == ("Fm-3m", "m-3m", "-F 4 2 3")
    found = {(one.element, one.wyckoff, one.multiplicity, one.site_symmetry) for one in report.orbits}
    assert found in ({("Na", "a", 4, "m-3m"), ("Cl", "b", 4, "m-3m")}, {("Na", "b", 4, "m-3m"), ("Cl", "a", 4, "m-3m")})
    assert len(report.orbits) == 2


def test_that_rutile_has_titanium_on_2a_and_oxygen_on_4f(inspector: SpglibInspector) -> None:
    report = inspector.symmetry(rutile(), 0.01)
    assert report.space_group.number == 136
    found = [(one.element, one.wyckoff, one.multiplicity, one.site_symmetry, one.sites) for one in report.orbits]
    assert found == [("Ti", "a", 2, "m.mm", (0, 1)), ("O", "f", 4, "m.2m", (2, 3, 4, 5))]


def test_that_titanium_in_rutile_has_six_oxygens_at_the_two_distances(inspector: SpglibInspector) -> None:
    reports = inspector.sites(rutile(), 0.01)
    titanium, oxygen = reports[0], reports[2]
    assert (titanium.coordination, titanium.geometry, titanium.wyckoff) == (6, "octahedral", "a")
    assert [symbol for symbol, _ in titanium.neighbours] == ["O"] * 6
    # Four at sqrt(2 (1/2 - u)^2 a^2 + c^2 / 4) and two at sqrt(2) u a.
    assert [distance for _, distance in titanium.neighbours] == pytest.approx([1.947] * 4 + [1.983] * 2, abs=1e-3)
    assert (oxygen.coordination, oxygen.wyckoff) == (3, "f")
    assert {symbol for symbol, _ in oxygen.neighbours} == {"Ti"}


def test_that_rock_salt_is_cubic_conventional_and_rhombohedral_niggli(inspector: SpglibInspector) -> None:
    big = doubled(rock_salt(), 1)
    conventional = inspector.cell(big, CellChoice.CONVENTIONAL, 0.01)
    assert (len(conventional), conventional.lengths_angstrom) == (8, pytest.approx([5.64] * 3))
    for choice in (CellChoice.PRIMITIVE, CellChoice.NIGGLI):
        cell = inspector.cell(big, choice, 0.01)
        assert (len(cell), cell.lengths_angstrom) == (2, pytest.approx([5.64 / np.sqrt(2)] * 3))
    assert inspector.cell(big, CellChoice.NIGGLI, 0.01).angles_degree == pytest.approx([60] * 3)


def test_that_a_skewed_cell_is_reduced(inspector: SpglibInspector) -> None:
    cell = perovskite()
    sheared = np.array([[1.0, 0, 0], [3, 1, 0], [0, 2, 1]])
    skewed = Crystal(sheared @ cell.lattice, cell.species, cell.frac_coords @ np.linalg.inv(sheared))
    reduced = inspector.cell(skewed, CellChoice.NIGGLI, 0.01)
    assert reduced.lengths_angstrom == pytest.approx([3.91] * 3)
    assert reduced.angles_degree == pytest.approx([90] * 3)
    assert inspector.symmetry(reduced, 0.01).space_group.number == 221


def test_that_copper_radiation_finds_rock_salt_where_every_card_has_it(inspector: SpglibInspector) -> None:
    lines = inspector.diffraction(rock_salt(), CU_K_ALPHA, 90.0)
    strongest = max(lines, key=lambda line: line.intensity)
    assert strongest.two_theta_degree == pytest.approx(31.7, abs=0.05)
    assert sorted(map(abs, strongest.hkl[0])) == [0, 0, 2]
    assert strongest.intensity == pytest.approx(100)
    # The card: (111) 27.4, (200) 31.7, (220) 45.5, (311) 53.9, (222) 56.5; (111) and (311) are weak.
    assert [line.two_theta_degree for line in lines[:5]] == pytest.approx([27.4, 31.7, 45.5, 53.9, 56.5], abs=0.1)
    assert lines[0].intensity < 20


def test_that_what_is_too_large_is_refused_at_once(inspector: SpglibInspector) -> None:
    crowd = Crystal(np.eye(3) * 100, ("Na",) * (MOST_ATOMS_SEARCHED + 1), np.random.default_rng(0).random((2001, 3)))
    for ask in (lambda: inspector.symmetry(crowd, 0.1), lambda: inspector.cell(crowd, CellChoice.NIGGLI, 0.1)):
        with pytest.raises(UserCorrectable, match="2,001 atoms"):
            ask()
    some = Crystal(np.eye(3) * 100, ("Na",) * 301, np.random.default_rng(0).random((MOST_ATOMS_BONDED + 1, 3)))
    with pytest.raises(UserCorrectable, match="301 atoms"):
        inspector.sites(some, 0.1)
    with pytest.raises(UserCorrectable, match="reflections"):
        inspector.diffraction(crowd, 0.5, 170.0)


def test_that_overlapping_atoms_are_told_and_do_not_hang(inspector: SpglibInspector) -> None:
    on_one_point = Crystal(np.eye(3) * 4.0, ("Na", "Na"), np.zeros((2, 3)))
    with pytest.raises(UserCorrectable, match="tolerance"):
        inspector.symmetry(on_one_point, 0.1)
    assert inspector.diffraction(on_one_point, CU_K_ALPHA, 90.0)


@pytest.mark.parametrize("angle", [1.0, 20.0])
def test_that_a_pattern_without_lines_is_told(inspector: SpglibInspector, angle: float) -> None:
    with pytest.raises(UserCorrectable, match="larger angle"):  # (100) and (110) of rock salt are extinct
        inspector.diffraction(rock_salt(), CU_K_ALPHA, angle)


def test_that_an_element_without_scattering_factors_is_named(inspector: SpglibInspector) -> None:
    with pytest.raises(UserCorrectable, match="for Es"):
        inspector.diffraction(rock_salt("Es"), CU_K_ALPHA, 90.0)
