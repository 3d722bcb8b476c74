"""What every sampler promises."""

from __future__ import annotations

import numpy as np
import pytest
from contract_crystals import perovskite

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled
from crystal_studio.engines.fake import FakeContext
from crystal_studio.ports.sampler import Sampler, SampleRequest, StartState

STEPS = 4


def noise(species=(None, None, None, None), **masks) -> StartState:
    return StartState(Start.NOISE, "noise", None, len(species), tuple(species), **masks)


def parent(species, **masks) -> StartState:
    masks = {"strength": 0.1} | masks
    return StartState(Start.PARENT, "parent", perovskite(), 5, tuple(species), **masks)


def request(*states: StartState, seed: int = 3, text: str = "") -> SampleRequest:
    return SampleRequest(text, states, seed, steps=STEPS)


class SamplerContract:
    @pytest.fixture
    def subject(self) -> Sampler:
        raise NotImplementedError

    def test_that_each_state_gives_one_crystal_with_its_number_of_atoms(self, subject):
        crystals = subject.sample(request(noise(), noise((None,) * 6)), FakeContext())
        assert [len(crystal) for crystal in crystals] == [4, 6]

    def test_that_the_same_seed_gives_the_same_crystals(self, subject):
        states = (noise(), parent(("Sr", "Ti", "O", "O", "O")))
        first, second = (subject.sample(request(*states), FakeContext()) for _ in range(2))
        assert [crystal.content_hash for crystal in first] == [crystal.content_hash for crystal in second]

    def test_that_another_seed_gives_another_crystal(self, subject):
        first, second = (subject.sample(request(noise(), seed=seed), FakeContext())[0] for seed in (1, 2))
        assert first.content_hash != second.content_hash

    def test_that_states_of_one_batch_are_drawn_apart(self, subject):
        first, second = subject.sample(request(noise(), noise()), FakeContext())
        assert first.content_hash != second.content_hash

    def test_that_clamped_species_stay(self, subject):
        species = ("Sr", "Ti", "O", "O", "O")
        assert [
            crystal.species for crystal in subject.sample(request(noise(species), parent(species)), FakeContext())
        ] == [
            species,
            species,
        ]

    def test_that_an_excluded_element_never_appears(self, subject):
        states = [parent((None, "Ti", "O", "O", "O"), excluded=frozenset({"Sr", "Pb"}))] * 4
        assert not {"Sr", "Pb"} & {
            s for crystal in subject.sample(request(*states), FakeContext()) for s in crystal.species
        }

    def test_that_chosen_atoms_are_of_allowed_elements(self, subject):
        states = [noise(allowed=frozenset({"Mg", "O"}))] * 3
        assert {s for crystal in subject.sample(request(*states), FakeContext()) for s in crystal.species} <= {
            "Mg",
            "O",
        }

    def test_that_a_weak_strength_leaves_the_parent_recognisable(self, subject):
        state = parent(("Sr", "Ti", "O", "O", "O"), strength=0.01)
        (drawn,) = subject.sample(request(state), FakeContext())
        moved = drawn.frac_coords - perovskite().frac_coords
        moved -= np.round(moved)
        assert np.abs(moved - moved.mean(axis=0)).max() < 0.2

    def test_that_a_draw_comes_back_in_the_cell_of_its_start(self, subject):
        (drawn,) = subject.sample(request(parent(("Sr", "Ti", "O", "O", "O"), strength=0.01)), FakeContext())
        assert np.allclose(drawn.lattice, perovskite().lattice, atol=0.8)

    def test_that_every_crystal_has_a_volume(self, subject):
        assert all(crystal.volume_angstrom3 > 0 for crystal in subject.sample(request(noise(), noise()), FakeContext()))

    def test_that_progress_rises_to_one(self, subject):
        context = FakeContext()
        subject.sample(request(noise()), context)
        fractions = [report.fraction for report in context.reports]
        assert fractions
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(1)

    def test_that_it_stops_between_two_steps(self, subject):
        with pytest.raises(JobCancelled):
            subject.sample(request(noise()), FakeContext().cancel_after(1))

    def test_that_a_draw_keeps_the_cell_choice_of_its_start(self, subject):
        cell = perovskite()
        sheared = np.array([[1.0, 0, 0], [1, 1, 0], [0, 1, 1]])
        start = Crystal(sheared @ cell.lattice, cell.species, cell.frac_coords @ np.linalg.inv(sheared))
        state = StartState(Start.PROTOTYPE, "sheared", start, 5, start.species, strength=0.01)
        (drawn,) = subject.sample(request(state), FakeContext())
        assert np.allclose(drawn.lengths_angstrom, start.lengths_angstrom, rtol=0.1)
        assert np.allclose(drawn.angles_degree, start.angles_degree, atol=8)
        assert drawn.species == start.species

    def test_that_frames_lead_to_the_very_crystals_drawn(self, subject):
        context = FakeContext()
        drawn = subject.sample(request(noise(), parent(("Sr", None, "O", "O", "O"), strength=0.5)), context)
        batches = [payload for kind, payload in context.partials if kind == "frames"]
        assert all([frame.draw for frame in frames] == [0, 1] for frames in batches)
        steps = [frames[0].step for frames in batches]
        assert steps[0] == 0
        assert steps == sorted(set(steps))
        assert steps[-1] == batches[-1][0].steps
        assert [frame.crystal.content_hash for frame in batches[-1]] == [crystal.content_hash for crystal in drawn]
        assert batches[0][1].crystal.content_hash != drawn[1].content_hash

    def test_that_a_long_draw_is_shown_in_at_most_twenty_one_frames(self, subject):
        context = FakeContext()
        subject.sample(SampleRequest("", [noise()], 1, steps=45), context)
        steps = [payload[0].step for kind, payload in context.partials if kind == "frames"]
        assert 15 <= len(steps) <= 21
        assert steps[-1] == 45

    def test_that_draws_of_later_batches_are_counted_on(self, subject):
        context = FakeContext()
        subject.sample(SampleRequest("", [noise((None,))] * 66, 1, steps=1), context)
        draws = {frame.draw for kind, payload in context.partials if kind == "frames" for frame in payload}
        assert draws == set(range(66))
