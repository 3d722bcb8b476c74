"""What lies at a place, told by reading it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.registry.card_file import CARD_NAME
from crystal_studio.registry.found_files import FoundFiles, files_at
from crystal_studio.registry.recipe import PICKLED_SUFFIXES, Recipe, model_id_of
from crystal_studio.registry.recipes import adapter, checkpoint, gguf_model, language_model
from crystal_studio.registry.recipes.own_model import own_model
from crystal_studio.registry.recipes.published import MATGL_CONFIG, MATGL_WEIGHTS, PublishedRecipes, matgl_model

_PACKED = (".tar", ".zip")


class Recogniser:
    """Tells models by their files.

    Args:
        cards: what has a card here already.
        offers: the catalogue; an adapter under the id of a writer of crystals becomes one.
    """

    def __init__(self, cards: Sequence[ModelCard], offers: Sequence[ModelOffer]) -> None:
        installed = [card for card in cards if card.is_installed]
        self._published = PublishedRecipes([card for card in cards if card.how_to_install])
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
        names = [*found.files, *found.refused]
        for is_it, recogniser in (
            (adapter.CONFIG in names, self._adapters.adapter),
            ({MATGL_CONFIG, MATGL_WEIGHTS} <= set(names), matgl_model),
            (_has(names, ".gguf") and not _has(names, ".safetensors"), gguf_model.gguf_model),
            (_has(names, ".ckpt") and not _has(names, ".safetensors"), checkpoint.checkpoint),
            (language_model.CONFIG in names, language_model.language_model),
            (_has(names, *checkpoint.SUFFIXES), checkpoint.checkpoint),
        ):
            if is_it:
                return recogniser(found, model_id)
        raise UserCorrectable(f"{found.place} holds no model that can be told by its files. {_hint(names)}")


def _has(names: Sequence[str], *endings: str) -> bool:
    return any(name.endswith(endings) for name in names)


def _hint(names: Sequence[str]) -> str:
    pickled = next((name for name in names if name.endswith(tuple(PICKLED_SUFFIXES))), None)
    if pickled:
        return f"'{pickled}' is a pickle, which could hold code: fetch the model as safetensors or GGUF."
    if _has(names, ".safetensors"):
        return "Name the folder that holds the config.json or adapter_config.json beside the weights."
    return "Name a folder with a model.toml, config.json or adapter_config.json, a GGUF file, a wheel or a checkpoint."
