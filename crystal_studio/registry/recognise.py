"""What lies at a place, told by reading it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.registry.card_file import CARD_NAME
from crystal_studio.registry.found_files import FoundFiles, files_at
from crystal_studio.registry.recipe import PICKLED_SUFFIXES, Recipe, model_id_of
from crystal_studio.registry.recipes import adapter, checkpoint, gguf_model, language_model
from crystal_studio.registry.recipes.own_model import own_model
from crystal_studio.registry.recipes.published import PublishedRecipes

_PACKED = (".tar", ".zip")


class Recogniser:
    """Tells models by their files.

    Args:
        cards: what has a card here already.
        offers: the catalogue; an adapter under the id of a writer of crystals becomes one.
    """

    def __init__(self, cards: Sequence[ModelCard], offers: Sequence[ModelOffer]) -> None:
        installed = [card for card in cards if card.is_installed]
        self._published = PublishedRecipes([card for card in cards if card.how_to_install and not card.is_installed])
        self._adapters = adapter.AdapterRecipes(
            frozenset(offer.id for offer in offers if offer.kind is ModelKind.CRYSTAL_WRITER),
            [card for card in installed if card.kind is ModelKind.LANGUAGE_MODEL],
        )

    def recipe(self, place: Path, asked: str | None) -> tuple[FoundFiles, Recipe]:
        """What is there, and what to do with it.

        Raises:
            UserCorrectable: it is no model, or not a safe one; names the file.
        """
        if place.suffix.lower() in _PACKED and place.is_file():
            raise UserCorrectable(f"{place} is a packed file. Use `crystal-studio models unpack`.")
        found = files_at(place)
        return found, self._recipe(found, asked)

    def _recipe(self, found: FoundFiles, asked: str | None) -> Recipe:
        model_id = model_id_of(found.name, asked)
        if CARD_NAME in found.files or CARD_NAME in found.refused:
            return own_model(found, asked and model_id)
        published = self._published.matching(found)
        if published is not None:
            return published
        for sign, recogniser in (
            (adapter.CONFIG, self._adapters.adapter),
            (language_model.CONFIG, language_model.language_model),
        ):
            if sign in found.files or sign in found.refused:
                return recogniser(found, model_id)
        names = [*found.files, *found.refused]
        if any(name.endswith(".gguf") for name in names):
            return gguf_model.gguf_model(found, model_id)
        if any(name.endswith(checkpoint.SUFFIXES) for name in names):
            return checkpoint.checkpoint(found, model_id)
        raise UserCorrectable(f"{found.place} holds no model that can be told by its files. {_hint(names)}")


def _hint(names: Sequence[str]) -> str:
    pickled = next(_ending_in(names, tuple(PICKLED_SUFFIXES)), None)
    if pickled:
        return f"'{pickled}' is a pickle, which could hold code: fetch the model as safetensors or GGUF."
    if next(_ending_in(names, (".safetensors",)), None):
        return "Name the folder that holds the config.json or adapter_config.json beside the weights."
    return "Name a folder with a model.toml, config.json or adapter_config.json, a GGUF file, a wheel or a checkpoint."


def _ending_in(names: Sequence[str], endings: tuple[str, ...]) -> Iterator[str]:
    return (name for name in names if name.endswith(endings))
