"""What the chat begins with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from crystal_studio.domain.sampling_engine import SamplingEngine


class SeedMode(StrEnum):
    """Where the seed of a message comes from."""

    RANDOM = "new"
    FIXED = "fixed"
    NEXT = "next"


@dataclass(frozen=True)
class ChatSettings:
    """Defaults of the message box.

    Attributes:
        candidates: N.
        strength: denoising strength alpha in (0, 1].
        seed_mode: "new", "fixed" or "next".
        seed: of the modes that use one.
        draft: what was typed and not sent when the project was last open.
        engine: which model draws.
    """

    candidates: int = 10
    strength: float = 0.1
    seed_mode: SeedMode = SeedMode.RANDOM
    seed: int = 0
    draft: str = ""
    engine: SamplingEngine = SamplingEngine.DIFFUSION
