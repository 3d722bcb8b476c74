"""What every relaxer promises."""

from __future__ import annotations

from math import isfinite

import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.domain.errors import JobCancelled
from crystal_studio.engines.fake import FakeContext
from crystal_studio.ports.relaxer import Relaxer


class RelaxerContract:
    @pytest.fixture
    def subject(self) -> Relaxer:
        raise NotImplementedError

    def test_that_each_crystal_gets_a_finite_energy(self, subject):
        energies = subject.energies([rock_salt(), perovskite()])
        assert len(energies) == 2
        assert all(isfinite(energy) for energy in energies)

    def test_that_an_energy_depends_on_no_other_crystal_of_the_batch(self, subject):
        together = subject.energies([rock_salt(), perovskite()])
        alone = [subject.energies([crystal])[0] for crystal in (rock_salt(), perovskite())]
        assert together == pytest.approx(alone, abs=1e-3)

    def test_that_relaxing_never_raises_the_energy(self, subject):
        outcome = subject.relax(rock_salt(edge_angstrom=5.9), 10, FakeContext())
        assert outcome.energy_per_atom_ev <= outcome.start_energy_per_atom_ev + 1e-4

    def test_that_the_species_stay_and_the_cell_changes(self, subject):
        start = rock_salt(edge_angstrom=5.9)
        outcome = subject.relax(start, 10, FakeContext())
        assert outcome.crystal.species == start.species
        assert outcome.crystal.volume_angstrom3 != pytest.approx(start.volume_angstrom3, rel=1e-6)

    def test_that_no_more_steps_are_taken_than_asked_for(self, subject):
        assert subject.relax(rock_salt(edge_angstrom=5.9), 2, FakeContext()).steps <= 2

    def test_that_relaxing_twice_gives_the_same_crystal(self, subject):
        first, second = (subject.relax(rock_salt(edge_angstrom=5.9), 3, FakeContext()) for _ in range(2))
        assert first.crystal.content_hash == second.crystal.content_hash

    def test_that_it_stops_between_two_steps(self, subject):
        with pytest.raises(JobCancelled):
            subject.relax(rock_salt(edge_angstrom=5.9), 10, FakeContext().cancel_after(1))
