"""The plan of devices is carried out: a model is loaded where it was put, and leaves the card in its turn."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Sequence
from typing import Any

import pytest

from crystal_studio.app.card_sharing import CardSharing
from crystal_studio.app.wiring import InstalledEngines
from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.machine import Card, Machine
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind


class Engine:
    """Something loaded."""

    def __init__(self, card: ModelCard) -> None:
        self.card = card


def card(kind: ModelKind, memory_mb: int, name: str = "") -> ModelCard:
    name = name or f"a-{kind}"
    files = (ModelFile("w", f"{name:>012}"),)
    return ModelCard(name, kind, "1", "m:f", files, options={"device": "auto"}, memory_mb=memory_mb, default=True)


class Catalog:
    """Loads engines, and tells which are alive."""

    def __init__(self, *cards: ModelCard) -> None:
        self.installed = list(cards)
        self._loaded: dict[ModelCard, Engine] = {}
        self.made: list[weakref.ref[Engine]] = []

    def cards(self) -> Sequence[ModelCard]:
        return self.installed

    def refresh(self) -> None:
        self.is_fresh = True

    def default(self, kind: ModelKind, model_id: str | None = None) -> ModelCard:
        for one in self.installed:
            if one.kind is kind and model_id in (None, one.id):
                return one
        raise Unavailable(f"There is no {kind}.")

    def load(self, card: ModelCard) -> Any:
        key = (card.kind, card.id)
        if key not in self._loaded:
            self._loaded[key] = Engine(card)
            self.made.append(weakref.ref(self._loaded[key]))
        return self._loaded[key]

    def release(self, card: ModelCard) -> None:
        self._loaded.pop((card.kind, card.id), None)

    @property
    def alive(self) -> list[str]:
        gc.collect()
        return [found.card.id for one in self.made if (found := one()) is not None]


def machine(*cards_mb: int) -> Machine:
    return Machine(8, 32_000, 28_000, tuple(Card("Card", mb, mb, "580", "8.6") for mb in cards_mb))


def engines_on(here: Machine, *cards: ModelCard) -> tuple[InstalledEngines, Catalog]:
    catalog = Catalog(*cards)
    return InstalledEngines(catalog, sharing=CardSharing(catalog, lambda: here)), catalog


TALKER, SAMPLER = card(ModelKind.LANGUAGE_MODEL, 6_000), card(ModelKind.DENOISER, 5_000)
ALIGNER = card(ModelKind.ALIGNER, 200)


def test_that_a_model_too_large_for_the_card_is_told_to_use_the_processor() -> None:
    engines, _ = engines_on(machine(4_000), TALKER, ALIGNER)
    assert engines.language_model.card.options == {"device": "cpu"}
    assert engines.aligner.card.options == {"device": "auto"}
    assert "device cpu" in engines.environment()["language_model options"]


def test_that_without_a_card_nothing_is_told_to_the_models() -> None:
    engines, _ = engines_on(machine(), TALKER)
    assert engines.language_model.card is TALKER


def test_that_models_that_take_turns_are_never_both_loaded() -> None:
    engines, catalog = engines_on(machine(8_000), TALKER, SAMPLER, ALIGNER)
    assert engines.aligner.card.id == "a-aligner"
    for _ in range(2):
        assert engines.language_model.card.id == "a-language_model"
        assert set(catalog.alive) == {"a-aligner", "a-language_model"}
        assert engines.sampler.card.id == "a-denoiser"
        assert set(catalog.alive) == {"a-aligner", "a-denoiser"}
    assert len(catalog.made) == 5


def test_that_models_that_fit_together_stay_loaded() -> None:
    engines, catalog = engines_on(machine(24_000), TALKER, SAMPLER)
    for _ in range(2):
        assert (engines.language_model.card.id, engines.sampler.card.id) == ("a-language_model", "a-denoiser")
    assert len(catalog.made) == 2


def test_that_another_choice_makes_fresh_engines_and_frees_the_old_model() -> None:
    engines, catalog = engines_on(machine(), TALKER, SAMPLER)
    assert engines.refreshed() is engines, "nothing is loaded yet"
    assert (engines.language_model.card.id, engines.sampler.card.id) == ("a-language_model", "a-denoiser")
    assert engines.refreshed() is engines
    catalog.installed.insert(0, card(ModelKind.LANGUAGE_MODEL, 100, "other"))
    fresh = engines.refreshed()
    assert fresh is not engines
    assert catalog.alive == ["a-denoiser"]
    assert fresh.language_model.card.id == "other"
    assert fresh.sampler is engines.sampler


@pytest.mark.parametrize("kind", [ModelKind.LANGUAGE_MODEL, ModelKind.DENOISER])
def test_that_a_removed_model_is_not_used_any_longer(kind: ModelKind) -> None:
    engines, catalog = engines_on(machine(), TALKER, SAMPLER)
    assert (engines.language_model.card.id, engines.sampler.card.id) == ("a-language_model", "a-denoiser")
    catalog.installed = [one for one in catalog.installed if one.kind is not kind]
    fresh = engines.refreshed()
    with pytest.raises(Unavailable, match=f"no {kind}"):
        _ = fresh.language_model if kind is ModelKind.LANGUAGE_MODEL else fresh.sampler
