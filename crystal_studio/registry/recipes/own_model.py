"""A model with a card of ours: what `models pack` writes, what the trainers write, what a colleague copied."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelFile
from crystal_studio.registry.card_file import CARD_NAME, card_of
from crystal_studio.registry.found_files import FoundFile, FoundFiles
from crystal_studio.registry.plain_config import names_code
from crystal_studio.registry.recipe import Part, Recipe
from crystal_studio.registry.recipes.gguf_model import gguf_header_of
from crystal_studio.registry.recipes.language_model import header_of
from crystal_studio.registry.resolve import is_declared
from crystal_studio.registry.strict_json import strict_object

_MOST_CARD_BYTES, _MOST_JSON_BYTES = 1_000_000, 100_000_000
_OURS, _FACTORY = "crystal_studio.engines.", ":create"
# It speaks to another program by URL: that is for a person to set up by hand.
_NEVER_IMPORTED = ("crystal_studio.engines.llm.server:",)
_WITHOUT_HASH = "0" * 64


def own_model(found: FoundFiles, model_id: str | None) -> Recipe:
    """Recognise one.

    Args:
        found: the files.
        model_id: its id here, None for the card's own.

    Raises:
        UserCorrectable: the card is wrong, names what is not allowed, or a file is missing, damaged or unsafe.
    """
    path = found.needed(CARD_NAME)
    try:
        card = card_of(path.content(_MOST_CARD_BYTES), path.path, is_in_place=False)
    except Unavailable as error:
        raise UserCorrectable(str(error)) from error
    _check_backend(card, path.path)
    _check_options(card, path.path)
    parts = tuple(_part(found, file) for file in card.files)
    if len({part.name for part in parts}) != len(parts):
        raise UserCorrectable(f"The card {path.path} names a file twice. Get the model again.")
    for part in parts:
        _check_content(part.found)
    made = replace(
        card,
        id=model_id or card.id,
        files=(),
        sources=tuple(source for source in card.sources if source["type"] != "folder"),
        provenance={key: value for key, value in card.provenance.items() if key != "how_to_install"},
        default=False,
        folder=Path(),
    )
    stripped = ((path.path, "its wish to be the default is left out"),) if card.default else ()
    what = f"{card.id} {card.version}, a model of the kind '{card.kind}' with a card of Crystal Studio"
    return Recipe(made, what, parts, stripped)


def is_same_model(first: ModelCard, second: ModelCard) -> bool:
    """Whether two cards tell of one model, wherever they lie and whichever is the default."""
    return _comparable(first) == _comparable(second)


def _comparable(card: ModelCard) -> str:
    sources = tuple(source for source in card.sources if source["type"] != "folder")
    provenance = {key: value for key, value in card.provenance.items() if key != "how_to_install"}
    return card_to_toml(replace(card, sources=sources, provenance=provenance, default=False))


def _part(found: FoundFiles, file: ModelFile) -> Part:
    """A file with the hash that it has to have."""
    lying = found.needed(str(PurePosixPath(file.path)))
    return Part(file.path, replace(lying, sha256=file.sha256))


def _check_backend(card: ModelCard, path: Path) -> None:
    is_ours = card.backend.startswith(_OURS) and card.backend.endswith(_FACTORY)
    if card.backend.startswith(_NEVER_IMPORTED) or not (is_ours or is_declared(card.backend)):
        raise UserCorrectable(
            f"The card {path} asks to run '{card.backend[:80]}', which an imported model may not. "
            "Only engines of Crystal Studio that open no connection may be named."
        )


def _check_options(card: ModelCard, path: Path) -> None:
    """No option of an imported card leads out of its folder or to an address."""
    for text in _texts(card.options):
        parts = PurePosixPath(text.replace("\\", "/")).parts
        if "://" in text or ".." in parts or text.startswith(("/", "\\", "~")) or text[1:2] == ":":
            raise UserCorrectable(f"The card {path} has an option that leads elsewhere ({text[:60]!r}). Remove it.")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _check_content(file: FoundFile) -> None:
    """What the file's ending promises is what it holds, and nothing in it names code."""
    if file.name.endswith(".safetensors"):
        header_of(file)
    elif file.name.endswith(".gguf"):
        if gguf_header_of(file).template_patches:
            raise UserCorrectable(
                f"'{file.name}' holds a chat template. Import the GGUF file itself, which removes it."
            )
    elif file.name.endswith(".json"):
        named = names_code(strict_object(file.content(_MOST_JSON_BYTES), file.name))
        if named:
            raise UserCorrectable(f"'{file.name}' holds '{named}', which names code. It is no file of Crystal Studio.")
