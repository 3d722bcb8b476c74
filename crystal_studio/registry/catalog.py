"""The catalogue: every model card found, verified and loaded on demand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import RLock
from typing import Any

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.registry.card_file import CARD_NAME, read_card
from crystal_studio.registry.choices import read_choices
from crystal_studio.registry.integrity import OnBytes, verify_files
from crystal_studio.registry.references import REFERENCE, foundation_ids
from crystal_studio.registry.resolve import factory_of

# Too large to ship; all other models lie in the repository.
_FETCHED = frozenset({ModelKind.LANGUAGE_MODEL})
CACHE_FOLDER = "cache_folder"


@dataclass(frozen=True)
class _Shelf:
    """What was found: cards by (kind, id), and the complaints about the cards that could not be read."""

    cards: Mapping[tuple[ModelKind, str], ModelCard]
    complaints: Mapping[Path, Unavailable]


class FolderCatalog:
    """Implements `ports.model_catalog.ModelCatalog` over folders of cards.

    Args:
        folders: searched in order; a later folder's card counts for more than an earlier one's.
        cache: where engines may keep what they can compute again, handed to them as the option `CACHE_FOLDER`.
    """

    def __init__(self, folders: Sequence[Path], cache: Path | None = None) -> None:
        self._folders = tuple(folders)
        self._cache = cache
        self._loaded: dict[tuple[ModelKind, str], Any] = {}
        self._loading = RLock()

    def cards(self) -> Sequence[ModelCard]:
        """Every readable card, by kind and id."""
        return [self._shelf.cards[key] for key in sorted(self._shelf.cards)]

    def complaints(self) -> Mapping[Path, Unavailable]:
        """Card file -> why it was left out."""
        return self._shelf.complaints

    def refresh(self) -> None:
        """Look at the folders again, after a model was added or removed; what is unchanged stays loaded."""
        before = self._shelf.cards
        self.__dict__.pop("_shelf", None)
        with self._loading:
            for key in [key for key in self._loaded if self._shelf.cards.get(key) != before.get(key)]:
                del self._loaded[key]

    def is_shipped(self, card: ModelCard) -> bool:
        """Whether a card came with the program."""
        return card.folder.is_relative_to(self._folders[0])

    def default(self, kind: ModelKind, model_id: str | None = None) -> ModelCard:
        """The card for a job: the one named, else the one the person chose, else the default, else the only one.

        Raises:
            Unavailable: none is installed, or several and no default.
        """
        found = [card for card in self.cards() if card.kind is kind]
        if model_id is not None:
            installed = ", ".join(card.id for card in found) or "none"
            return self._named(model_id, found, f" for the job '{kind}' (installed: {installed})")
        if not found:
            raise self._missing(kind)
        wanted = read_choices(self._folders[-1]).get(kind)
        for card in found:
            if card.id == wanted and card.is_installed:
                return card
        # The person's folder comes last, so their default outranks the shipped one.
        chosen = [card for card in sorted(found, key=self._precedence) if card.default] or found
        if len(chosen) > 1 and not chosen[-1].default:
            names = ", ".join(card.id for card in chosen)
            raise Unavailable(f"Several models can do the job '{kind}' ({names}). Mark one as default in its card.")
        return chosen[-1]

    def foundations(self, card: ModelCard) -> Sequence[ModelCard]:
        """The models that one builds on; nothing of them is read but their cards.

        Raises:
            Unavailable: one is not installed; says what to do.
        """
        with _named_as_foundation_of(card):
            return [self._named(name, self.cards(), "") for name in foundation_ids(card)]

    def verify(self, card: ModelCard, on_bytes: OnBytes | None = None) -> None:
        """Check every file's SHA-256, and those of the cards it refers to.

        Args:
            card: whose files.
            on_bytes: told how many bytes were hashed, every few MB; what it raises ends the check.

        Raises:
            Unavailable: a file is missing or its hash is wrong.
        """
        verify_files(card, on_bytes)
        self._resolved(card, card.options, on_bytes)

    def load(self, card: ModelCard) -> Any:
        """Verify, then call the backend's factory once; later calls return the same object.

        Raises:
            Unavailable: as `verify`, or the backend cannot be used.
        """
        key = (card.kind, card.id)
        with self._loading:
            if key not in self._loaded:
                verify_files(card)
                options = {**self._resolved(card, card.options), **self._handed}
                self._loaded[key] = factory_of(card)(card.folder, options)
            return self._loaded[key]

    def release(self, card: ModelCard) -> None:
        """Forget a loaded model, so that its memory is free once nobody uses it any more."""
        with self._loading:
            self._loaded.pop((card.kind, card.id), None)

    @property
    def _handed(self) -> dict[str, Any]:
        """Options that are not a card's to set."""
        return {} if self._cache is None else {CACHE_FOLDER: self._cache}

    @cached_property
    def _shelf(self) -> _Shelf:
        cards: dict[tuple[ModelKind, str], ModelCard] = {}
        complaints: dict[Path, Unavailable] = {}
        for folder in self._folders:
            for path in _card_files(folder):
                try:
                    card = read_card(path)
                except Unavailable as error:
                    complaints[path] = error
                else:
                    cards[card.kind, card.id] = card
        return _Shelf(cards, complaints)

    def _named(self, model_id: str, among: Sequence[ModelCard], job: str) -> ModelCard:
        for card in among:
            if card.id == model_id:
                return card
        for path, complaint in self.complaints().items():
            if path.parent.name == model_id:
                raise complaint
        raise Unavailable(
            f"The model '{model_id}' is not installed{job}. Run `bash installer/studio` once while online to fetch the "
            "default models, or import it: `crystal-studio models offers` names some, and how."
        )

    def _missing(self, kind: ModelKind) -> Unavailable:
        for path, complaint in self.complaints().items():
            if path.parent.parent.name == kind.value:
                return complaint
        if kind in _FETCHED:
            remedy = "Run `bash installer/studio` once while online to fetch it, or `crystal-studio models import` one."
        else:
            remedy = f"It ships in {self._folders[0]}: get that folder again, or train one with `crystal-studio train`."
        return Unavailable(f"No model for the job '{kind}' is installed. {remedy}")

    def _precedence(self, card: ModelCard) -> int:
        return max(index for index, folder in enumerate(self._folders) if card.folder.is_relative_to(folder))

    def _resolved(self, card: ModelCard, value: Any, on_bytes: OnBytes | None = None) -> Any:
        """Options with each ``{ref = "id"}`` replaced by the folder of that card, its files verified."""
        if isinstance(value, Mapping):
            if value.keys() == {REFERENCE}:
                return self._referenced_folder(card, value[REFERENCE], on_bytes)
            return {name: self._resolved(card, item, on_bytes) for name, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(card, item, on_bytes) for item in value]
        return value

    def _referenced_folder(self, card: ModelCard, model_id: object, on_bytes: OnBytes | None) -> Path:
        with _named_as_foundation_of(card):
            referenced = self._named(str(model_id), self.cards(), "")
            verify_files(referenced, on_bytes)
        return referenced.folder


@contextmanager
def _named_as_foundation_of(card: ModelCard) -> Iterator[None]:
    """Say for which model another one is missing or damaged."""
    try:
        yield
    except Unavailable as error:
        raise Unavailable(f"The model {card.id} builds on another. {error}") from error


def _card_files(folder: Path) -> list[Path]:
    """Cards in a folder; a name with a leading dot is a model still being written."""
    return [path for path in sorted(folder.glob(f"*/*/{CARD_NAME}")) if not path.parent.name.startswith(".")]
