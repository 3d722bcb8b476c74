"""CHGNet from its wheel keeps the promises of the relaxer's port."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
import torch
from relaxer_contract import RelaxerContract

from crystal_studio.engines.predictors import chgnet_relaxer

pytest.importorskip("chgnet", reason="install chgnet to relax crystals")
CARD = Path(__file__).parents[2] / "models_registry" / "relaxer" / "chgnet-0.3.0" / "model.toml"
torch.set_num_threads(1)


@pytest.fixture(scope="module")
def relaxer() -> chgnet_relaxer.ChgnetRelaxer:
    return chgnet_relaxer.create(CARD.parent, tomllib.loads(CARD.read_text(encoding="utf-8"))["options"])


class TestChgnetRelaxer(RelaxerContract):
    @pytest.fixture
    def subject(self, relaxer):
        return relaxer
