"""What one round proposes to draw: the proposal, its plans and the draws that come of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Goal, Limits
from crystal_studio.domain.pivot import Pivot
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.domain.symmetry import SpaceGroup, is_of_class
from crystal_studio.ports.crystal_writer import CrystalTask
from crystal_studio.ports.prototype_library import DecoratedPrototype
from crystal_studio.ports.sampler import StartState
from crystal_studio.services.interpret import MAX_SITES

Preference = Callable[[Sequence[DecoratedPrototype]], Sequence[float]]
"""How well each decorated prototype promises to meet the goals; the higher, the sooner it is drawn."""


@dataclass(frozen=True)
class Proposal:
    """What is to be drawn in one round.

    Attributes:
        count: number of candidates N.
        strength: denoising strength alpha for parent and prototype starts.
        seed: decides the choice of formula units and every random number of the sampler.
        skip: origins (parent shapes, labels of prototypes) that were drawn before.
        guidance: scale of the text's guidance; None for the model's own.
        engine: which model draws.
    """

    text: str
    pivot: Pivot
    limits: Limits
    goals: tuple[Goal, ...]
    parent: Node | None
    count: int
    strength: float
    seed: int
    skip: frozenset[str] = frozenset()
    guidance: float | None = None
    engine: SamplingEngine = SamplingEngine.DIFFUSION

    @property
    def num_written(self) -> int:
        """How many of the candidates the language model writes."""
        shares = {SamplingEngine.CRYSTEXT: self.count, SamplingEngine.BOTH: self.count // 2}
        return shares.get(self.engine, 0)

    @property
    def most_atoms(self) -> int:
        """The largest primitive cell that may be drawn."""
        return min(self.limits.max_atoms or MAX_SITES, MAX_SITES)


@dataclass(frozen=True)
class Plan:
    """A start state, and whether the draw is to keep the symmetry of its start; a task where a crystal is written."""

    state: StartState
    keeps_symmetry: bool = False
    task: CrystalTask | None = None


@dataclass(frozen=True)
class Draw:
    """A drawn crystal, the state it came from, and its number among the draws of its batch, then of its round."""

    state: StartState
    crystal: Crystal
    index: int = 0


def is_in_system(space_group: int, limits: Limits) -> bool:
    """Whether the limits allow the crystal system and the symmetry class of a space group."""
    system = SpaceGroup(space_group).crystal_system
    is_allowed = limits.crystal_system in (None, system) and system not in limits.excluded_systems
    return is_allowed and is_of_class(space_group, limits.symmetry_class)
