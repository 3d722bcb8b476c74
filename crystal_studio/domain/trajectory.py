"""A draw on its way from noise to crystal."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.crystal import Crystal


@dataclass(frozen=True)
class Frame:
    """One draw at one step.

    Attributes:
        draw: index of the draw in its round, counted over all batches.
        step: denoising steps done.
        steps: denoising steps in all.
        crystal: the unfinished crystal.
    """

    draw: int
    step: int
    steps: int
    crystal: Crystal
