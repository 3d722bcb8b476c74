"""The shipped band-gap predictor keeps the promises of its port."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from predictor_contract import PredictorContract

from crystal_studio.engines.predictors import band_gap

FOLDER = Path(__file__).parents[2] / "models_registry" / "predictor" / "band-gap-mp"


@pytest.fixture(scope="module")
def shipped() -> band_gap.BandGapPredictor:
    return band_gap.create(FOLDER, tomllib.loads((FOLDER / "model.toml").read_text(encoding="utf-8"))["options"])


class TestBandGapPredictor(PredictorContract):
    @pytest.fixture
    def subject(self, shipped):
        return shipped
