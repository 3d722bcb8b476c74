"""What every comparer of crystals promises."""

from __future__ import annotations

import numpy as np
import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.domain.comparison import Comparison, Side
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.ports.crystal_comparer import CrystalComparer


def pushed(crystal: Crystal, atom: int, way_angstrom: float) -> Crystal:
    """The crystal with one atom moved along x."""
    cart_coords = crystal.cart_coords.copy()
    cart_coords[atom, 0] += way_angstrom
    return Crystal(crystal.lattice, crystal.species, cart_coords @ np.linalg.inv(crystal.lattice))


class CrystalComparerContract:
    @pytest.fixture
    def subject(self) -> CrystalComparer:
        raise NotImplementedError

    def compared(self, subject: CrystalComparer, first: Crystal, second: Crystal) -> Comparison:
        return subject.compare(Side(first, SpaceGroup(1), node="one"), Side(second, SpaceGroup(1), node="two"))

    def test_that_a_crystal_does_not_differ_from_itself(self, subject):
        found = self.compared(subject, perovskite(), perovskite())
        assert (found.first.node, found.second.node) == ("one", "two")
        assert found.is_same_structure
        assert found.is_same_framework
        assert found.rms_displacement_angstrom == pytest.approx(0, abs=1e-9)
        assert found.lattice.lengths_percent == pytest.approx((0, 0, 0))
        assert found.lattice.angles_degree == pytest.approx((0, 0, 0))
        assert {move.site for move in found.moves} == set(range(5))

    def test_that_the_atom_that_moved_is_named_without_the_drift_of_all(self, subject):
        found = self.compared(subject, perovskite(), pushed(perovskite(), 1, 0.1))
        farthest = max(found.moves, key=lambda move: move.distance_angstrom)
        assert (farthest.site, farthest.before, farthest.after) == (1, "Ti", "Ti")
        assert farthest.vector_angstrom == pytest.approx((0.08, 0, 0))
        assert np.sum([move.vector_angstrom for move in found.moves], axis=0) == pytest.approx(np.zeros(3), abs=1e-9)
        squares = [move.distance_angstrom**2 for move in found.moves]
        assert found.rms_displacement_angstrom == pytest.approx(np.sqrt(np.mean(squares)))

    def test_that_a_stretched_crystal_has_a_larger_cell_and_unmoved_atoms(self, subject):
        found = self.compared(subject, perovskite(), perovskite(3.91 * 1.05))
        assert found.lattice.lengths_percent == pytest.approx((5, 5, 5))
        assert found.lattice.volume_per_atom_percent == pytest.approx(100 * (1.05**3 - 1))
        assert found.rms_displacement_angstrom == pytest.approx(0, abs=1e-9)

    def test_that_another_element_on_a_site_leaves_the_framework(self, subject):
        found = self.compared(subject, perovskite(), perovskite().with_species(("Ca", "Ti", "O", "O", "O")))
        assert (found.is_same_structure, found.is_same_framework) == (False, True)
        assert [(move.before, move.after) for move in found.moves if move.before != move.after] == [("Sr", "Ca")]

    def test_that_the_frames_hold_both_ends_of_each_move(self, subject):
        found = self.compared(subject, perovskite(), pushed(perovskite(), 3, 0.2))
        assert found.first_in_frame is not None
        assert found.second_in_frame is not None
        ways = found.second_in_frame.cart_coords - found.first_in_frame.cart_coords
        assert ways == pytest.approx(np.array([move.vector_angstrom for move in found.moves]), abs=1e-9)

    def test_that_crystals_that_do_not_match_are_told_with_a_reason(self, subject):
        found = self.compared(subject, perovskite(), rock_salt())
        assert found.unmatched_reason
        assert found.moves == ()
        assert found.rms_displacement_angstrom is None
        assert found.first_in_frame is None
        assert found.second_in_frame is None
        assert not found.is_same_framework

    def test_that_each_element_has_its_surroundings(self, subject):
        found = self.compared(subject, perovskite(), rock_salt())
        assert {around.element for around in found.surroundings_first} == {"Sr", "Ti", "O"}
        assert all(around.coordination > 0 for around in found.surroundings_second)
