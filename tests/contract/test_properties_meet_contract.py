"""The shipped property model keeps the promises of its port, quantity by quantity."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from predictor_contract import BandGapContract, FormationEnergyContract, HullEnergyContract

from crystal_studio.engines.predictors import properties

FOLDER = Path(__file__).parents[2] / "models_registry" / "predictor" / "properties-mp"


@pytest.fixture(scope="module")
def shipped() -> properties.NetworkProperties:
    return properties.create(FOLDER, tomllib.loads((FOLDER / "model.toml").read_text(encoding="utf-8"))["options"])


class TestBandGap(BandGapContract):
    @pytest.fixture
    def subject(self, shipped):
        return shipped.predictor("band_gap")


class TestFormationEnergy(FormationEnergyContract):
    @pytest.fixture
    def subject(self, shipped):
        return shipped.predictor("formation_energy")


class TestHullEnergy(HullEnergyContract):
    @pytest.fixture
    def subject(self, shipped):
        return shipped.predictor("e_above_hull")
