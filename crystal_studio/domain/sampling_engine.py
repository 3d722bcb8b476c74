"""Which engine draws the candidates of a round."""

from __future__ import annotations

from enum import StrEnum


class SamplingEngine(StrEnum):
    """The choice a person has: the diffusion model, the language model that writes crystals, or both in competition."""

    DIFFUSION = "diffusion"
    CRYSTEXT = "crystext"
    BOTH = "both"
