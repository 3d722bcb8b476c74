"""What every aligner promises."""

from __future__ import annotations

import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.ports.aligner import Aligner

TEXT = "NaCl is Halite, Rock Salt structured and crystallizes in the cubic Fm-3m space group."


class AlignerContract:
    @pytest.fixture
    def subject(self) -> Aligner:
        raise NotImplementedError

    def test_that_each_crystal_gets_a_cosine(self, subject):
        scores = subject.score(TEXT, [rock_salt(), perovskite()])
        assert len(scores) == 2
        assert all(-1.000001 <= score <= 1.000001 for score in scores)

    def test_that_a_score_depends_on_no_other_crystal_of_the_batch(self, subject):
        together = subject.score(TEXT, [rock_salt(), perovskite()])
        alone = [subject.score(TEXT, [crystal])[0] for crystal in (rock_salt(), perovskite())]
        assert together == pytest.approx(alone, abs=1e-4)

    def test_that_no_crystals_give_no_scores(self, subject):
        assert subject.score(TEXT, []) == []

    def test_that_another_text_gives_another_score(self, subject):
        other = "SrTiO3 is (Cubic) Perovskite structured and crystallizes in the cubic Pm-3m space group."
        assert subject.score(TEXT, [rock_salt()]) != subject.score(other, [rock_salt()])

    def test_that_an_empty_text_is_scored(self, subject):
        (score,) = subject.score("", [rock_salt()])
        assert -1.000001 <= score <= 1.000001

    def test_that_many_texts_get_the_scores_that_each_gets_alone(self, subject):
        texts = [TEXT, "SrTiO3 is (Cubic) Perovskite structured."]
        crystals = [rock_salt(), perovskite()]
        table = subject.scores(texts, crystals)
        assert [len(row) for row in table] == [2, 2]
        for text, row in zip(texts, table, strict=True):
            assert row == pytest.approx(subject.score(text, crystals), abs=1e-4)
        assert subject.scores(texts, []) == [[], []]
