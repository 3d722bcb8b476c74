"""The shipped prototype model keeps the promises of its port."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from prototype_library_contract import PrototypeLibraryContract

from crystal_studio.engines.sampling import prototypes

FOLDER = Path(__file__).parents[2] / "models_registry" / "prototypes" / "prototypes-mp"


@pytest.fixture(scope="module")
def shipped() -> prototypes.PrototypeModel:
    return prototypes.create(FOLDER, tomllib.loads((FOLDER / "model.toml").read_text(encoding="utf-8"))["options"])


class TestPrototypeModel(PrototypeLibraryContract):
    @pytest.fixture
    def subject(self, shipped):
        return shipped
