"""What every symmetrizer promises; the subject must find 225 for rock salt and 221 for SrTiO3."""

from __future__ import annotations

import numpy as np
import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.domain.crystal import Crystal
from crystal_studio.ports.describer import Symmetrizer


class SymmetrizerContract:
    @pytest.fixture
    def subject(self) -> Symmetrizer:
        raise NotImplementedError

    def test_that_known_crystals_have_their_space_groups(self, subject):
        assert [subject.space_group(crystal).number for crystal in (rock_salt(), perovskite())] == [225, 221]

    def test_that_the_tolerance_is_recorded(self, subject):
        assert subject.space_group(rock_salt(), 0.01).symprec_angstrom == 0.01

    def test_that_other_cells_keep_composition_and_density(self, subject):
        crystal = rock_salt()
        for other in (subject.conventional(crystal), subject.primitive(crystal)):
            assert other.formula == crystal.formula
            per_atom = other.volume_angstrom3 / len(other)
            assert per_atom == pytest.approx(crystal.volume_angstrom3 / len(crystal), rel=1e-3)

    def test_that_the_primitive_cell_is_no_larger_than_the_conventional_one(self, subject):
        assert len(subject.primitive(rock_salt())) <= len(subject.conventional(rock_salt()))

    def test_that_imposing_gives_a_distorted_copy_its_symmetry_back(self, subject):
        template = perovskite()
        strain = np.eye(3) + np.array([[0.02, 0.01, 0], [0, -0.01, 0], [0, 0.01, 0.03]])
        shifts = np.array([[0.01, 0, 0], [0, 0.02, 0], [0, 0, 0.01], [0.02, 0, 0], [0, 0, -0.02]])
        distorted = Crystal(template.lattice @ strain, template.species, (template.frac_coords + shifts) % 1)
        imposed = subject.impose(distorted, template)
        assert imposed.species == template.species
        assert subject.space_group(imposed, 0.01).number == 221
        assert imposed.lengths_angstrom == pytest.approx(imposed.lengths_angstrom.mean(), rel=1e-4)
        assert imposed.volume_angstrom3 == pytest.approx(distorted.volume_angstrom3, rel=0.02)

    def test_that_stretching_a_crystal_stretches_its_unit_distance(self, subject):
        short, long = (subject.unit_distance_angstrom(perovskite(edge)) for edge in (3.9, 4.095))
        assert long / short == pytest.approx(1.05, rel=1e-3)

    def test_that_an_element_has_no_units(self, subject):
        copper = Crystal(np.array([[0, 1.8, 1.8], [1.8, 0, 1.8], [1.8, 1.8, 0]]), ("Cu",), np.zeros((1, 3)))
        assert subject.unit_distance_angstrom(copper) is None
