"""Published files that a shipped card knows by their hash, such as MatGL's MEGNet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from crystal_studio.domain.model_card import ModelCard
from crystal_studio.ports.context import JobContext
from crystal_studio.registry.converting import run_converter
from crystal_studio.registry.found_files import FoundFile, FoundFiles
from crystal_studio.registry.integrity import sha256_of
from crystal_studio.registry.recipe import Part, Recipe

_OURS = "crystal_studio.engines."


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
