"""What every prototype library promises."""

from __future__ import annotations

import pytest

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.intent import Limits
from crystal_studio.ports.prototype_library import PrototypeLibrary

SALT = Composition.parse("NaCl")


class PrototypeLibraryContract:
    @pytest.fixture
    def subject(self) -> PrototypeLibrary:
        raise NotImplementedError

    def test_that_a_decorated_prototype_has_the_composition_asked_for(self, subject):
        for formula in ("NaCl", "SrTiO3"):
            found = subject.decorate(Composition.parse(formula), 3)
            assert found
            assert {item.crystal.formula for item in found} == {formula}

    def test_that_at_most_so_many_come_back_best_first(self, subject):
        found = subject.decorate(SALT, 2)
        assert 1 <= len(found) <= 2
        assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)

    def test_that_the_space_group_asked_for_is_kept(self, subject):
        found = subject.decorate(SALT, 3, space_group=225)
        assert found
        assert {item.space_group for item in found} == {225}

    def test_that_no_cell_is_larger_than_asked_for(self, subject):
        assert all(len(item.crystal) <= 5 for item in subject.decorate(Composition.parse("SrTiO3"), 5, max_atoms=5))

    def test_that_a_stoichiometry_without_prototype_gives_none(self, subject):
        assert subject.decorate(Composition.parse("Na17Cl3"), 3) == []

    def test_that_the_volume_is_the_expected_one(self, subject):
        (best,) = subject.decorate(SALT, 1)
        expected = subject.expected_volume_angstrom3(best.crystal.composition)
        assert best.crystal.volume_angstrom3 == pytest.approx(expected, rel=0.05)

    def test_that_the_expected_volume_grows_with_the_formula_units(self, subject):
        one, two = (subject.expected_volume_angstrom3(Composition.parse(text)) for text in ("NaCl", "Na2Cl2"))
        assert two == pytest.approx(2 * one)

    def test_that_the_shares_of_the_formula_units_sum_to_one(self, subject):
        shares = subject.formula_units(SALT)
        assert sum(shares.values()) == pytest.approx(1)
        assert min(shares) >= 1

    def test_that_every_idea_meets_the_limits(self, subject):
        limits = Limits(required=frozenset({"O"}), excluded=frozenset({"Ca", "Pb"}), num_elements=3)
        ideas = subject.ideas(limits, (), 5)
        assert ideas
        assert all(not limits.violations(Composition.parse(idea.formula)) for idea in ideas)

    def test_that_excluded_formulas_are_not_proposed(self, subject):
        limits = Limits(required=frozenset({"O"}), num_elements=2)
        (first,) = subject.ideas(limits, (), 1)
        others = subject.ideas(limits, (), 5, exclude_formulas=frozenset({first.formula}))
        assert first.formula not in {idea.formula for idea in others}

    def test_that_contradictory_limits_give_no_idea(self, subject):
        limits = Limits(required=frozenset({"O"}), excluded=frozenset({"O"}))
        assert subject.ideas(limits, (), 5) == []

    def test_that_drafts_have_the_composition_and_labels_of_their_own(self, subject):
        drafts = subject.drafts(SALT, 3, space_group=225, seed=1)
        assert drafts
        assert {draft.crystal.formula for draft in drafts} == {"NaCl"}
        assert len({draft.label for draft in drafts}) == len(drafts)

    def test_that_drafts_already_taken_do_not_come_back(self, subject):
        taken = frozenset(draft.label for draft in subject.drafts(SALT, 3, space_group=225, seed=1))
        again = subject.drafts(SALT, 3, space_group=225, seed=1, taken=taken)
        assert not taken & {draft.label for draft in again}

    def test_that_a_cell_too_small_for_the_formula_is_refused(self, subject):
        with pytest.raises(UserCorrectable):
            subject.drafts(SALT, 1, space_group=225, seed=1, max_atoms=1)
