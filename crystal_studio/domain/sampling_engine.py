"""Which engine draws the candidates of a round."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any


class SamplingEngine(StrEnum):
    """The choice a person has: the diffusion model, the language model that writes crystals, or both in competition."""

    DIFFUSION = "diffusion"
    CRYSTEXT = "crystext"
    BOTH = "both"

    @classmethod
    def of_round(cls, parameters: Mapping[str, Any]) -> SamplingEngine:
        """The engine of a round by what is stored with its node; older programs knew the diffusion model alone."""
        request = parameters.get("request")
        named = request.get("engine") if isinstance(request, Mapping) else None
        return next((engine for engine in cls if engine == named), cls.DIFFUSION)
