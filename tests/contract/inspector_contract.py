"""What every inspector promises."""

from __future__ import annotations

import numpy as np
import pytest
from contract_crystals import collapsed, perovskite, rock_salt

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.inspection import CellChoice
from crystal_studio.ports.inspector import Inspector


class InspectorContract:
    @pytest.fixture
    def subject(self) -> Inspector:
        raise NotImplementedError

    def test_that_every_atom_is_in_exactly_one_orbit_of_its_element(self, subject):
        crystal = perovskite()
        report = subject.symmetry(crystal, 0.1)
        assert sorted(site for orbit in report.orbits for site in orbit.sites) == list(range(len(crystal)))
        assert all(crystal.species[site] == orbit.element for orbit in report.orbits for site in orbit.sites)
        assert report.space_group.symprec_angstrom == 0.1

    def test_that_an_orbit_begins_at_its_first_atom(self, subject):
        crystal = perovskite()
        for orbit in subject.symmetry(crystal, 0.1).orbits:
            moved = orbit.frac_coords - crystal.frac_coords[orbit.sites[0]]
            assert np.allclose(moved, np.round(moved))

    def test_that_there_is_a_site_for_every_atom_with_its_neighbours_nearest_first(self, subject):
        reports = subject.sites(perovskite(), 0.1)
        assert [report.element for report in reports] == list(perovskite().species)
        assert [report.index for report in reports] == list(range(5))
        for report in reports:
            distances = [distance for _, distance in report.neighbours]
            assert distances == sorted(distances)
            assert report.coordination == len(report.neighbours)

    def test_that_atoms_on_top_of_each_other_have_no_neighbours_to_tell(self, subject):
        with pytest.raises(UserCorrectable):
            subject.sites(collapsed(), 0.1)

    @pytest.mark.parametrize("choice", list(CellChoice))
    def test_that_another_cell_holds_the_same_matter(self, subject, choice):
        crystal = rock_salt()
        cell = subject.cell(crystal, choice, 0.1)
        assert cell.formula == crystal.formula
        assert cell.volume_angstrom3 / len(cell) == pytest.approx(crystal.volume_angstrom3 / len(crystal), rel=1e-6)

    def test_that_the_cell_as_generated_is_the_very_crystal(self, subject):
        assert subject.cell(rock_salt(), CellChoice.INPUT, 0.1).content_hash == rock_salt().content_hash

    def test_that_lines_come_in_order_of_angle_and_obey_bragg(self, subject):
        lines = subject.diffraction(perovskite(), 1.54184, 90.0)
        angles = [line.two_theta_degree for line in lines]
        assert angles
        assert angles == sorted(angles)
        for line in lines:
            assert 2 * line.d_angstrom * np.sin(np.radians(line.two_theta_degree / 2)) == pytest.approx(1.54184)
            assert 0 <= line.intensity <= 100
            assert line.hkl

    @pytest.mark.parametrize(("wavelength", "angle"), [(0.0, 90.0), (-1.0, 90.0), (1.5, 0.0), (1.5, 500.0)])
    def test_that_a_pattern_out_of_range_is_a_clear_error(self, subject, wavelength, angle):
        with pytest.raises(UserCorrectable, match="Give"):
            subject.diffraction(perovskite(), wavelength, angle)
