"""Published files that a shipped card knows by their hash, such as MatGL's MEGNet; MatGL's others are told by name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.ports.context import JobContext
from crystal_studio.registry.converting import run_converter
from crystal_studio.registry.found_files import FoundFile, FoundFiles
from crystal_studio.registry.integrity import sha256_of
from crystal_studio.registry.recipe import Part, Recipe
from crystal_studio.registry.strict_json import strict_object

MATGL_CONFIG, MATGL_WEIGHTS = "model.json", "state.pt"
_MOST_CONFIG_BYTES = 1_000_000


@dataclass(frozen=True)
class PublishedRecipes:
    """Recognises what the cards of optional models wait for.

    Attributes:
        awaited: cards that say how to get their files.
    """

    awaited: Sequence[ModelCard]

    def matching(self, found: FoundFiles) -> Recipe | None:
        """The recipe for a folder that holds the very file that a card names; None for any other folder."""
        for card in self.awaited:
            file = _published_file(card, found)
            if file is not None and file.real is not None:
                return _recipe(card, file)
        return None


def matgl_model(found: FoundFiles, model_id: str) -> Recipe:
    """Refuse a model of MatGL that no card waits for, by its name rather than as some pickle.

    Raises:
        UserCorrectable: always.
    """
    table = strict_object(found.needed(MATGL_CONFIG).content(_MOST_CONFIG_BYTES), MATGL_CONFIG)
    inner = table.get("kwargs", {})
    named = inner.get("model", table) if isinstance(inner, dict) else table
    network = named.get("@class") if isinstance(named, dict) else None
    if not isinstance(network, str) or not re.fullmatch(r"\w{1,40}", network):
        raise UserCorrectable(f"'{MATGL_CONFIG}' does not say which network '{MATGL_WEIGHTS}' is of. Fetch both again.")
    raise UserCorrectable(
        f"{found.place} holds a {network} of MatGL: no network that the studio knows, or not in the version that it "
        f"knows. '{MATGL_WEIGHTS}' is a pickle and stays closed. `crystal-studio models offers` names what can be."
    )


def _published_file(card: ModelCard, found: FoundFiles) -> FoundFile | None:
    for source in card.sources:
        file = found.files.get(PurePosixPath(source.get("file", "")).name)
        if file is not None and file.real is not None and sha256_of(file.real) == source.get("sha256"):
            return file
    return None


def _recipe(card: ModelCard, file: FoundFile) -> Recipe:
    module = f"{card.backend.partition(':')[0]}_import"

    def conversion(target: Path, context: JobContext) -> None:
        run_converter(module, (file.path.parent, card.folder, target), context)

    made = replace(card, files=(), default=False, folder=Path())
    return Recipe(made, f"{card.id} {card.version}, as it was published", (Part(file.name, file),), (), conversion)
