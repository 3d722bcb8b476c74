"""A sampler of crystals: starting states in, drawn crystals out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crystal_studio.domain.candidate import Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.ports.context import JobContext


@dataclass(frozen=True)
class StartState:
    """Where one draw begins.

    Attributes:
        start: noise, parent or prototype.
        origin: for a person, where it came from.
        crystal: what is noised to T·strength; None for pure noise.
        num_atoms: atoms to draw.
        species: one symbol per atom, None for an atom whose element the model chooses. Given symbols are clamped.
        allowed: elements a chosen atom may become (hard mask); empty for any but the excluded.
        excluded: elements no chosen atom may become.
        strength: alpha in (0, 1]; 1 for pure noise.
        share: of the votes for the prototype it starts from, None for any other start.
    """

    start: Start
    origin: str
    crystal: Crystal | None
    num_atoms: int
    species: tuple[str | None, ...]
    allowed: frozenset[str] = frozenset()
    excluded: frozenset[str] = frozenset()
    strength: float = 1.0
    share: float | None = None


@dataclass(frozen=True)
class SampleRequest:
    """One batch of draws under one text.

    Attributes:
        text: the pivot; "" for no condition.
        states: one per draw.
        seed: decides every random number of the batch.
        steps: denoising steps from T to 0 (fewer are taken from T·strength); None for the model's default.
        guidance: classifier-free guidance scale; None for the model's default.
    """

    text: str
    states: Sequence[StartState]
    seed: int
    steps: int | None = None
    guidance: float | None = None


class Sampler(Protocol):
    """Draws crystals conditioned on a text."""

    def sample(self, request: SampleRequest, context: JobContext) -> list[Crystal]:
        """Draw one crystal per start state, in order; in the cell choice and site order of its start crystal.

        Raises:
            JobCancelled: stopped between two denoising steps.
            Unavailable: weights are missing.
        """
