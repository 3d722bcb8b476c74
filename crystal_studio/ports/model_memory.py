"""What is remembered about models from one start to the next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.trial import Trial


class ModelMemory(Protocol):
    """The person's choice of models, and what was measured and verified on this machine.

    What cannot be read of it counts as never remembered.
    """

    def chosen(self) -> Mapping[ModelKind, str]:
        """Kind -> id of the model that the person chose for the job."""

    def choose(self, kind: ModelKind, model_id: str | None) -> None:
        """Let a model do the job from now on; None for the usual one.

        Raises:
            UserCorrectable: the choice cannot be written.
        """

    def trial(self, card: ModelCard) -> Trial | None:
        """The last trial of these very files on this machine."""

    def remember_trial(self, card: ModelCard, trial: Trial) -> None:
        """Keep a trial; it is lost, and nothing else, where it cannot be written."""

    def is_checked(self, card: ModelCard) -> bool:
        """Whether these files were verified and have neither another size nor another time since."""

    def remember_check(self, card: ModelCard) -> None:
        """Keep that the files were just verified; it is lost, and nothing else, where it cannot be written."""
