"""A draw on its way to a crystal: out of noise, or written atom by atom."""

from __future__ import annotations

from dataclasses import dataclass

from crystal_studio.domain.crystal import Crystal


@dataclass(frozen=True)
class Frame:
    """One draw at one step.

    Attributes:
        draw: index of the draw in its round, counted over all batches.
        step: denoising steps done; tokens written.
        steps: denoising steps in all; the most tokens that may be written.
        crystal: the unfinished crystal; one that is written has more atoms in each frame than in the one before.
        is_written: whether a language model writes it.
    """

    draw: int
    step: int
    steps: int
    crystal: Crystal
    is_written: bool = False
