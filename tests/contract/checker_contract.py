"""What every checker promises."""

from __future__ import annotations

import pytest
from contract_crystals import collapsed, perovskite, rock_salt, unbalanced

from crystal_studio.domain.validity import all_required_pass
from crystal_studio.ports.checks import Checker


class CheckerContract:
    @pytest.fixture
    def subject(self) -> Checker:
        raise NotImplementedError

    @pytest.mark.parametrize("crystal", [rock_salt(), perovskite()], ids=["rock salt", "perovskite"])
    def test_that_a_known_crystal_passes(self, subject, crystal):
        assert all_required_pass(subject.check(crystal))

    def test_that_the_checks_come_in_a_fixed_order_under_distinct_names(self, subject):
        first, second = ([check.name for check in subject.check(crystal)] for crystal in (rock_salt(), collapsed()))
        assert first == second
        assert len(set(first)) == len(first)

    def test_that_every_check_says_a_sentence_and_has_a_version(self, subject):
        assert all(check.detail and check.version >= 1 for check in subject.check(perovskite()))

    def test_that_atoms_on_top_of_each_other_are_refused(self, subject):
        assert not all_required_pass(subject.check(collapsed()))

    def test_that_charges_that_cannot_balance_are_refused(self, subject):
        assert not all_required_pass(subject.check(unbalanced()))

    def test_that_a_named_formula_is_flagged_and_not_refused(self, subject):
        checks = subject.check(unbalanced(), formula_is_named=True)
        assert all_required_pass(checks)
        assert any(check.passed is False for check in checks)
