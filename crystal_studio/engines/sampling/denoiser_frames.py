"""What a batch looks like on its way, for those who watch.

Shapes: B draws, N atoms (padded).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.diffusion.process import Crystals
from crystal_studio.engines.sampling.denoiser_states import Starts, in_their_cells, to_crystals
from crystal_studio.ports.sampler import StartState

MOST_FRAMES = 20  # of a draw


class FrameMaker:
    """Makes frames of a batch now and then; draws no random number.

    Args:
        states: starts of the batch.
        starts: their tensors.
        first_draw: number of the batch's first draw in its request.
    """

    def __init__(self, states: Sequence[StartState], starts: Starts, first_draw: int) -> None:
        self._states = states
        self._starts = starts
        self._first_draw = first_draw
        self._steps = 0

    def is_due(self, step: int, steps: int) -> bool:
        """Whether a frame is made of this step: one of every few, so that all are at most `MOST_FRAMES`."""
        self._steps = steps
        return step % -(-steps // (MOST_FRAMES - 1)) == 0

    def unfinished(self, step: int, steps: int, crystals: Crystals) -> tuple[Frame, ...]:
        """Every draw of the batch after `step` steps.

        An atom without an element shows what it was in its start, or else the lightest element that it may become.
        """
        species_BN = torch.where(crystals.species_BN > 0, crystals.species_BN, self._stand_ins_BN)
        shown = replace(crystals, species_BN=species_BN)
        return self._frames(step, steps, in_their_cells(to_crystals(shown), self._states, self._starts))

    def finished(self, drawn: Sequence[Crystal]) -> tuple[Frame, ...]:
        """The last frames: what was drawn."""
        return self._frames(self._steps, self._steps, drawn)

    @property
    def _stand_ins_BN(self) -> Tensor:
        own_BN = self._starts.clean.species_BN
        return torch.where(own_BN > 0, own_BN, self._starts.allowed_BNC.int().argmax(-1))

    def _frames(self, step: int, steps: int, crystals: Sequence[Crystal]) -> tuple[Frame, ...]:
        return tuple(Frame(self._first_draw + row, step, steps, crystal) for row, crystal in enumerate(crystals))
