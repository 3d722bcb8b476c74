"""What every language model promises."""

from __future__ import annotations

import pytest

from crystal_studio.domain.errors import JobCancelled
from crystal_studio.domain.intent import Limits
from crystal_studio.engines.fake import FakeContext
from crystal_studio.ports.language_model import LanguageModel, WritingTask

WISH = WritingTask("A titanate with strontium", Limits(formula="SrTiO3"))


class LanguageModelContract:
    @pytest.fixture
    def subject(self) -> LanguageModel:
        raise NotImplementedError

    def test_that_it_names_itself(self, subject):
        assert subject.identity.strip()

    def test_that_it_writes_as_many_alternatives_as_asked(self, subject):
        assert len(subject.write_pivots(WISH, 3, 0, FakeContext())) == 3

    def test_that_one_seed_gives_one_answer(self, subject):
        first, second = (subject.write_pivots(WISH, 2, 5, FakeContext()) for _ in range(2))
        assert first == second

    def test_that_tokens_are_handed_out_while_it_writes(self, subject):
        context = FakeContext()
        subject.write_pivots(WISH, 1, 0, context)
        assert any(kind == "token" and payload for kind, payload in context.partials)

    def test_that_progress_never_goes_back_and_ends_within_one(self, subject):
        context = FakeContext()
        subject.write_pivots(WISH, 1, 0, context)
        fractions = [report.fraction for report in context.reports if report.part == "writing"]
        assert fractions == sorted(fractions)
        assert 0.0 <= fractions[-1] <= 1.0

    def test_that_a_cancelled_job_stops_between_two_tokens(self, subject):
        context = FakeContext().cancel_after(3)
        with pytest.raises(JobCancelled):
            subject.write_pivots(WISH, 1, 0, context)
        assert context.polls <= 4
