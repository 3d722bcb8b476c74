"""What every band-gap predictor promises."""

from __future__ import annotations

from math import isfinite

import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.ports.predictor import Predictor


class PredictorContract:
    @pytest.fixture
    def subject(self) -> Predictor:
        raise NotImplementedError

    def test_that_it_names_its_quantity(self, subject):
        assert subject.quantity == "band_gap"

    def test_that_values_are_finite_with_unit_and_uncertainty(self, subject):
        for value in subject.predict([rock_salt(), perovskite()]):
            assert isfinite(value.value)
            assert value.value >= 0
            assert value.sigma > 0
            assert (value.unit, value.method) == ("eV", "PBE")

    def test_that_a_value_depends_on_no_other_crystal_of_the_batch(self, subject):
        together = subject.predict([rock_salt(), perovskite()])
        alone = [subject.predict([crystal])[0] for crystal in (rock_salt(), perovskite())]
        assert [value.value for value in together] == pytest.approx([value.value for value in alone], abs=1e-3)

    def test_that_lithium_fluoride_has_a_wider_gap_than_indium_arsenide(self, subject):
        wide, narrow = subject.predict([rock_salt("Li", "F", 4.03), rock_salt("In", "As", 5.6)])
        assert wide.value > narrow.value

    def test_that_no_crystals_give_no_values(self, subject):
        assert subject.predict([]) == []
