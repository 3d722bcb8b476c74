"""A language model that writes pivots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crystal_studio.domain.intent import Limits
from crystal_studio.ports.context import JobContext


@dataclass(frozen=True)
class WritingTask:
    """What is to be written.

    Attributes:
        message: the wish or feedback.
        description: Robocrystallographer's text of the parent, None in the first round.
        predicted: predicted values of the parent, such as {"band gap": "1.80 eV"}; empty in the first round.
        limits: hard limits; a model with constrained decoding cannot write a formula that breaks them.
        complaints: what was wrong with the previous attempt, for the one repair.
    """

    message: str
    limits: Limits
    description: str | None = None
    predicted: tuple[tuple[str, str], ...] = ()
    complaints: Sequence[str] = ()


class LanguageModel(Protocol):
    """Writes the pivot for a wish, or rewrites it after feedback."""

    @property
    def identity(self) -> str:
        """Name of the model and its adapter, shown on each message."""

    def write_pivots(self, task: WritingTask, count: int, seed: int, context: JobContext) -> list[str]:
        """Write `count` alternative pivot texts in one batch (unchecked); the first is the model's likeliest.

        Raises:
            Unavailable: weights or libraries are missing.
            JobCancelled: stopped between two tokens.
        """
