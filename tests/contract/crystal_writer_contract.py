"""What every writer of crystals promises."""

from __future__ import annotations

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import JobCancelled, UserCorrectable
from crystal_studio.engines.fake import FakeContext
from crystal_studio.ports.crystal_writer import CrystalTask, CrystalWriter

PEROVSKITE = CrystalTask(Composition.parse("SrTiO3"), 221, max_atoms=5)
ROCK_SALT = CrystalTask(Composition.parse("NaCl"), 225, max_atoms=2)


class CrystalWriterContract:
    @pytest.fixture
    def subject(self) -> CrystalWriter:
        raise NotImplementedError

    def test_that_it_names_itself(self, subject):
        assert subject.identity.strip()

    def test_that_each_task_gets_an_answer_in_order_whose_crystal_has_its_composition(self, subject):
        answers = subject.write([PEROVSKITE, ROCK_SALT, PEROVSKITE], 0, FakeContext())
        formulas = [answer.crystal and answer.crystal.formula for answer in answers]
        assert len(answers) == 3
        assert all(found in (None, asked) for found, asked in zip(formulas, ["SrTiO3", "NaCl", "SrTiO3"], strict=True))
        assert any(formulas)

    def test_that_an_answer_says_what_it_took(self, subject):
        for answer in subject.write([PEROVSKITE, ROCK_SALT], 1, FakeContext(), attempts=2):
            assert answer.attempts == len(answer.refusals) + (answer.crystal is not None)
            assert 1 <= answer.attempts <= 2
            assert answer.tokens > 0
            assert all(reason.strip() for reason in answer.refusals)

    def test_that_one_seed_gives_one_answer(self, subject):
        first, second = (subject.write([PEROVSKITE, ROCK_SALT], 5, FakeContext()) for _ in range(2))
        assert [answer.text for answer in first] == [answer.text for answer in second]

    def test_that_another_seed_gives_another_answer(self, subject):
        first, second = (subject.write([PEROVSKITE], seed, FakeContext())[0] for seed in (1, 2))
        assert first.text != second.text

    def test_that_equal_tasks_of_one_batch_are_answered_apart(self, subject):
        assert len({answer.text for answer in subject.write([PEROVSKITE] * 3, 0, FakeContext())}) == 3

    def test_that_an_answer_does_not_depend_on_what_else_is_asked(self, subject):
        alone = subject.write([PEROVSKITE], 3, FakeContext())
        assert subject.write([PEROVSKITE, ROCK_SALT], 3, FakeContext())[0].text == alone[0].text

    def test_that_a_number_of_atoms_is_kept_to(self, subject):
        task = CrystalTask(Composition.parse("SrTiO3"), 1, num_atoms=10)
        found = [answer.crystal for answer in subject.write([task] * 2, 0, FakeContext())]
        assert all(len(crystal) == 10 for crystal in found if crystal is not None)

    @pytest.mark.parametrize("task", [
        CrystalTask(Composition.parse("SrTiO3"), 221, num_atoms=7),
        CrystalTask(Composition.parse("Ca11Al14O33"), 1),
    ])  # fmt: skip
    def test_that_a_composition_that_fits_no_cell_is_refused_before_anything_is_written(self, subject, task):
        context = FakeContext()
        with pytest.raises(UserCorrectable):
            subject.write([task], 0, context)
        assert context.partials == []

    def test_that_text_is_handed_out_while_it_writes(self, subject):
        context = FakeContext()
        (answer,) = subject.write([PEROVSKITE], 0, context, attempts=1)
        assert "".join(payload for kind, payload in context.partials if kind == "token") == answer.text

    def test_that_frames_gain_atoms_up_to_the_very_crystal(self, subject):
        context = FakeContext()
        answers = subject.write([PEROVSKITE, ROCK_SALT], 0, context, attempts=1)
        frames = [frame for kind, payload in context.partials if kind == "frames" for frame in payload]
        for draw, answer in enumerate(answers):
            own = [frame for frame in frames if frame.draw == draw]
            told = [len(frame.crystal) for frame in dict.fromkeys(own)]  # one may be told once more
            assert told == sorted(set(told))
            assert all(frame.step <= frame.steps and frame.is_written for frame in own)
            if answer.crystal is not None:
                assert own[-1].crystal.content_hash == answer.crystal.content_hash

    def test_that_progress_never_goes_back_and_ends_at_one(self, subject):
        context = FakeContext()
        subject.write([PEROVSKITE, ROCK_SALT], 0, context)
        fractions = [report.fraction for report in context.reports if report.part == "writing"]
        assert fractions == sorted(fractions)
        assert fractions[-1] == pytest.approx(1)

    def test_that_a_cancelled_job_stops_between_two_tokens(self, subject):
        context = FakeContext().cancel_after(3)
        with pytest.raises(JobCancelled):
            subject.write([PEROVSKITE], 0, context)
        assert context.polls <= 4
