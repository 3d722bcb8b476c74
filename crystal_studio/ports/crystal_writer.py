"""A language model that writes a crystal from its composition and space group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from crystal_studio.domain.composition import Composition
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.ports.context import JobContext


@dataclass(frozen=True)
class CrystalTask:
    """What is to be written.

    Attributes:
        composition: of one formula unit.
        space_group: number, 1 to 230.
        e_above_hull_ev: energy above the convex hull to aim at, eV/atom; None for no such condition.
        num_atoms: atoms in the primitive cell; None where the model chooses.
        max_atoms: the largest primitive cell.

    Raises:
        UserCorrectable: a number is out of its range; says what to change.
    """

    composition: Composition
    space_group: int
    e_above_hull_ev: float | None = None
    num_atoms: int | None = None
    max_atoms: int = 20

    def __post_init__(self) -> None:
        SpaceGroup(self.space_group)
        if self.e_above_hull_ev is not None and not 0 <= self.e_above_hull_ev <= 1:
            raise UserCorrectable(
                f"The energy above the hull is {self.e_above_hull_ev:g} eV/atom. Give a number from 0 to 1."
            )


@dataclass(frozen=True)
class WrittenCrystal:
    """One crystal that was asked for.

    Attributes:
        crystal: primitive cell; None where every attempt was refused.
        text: of the last attempt, as the model wrote it.
        attempts: texts that were written for it.
        tokens: of all these texts.
        refusals: why each refused attempt was refused, a sentence each.
    """

    crystal: Crystal | None
    text: str
    attempts: int
    tokens: int
    refusals: tuple[str, ...] = ()


class CrystalWriter(Protocol):
    """Writes crystals as text, atom by atom."""

    @property
    def identity(self) -> str:
        """Name of the model and its adapter."""

    def write(
        self, tasks: Sequence[CrystalTask], seed: int, context: JobContext, attempts: int = 5
    ) -> list[WrittenCrystal]:
        """Write one crystal for each task, in order; all of them in one batch where memory allows.

        A text that cannot be read, has another composition or another space group (symprec 0.1), or has atoms on top
        of each other is refused, and another is written, at most `attempts` for a crystal. Crystal i depends on its
        task, `seed` and i alone. While it writes, `context.partial("token", ...)` gets the text of the first unfinished
        crystal, and `context.partial("frames", ...)` its atoms so far.

        Raises:
            UserCorrectable: the composition fits no Wyckoff positions of the space group.
            JobCancelled: stopped between two tokens.
            Unavailable: weights are missing.
        """
