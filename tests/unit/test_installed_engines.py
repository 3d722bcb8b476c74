"""Which model answers for which job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from crystal_studio.app.wiring import InstalledEngines
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind


def card(kind: ModelKind, name: str, default: bool = False) -> ModelCard:
    options = {"steps": 50, "elements": ["H"], "device": "auto"}
    return ModelCard(name, kind, "1", "m:f", (ModelFile("w", f"{name:>012}"),), options=options, default=default)


class Catalog:
    """Three cards that load as their ids."""

    def __init__(self) -> None:
        self._cards = [
            card(ModelKind.DENOISER, "new", default=True),
            card(ModelKind.DENOISER, "old"),
            card(ModelKind.ALIGNER, "clip", default=True),
        ]

    def cards(self) -> Sequence[ModelCard]:
        return self._cards

    def default(self, kind: ModelKind, model_id: str | None = None) -> ModelCard:
        for one in self._cards:
            if one.kind is kind and (one.id == model_id or (model_id is None and one.default)):
                return one
        raise Unavailable(f"There is no {kind}.")

    def verify(self, card: ModelCard) -> None:
        pytest.fail("nothing is verified here")

    def load(self, card: ModelCard) -> Any:
        return card.id


def test_that_a_model_of_then_is_used_where_it_is_still_installed() -> None:
    engines = InstalledEngines(Catalog())
    assert engines.sampler == "new"
    of_then = engines.with_models({"denoiser": "old@1234", "aligner": "clip@99", "relaxer": "gone@5", "odd": "x"})
    assert (of_then.sampler, of_then.aligner) == ("old", "clip")
    assert of_then.identities()["denoiser"].startswith("old@")
    assert engines.with_models({"denoiser": "new@other weights", "aligner": "away@1"}) is engines
    assert engines.sampler == "new", "the engines of the program stay as they are"
    assert of_then.with_models({"denoiser": "old@1234"}) is of_then


def test_that_the_environment_names_libraries_device_and_options_of_loaded_models() -> None:
    engines = InstalledEngines(Catalog())
    before = engines.environment()
    assert {"python", "torch", "numpy", "spglib", "device", "processor", "threads"} <= before.keys()
    assert "denoiser options" not in before
    assert engines.sampler
    assert engines.environment() == {**before, "denoiser options": "device auto, steps 50"}
