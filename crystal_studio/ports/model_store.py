"""Models coming in and going out: import, removal, and packing for a memory stick."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from crystal_studio.domain.model_card import ModelCard
from crystal_studio.domain.model_import import ImportMode, ImportPlan
from crystal_studio.domain.model_offer import ModelOffer
from crystal_studio.ports.context import JobContext


class ModelStore(Protocol):
    """The folders of models, as far as they may be changed.

    Every model is installed whole or not at all, and no file that it brings is ever run or evaluated.
    """

    def plan(self, source: Path, model_id: str | None = None) -> ImportPlan:
        """Read what lies at a place (a folder, a hub's cache snapshot, a wheel, a GGUF file); nothing is changed.

        Args:
            source: where the model lies.
            model_id: its id here; None for one made of its name.

        Raises:
            UserCorrectable: it is no model, or not a safe one; names the file.
        """

    def install(self, plan: ImportPlan, mode: ImportMode, context: JobContext) -> ModelCard:
        """Take a planned model in, and give its card; with DRY_RUN, check its files and leave nothing behind.

        Raises:
            UserCorrectable: what lies there has changed, is damaged or unsafe; there is no room; the models folder is
                read-only; a model of that kind and id is there.
            JobCancelled: the person stopped; nothing of it is kept.
        """

    def remove(self, card: ModelCard) -> None:
        """Delete one of the person's models.

        Raises:
            UserCorrectable: it ships with the program, lies in a shared folder, another model builds on it, or the
                folder is read-only.
        """

    def pack(self, cards: Sequence[ModelCard], target: Path, context: JobContext) -> Path:
        """Write models, and those they build on, into one file with checksums; gives the file.

        Raises:
            UserCorrectable: the file is there, there is no room, or a model is damaged.
            JobCancelled: the person stopped; no file is left.
        """

    def unpack(self, file: Path, context: JobContext) -> tuple[ModelCard, ...]:
        """Take in every model of a packed file, all or none.

        Raises:
            UserCorrectable: it is no packed file, or damaged or unsafe; a model is there; no room; read-only.
            JobCancelled: the person stopped; nothing of it is kept.
        """

    def offers(self) -> tuple[ModelOffer, ...]:
        """Models that can be fetched where there is a network and imported here."""

    def writable(self, card: ModelCard) -> bool:
        """Whether the card lies in the person's own folder and may be changed."""
