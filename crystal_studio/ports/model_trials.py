"""Trying models in a process of their own, which may run out of memory, crash or hang."""

from __future__ import annotations

from typing import Protocol

from crystal_studio.domain.model_card import ModelCard
from crystal_studio.domain.trial import SelfTest, Trial
from crystal_studio.ports.context import JobContext


class ModelTrials(Protocol):
    """Starts such processes; none outlives the call."""

    def try_model(self, card: ModelCard, context: JobContext) -> Trial:
        """Have a model do its part of a design round.

        Raises:
            UserCorrectable: the model does nothing by itself.
            Unavailable: it cannot be loaded, or its process died or took too long; says what to do.
            JobCancelled: the person stopped.
        """

    def self_test(self, context: JobContext) -> SelfTest:
        """Run a tiny design round on the models in use, its halves at once; what fails is told in the result.

        Raises:
            JobCancelled: the person stopped.
        """
