"""What every property predictor promises."""

from __future__ import annotations

from math import isfinite

import pytest
from contract_crystals import perovskite, rock_salt

from crystal_studio.ports.predictor import Predictor

UNITS = {"band_gap": "eV", "formation_energy": "eV/atom", "e_above_hull": "eV/atom"}


class PredictorContract:
    """Of one quantity; a subclass names it and the levels of theory its values may have."""

    quantity = "band_gap"
    methods: tuple[str, ...] = ("PBE",)

    @pytest.fixture
    def subject(self) -> Predictor:
        raise NotImplementedError

    def test_that_it_names_its_quantity(self, subject):
        assert subject.quantity == self.quantity

    def test_that_values_are_finite_with_unit_and_uncertainty(self, subject):
        for value in subject.predict([rock_salt(), perovskite()]):
            assert isfinite(value.value)
            assert value.value >= 0 or self.quantity == "formation_energy"
            assert value.sigma > 0
            assert value.unit == UNITS[self.quantity]
            assert value.method in self.methods

    def test_that_the_wide_interval_holds_the_value(self, subject):
        for value in subject.predict([rock_salt(), perovskite()]):
            assert value.low is not None
            assert value.high is not None
            assert value.low <= value.value <= value.high
            assert value.high - value.value >= value.sigma

    def test_that_a_value_depends_on_no_other_crystal_of_the_batch(self, subject):
        together = subject.predict([rock_salt(), perovskite()])
        alone = [subject.predict([crystal])[0] for crystal in (rock_salt(), perovskite())]
        assert [value.value for value in together] == pytest.approx([value.value for value in alone], abs=1e-3)

    def test_that_no_crystals_give_no_values(self, subject):
        assert subject.predict([]) == []


class BandGapContract(PredictorContract):
    def test_that_lithium_fluoride_has_a_wider_gap_than_indium_arsenide(self, subject):
        wide, narrow = subject.predict([rock_salt("Li", "F", 4.03), rock_salt("In", "As", 5.6)])
        assert wide.value > narrow.value


class FormationEnergyContract(PredictorContract):
    quantity = "formation_energy"

    def test_that_lithium_fluoride_binds_more_strongly_than_indium_arsenide(self, subject):
        strong, weak = subject.predict([rock_salt("Li", "F", 4.03), rock_salt("In", "As", 5.6)])
        assert strong.value < weak.value


class HullEnergyContract(PredictorContract):
    quantity = "e_above_hull"

    def test_that_a_blown_up_cell_is_higher_above_the_hull(self, subject):
        known, blown_up = subject.predict([rock_salt("Na", "Cl", 5.64), rock_salt("Na", "Cl", 7.5)])
        assert blown_up.value > known.value
