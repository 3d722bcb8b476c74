"""A sampler that jitters its start."""

from __future__ import annotations

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.elements import SYMBOLS
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.fake.geometry import grid_crystal
from crystal_studio.engines.fake.script import Script
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.sampler import SampleRequest, StartState

_SPACING_ANGSTROM = 2.82  # half the cell edge of rock salt
_JITTER_ANGSTROM = 0.05
_DEFAULT_STEPS = 10
_MOST_FRAMES = 20
_FRAME_SPREAD = 0.3  # of the cell, at the first step


class FakeSampler:
    """Returns the start crystals moved a little; NaCl-like grids for noise.

    Attributes:
        script: lists of crystals, exceptions or stalls, one for each call.
        requests: every request received.
    """

    def __init__(self) -> None:
        self.script: Script[list[Crystal]] = Script()
        self.requests: list[SampleRequest] = []

    def sample(self, request: SampleRequest, context: JobContext) -> list[Crystal]:
        """Draw one crystal per start state, in order; one seed gives the same crystals.

        Raises:
            JobCancelled: stopped between two steps.
            UserCorrectable: no element is left for an atom.
        """
        self.requests.append(request)
        scripted = self.script.play(context)
        crystals = [_draw(state, request.seed, index) for index, state in enumerate(request.states)]
        drawn = crystals if scripted is None else scripted
        steps = request.steps or _DEFAULT_STEPS
        every = -(-steps // (_MOST_FRAMES - 1))
        for step in range(steps):
            context.check_cancelled()
            if step % every == 0:
                context.partial("frames", _frames(drawn, step, steps, request.seed))
            context.progress("sampling", (step + 1) / steps)
        context.partial("frames", _frames(drawn, steps, steps, request.seed))
        return drawn


def _draw(state: StartState, seed: int, index: int) -> Crystal:
    random = np.random.default_rng([seed, index])
    base = _base(state)
    species = tuple(
        given or _choose(state, own, random) for given, own in zip(state.species, base.species, strict=True)
    )
    jitter = random.normal(scale=_JITTER_ANGSTROM * state.strength, size=(len(base), 3)).clip(-0.3, 0.3)
    frac_coords = (base.frac_coords + jitter @ np.linalg.inv(base.lattice)) % 1
    return Crystal(base.lattice, species, frac_coords)


def _frames(drawn: list[Crystal], step: int, steps: int, seed: int) -> tuple[Frame, ...]:
    """Every draw with its atoms still so far from where they end."""
    return tuple(_frame(crystal, index, step, steps, seed) for index, crystal in enumerate(drawn))


def _frame(crystal: Crystal, index: int, step: int, steps: int, seed: int) -> Frame:
    away = np.random.default_rng([seed, index, 1]).normal(scale=_FRAME_SPREAD, size=(len(crystal), 3))
    left = 1 - step / steps
    frac_coords = (crystal.frac_coords + left * away) % 1 if left else crystal.frac_coords
    return Frame(index, step, steps, Crystal(crystal.lattice, crystal.species, frac_coords))


def _base(state: StartState) -> Crystal:
    if state.crystal is not None and len(state.crystal) == state.num_atoms:
        return state.crystal
    return grid_crystal(state.num_atoms, _SPACING_ANGSTROM, ("Na", "Cl"))


def _choose(state: StartState, own: str, random: np.random.Generator) -> str:
    """The atom's own element where the masks permit it, else one that they do."""
    permitted = (state.allowed or frozenset(SYMBOLS[:86])) - state.excluded
    if own in permitted:
        return own
    if not permitted:
        raise UserCorrectable("No element is left for an atom: all allowed ones are excluded. Allow another.")
    return str(random.choice(sorted(permitted)))
