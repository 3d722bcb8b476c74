"""Installed models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from crystal_studio.domain.errors import Unavailable
from crystal_studio.domain.model_card import ModelCard, ModelKind


class ModelCatalog(Protocol):
    """Finds, verifies and loads models."""

    def cards(self) -> Sequence[ModelCard]:
        """Every card found, shipped and installed."""

    def complaints(self) -> Mapping[Path, Unavailable]:
        """Card file -> why it was left out."""

    def refresh(self) -> None:
        """Look again at what is installed."""

    def is_shipped(self, card: ModelCard) -> bool:
        """Whether a card came with the program."""

    def default(self, kind: ModelKind, model_id: str | None = None) -> ModelCard:
        """The card for a job: the one named, else the default.

        Raises:
            Unavailable: none is installed; says which command fetches one.
        """

    def foundations(self, card: ModelCard) -> Sequence[ModelCard]:
        """The models that one builds on; nothing of them is read but their cards.

        Raises:
            Unavailable: one is not installed; says what to do.
        """

    def verify(self, card: ModelCard, on_bytes: Callable[[int], object] | None = None) -> None:
        """Check every file's SHA-256.

        Args:
            card: whose files, and those of the models it builds on.
            on_bytes: told how many bytes were hashed, every few MB; what it raises ends the check.

        Raises:
            Unavailable: a file is missing or its hash is wrong.
        """

    def load(self, card: ModelCard) -> Any:
        """Verify, then call the backend's factory once; later calls return the same object."""

    def release(self, card: ModelCard) -> None:
        """Forget a loaded model, so that its memory is free once nobody uses it any more."""
