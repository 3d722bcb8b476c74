"""What every comparer of structures promises."""

from __future__ import annotations

import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.domain.crystal import Crystal
from crystal_studio.ports.describer import StructureComparer


class ComparerContract:
    @pytest.fixture
    def subject(self) -> StructureComparer:
        raise NotImplementedError

    def test_that_a_crystal_matches_itself(self, subject):
        assert subject.rms_distance(perovskite(), perovskite()) == pytest.approx(0, abs=1e-3)

    def test_that_different_compositions_do_not_match(self, subject):
        assert subject.rms_distance(rock_salt(), perovskite()) is None

    def test_that_a_small_displacement_gives_a_small_distance(self, subject):
        start = perovskite()
        frac_coords = start.frac_coords.copy()
        frac_coords[1, 0] += 0.02
        distance = subject.rms_distance(start, Crystal(start.lattice, start.species, frac_coords))
        assert 0 < distance < 0.1
