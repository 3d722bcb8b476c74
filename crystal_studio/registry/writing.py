"""Writing the files of a recognised model, hashed on their way."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelFile
from crystal_studio.domain.model_import import ImportMode
from crystal_studio.ports.context import JobContext
from crystal_studio.registry.card_file import CARD_NAME, read_card
from crystal_studio.registry.disk import settle, settle_file
from crystal_studio.registry.found_files import FoundFile
from crystal_studio.registry.integrity import verify_files
from crystal_studio.registry.recipe import Part, Recipe

_CHUNK_BYTES = 1 << 22


@dataclass
class ModelWriter:
    """Writes one recipe into a new folder.

    Attributes:
        recipe: what to write.
        mode: COPY or LINK write it; DRY_RUN reads and hashes everything and writes nothing.
        context: told the progress; asked whether to go on.
    """

    recipe: Recipe
    mode: ImportMode
    context: JobContext
    read_bytes: int = 0

    def write(self, folder: Path) -> ModelCard:
        """The card, with its files beside it.

        Args:
            folder: not there yet, its parent is; called like the model in a folder called like its kind.

        Raises:
            UserCorrectable: a file cannot be read, has changed or is not the one that was promised.
            OSError: the disk cannot be written to.
            JobCancelled: the person stopped.
        """
        if self.mode is ImportMode.DRY_RUN:
            return replace(self.recipe.card, files=tuple(map(self._written_nowhere, self.recipe.parts)), folder=folder)
        if self.recipe.conversion is not None:
            self.recipe.conversion(folder, self.context)
        else:
            folder.mkdir()
            self._assemble(folder)
        return _checked(folder)

    def _assemble(self, folder: Path) -> None:
        files = tuple(self._written(part, folder / part.name) for part in self.recipe.parts)
        linked = {
            str(part.found.real.parent) for part in self.recipe.parts if self._is_linked(part) and part.found.real
        }
        sources = tuple({"type": "folder", "path": path} for path in sorted(linked))
        _write_card(folder, replace(self.recipe.card, files=files, sources=(*self.recipe.card.sources, *sources)))

    def _is_linked(self, part: Part) -> bool:
        return self.mode is ImportMode.LINK and not part.is_changed

    def _written(self, part: Part, path: Path) -> ModelFile:
        path.parent.mkdir(parents=True, exist_ok=True)
        if self._is_linked(part) and part.found.real is not None:
            path.symlink_to(part.found.real)
            return self._written_nowhere(part)
        with path.open("xb") as file:
            digest = self._streamed(part, file.write)
            settle_file(file)
        return ModelFile(part.name, digest)

    def _written_nowhere(self, part: Part) -> ModelFile:
        return ModelFile(part.name, self._streamed(part, lambda chunk: None))

    def _streamed(self, part: Part, write: Callable[[bytes], object]) -> str:
        """The SHA-256 of what was written."""
        if part.text is not None:
            write(part.text)
            return hashlib.sha256(part.text).hexdigest()
        read, written, at = hashlib.sha256(), hashlib.sha256(), 0
        for chunk in _chunks(part.found):
            self.context.check_cancelled()
            read.update(chunk)
            patched = _patched(chunk, at, part.patches)
            if part.patches:
                written.update(patched)
            write(patched)
            at += len(chunk)
            self._tell(len(chunk), part.name)
        if at != part.found.size:
            raise UserCorrectable(
                f"{part.found.path} changed while it was read. Wait until it is whole, then try again."
            )
        if part.found.sha256 not in (None, read.hexdigest()):
            raise UserCorrectable(
                f"{part.found.path} is damaged: its SHA-256 is not the one that it was published with. Fetch it again."
            )
        return (written if part.patches else read).hexdigest()

    def _tell(self, num_bytes: int, name: str) -> None:
        self.read_bytes += num_bytes
        self.context.progress("importing", min(1.0, self.read_bytes / max(1, self.recipe.size_bytes)), name)


def rewrite_card(folder: Path, recipe: Recipe) -> ModelCard:
    """Put the recipe's card in place of the one that came with a folder's files.

    Raises:
        UserCorrectable: the files are not the ones that the card names.
        OSError: the disk cannot be written to.
    """
    files = tuple(ModelFile(part.name, part.found.sha256 or "") for part in recipe.parts)
    (folder / CARD_NAME).unlink()
    _write_card(folder, replace(recipe.card, files=files))
    return _checked(folder)


def _write_card(folder: Path, card: ModelCard) -> None:
    with (folder / CARD_NAME).open("x", encoding="utf-8") as file:
        file.write(card_to_toml(card))
        settle_file(file)
    settle(folder)


def _chunks(found: FoundFile) -> Iterator[bytes]:
    try:
        with found.opened() as file:
            while chunk := file.read(_CHUNK_BYTES):
                yield chunk
    except (OSError, zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UserCorrectable(f"{found.path} cannot be read ({error}). Check the disk, or fetch it again.") from error


def _patched(chunk: bytes, at: int, patches: tuple[tuple[int, bytes], ...]) -> bytes:
    """A piece of a file that begins at `at`, with what the patches say of it."""
    for position, text in patches:
        begin, end = max(position, at), min(position + len(text), at + len(chunk))
        if begin < end:
            chunk = chunk[: begin - at] + text[begin - position : end - position] + chunk[end - at :]
    return chunk


def _checked(folder: Path) -> ModelCard:
    """The card as the catalogue will read it, its files verified."""
    try:
        card = read_card(folder / CARD_NAME)
        verify_files(card)
    except Unavailable as error:
        raise UserCorrectable(f"What was written is not whole: {error}") from error
    return card
