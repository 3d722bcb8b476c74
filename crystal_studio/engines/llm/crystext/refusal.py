"""Why a text is refused: the crystal that it says is not the one that was asked for, or no crystal at all."""

from __future__ import annotations

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.engines.chem.checks import MIN_DISTANCE_ANGSTROM
from crystal_studio.engines.chem.geometry import shortest_distance_angstrom
from crystal_studio.engines.chem.symmetry import SpglibSymmetrizer
from crystal_studio.engines.llm.crystext.reading import Reader
from crystal_studio.ports.crystal_writer import CrystalTask

SYMPREC_ANGSTROM = 0.1


class Refused(Exception):
    """A text was refused; the message is the reason, a sentence."""


def crystal_of(text: str, task: CrystalTask, read: Reader) -> Crystal:
    """The crystal of a whole text.

    Raises:
        Refused: it cannot be read, has another composition, size or space group, or atoms on top of each other.
    """
    try:
        crystal = read(text)
    except UserCorrectable as error:
        raise Refused(f"The text cannot be read. {error}") from error
    _refuse_other_atoms(crystal, task)
    shortest = shortest_distance_angstrom(crystal)
    if shortest < MIN_DISTANCE_ANGSTROM:
        raise Refused(f"Two atoms are {shortest:.2f} Å apart; at least {MIN_DISTANCE_ANGSTROM} Å is required.")
    found = SpglibSymmetrizer().space_group(crystal, SYMPREC_ANGSTROM)
    if found.number != task.space_group:
        raise Refused(f"It has the space group {_named(found)} (symprec {SYMPREC_ANGSTROM} Å), not {_asked(task)}.")
    return crystal


def _refuse_other_atoms(crystal: Crystal, task: CrystalTask) -> None:
    if crystal.composition.reduced != task.composition.reduced:
        raise Refused(f"It has the composition {crystal.formula}, not {task.composition.formula}.")
    if task.num_atoms is not None and len(crystal) != task.num_atoms:
        raise Refused(f"It has {len(crystal)} atoms in the primitive cell, not {task.num_atoms}.")
    if task.num_atoms is None and len(crystal) > task.max_atoms:
        raise Refused(f"It has {len(crystal)} atoms in the primitive cell; up to {task.max_atoms} are allowed.")


def _asked(task: CrystalTask) -> str:
    return _named(SpaceGroup(task.space_group))


def _named(group: SpaceGroup) -> str:
    return f"{group.symbol} ({group.number})"
