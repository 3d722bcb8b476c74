"""Installed models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def verify(self, card: ModelCard) -> None:
        """Check every file's SHA-256.

        Raises:
            Unavailable: a file is missing or its hash is wrong.
        """

    def load(self, card: ModelCard) -> Any:
        """Verify, then call the backend's factory once; later calls return the same object."""

    def release(self, card: ModelCard) -> None:
        """Forget a loaded model, so that its memory is free once nobody uses it any more."""
