"""A writer of crystals that needs no model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.fake.geometry import grid_crystal
from crystal_studio.engines.fake.script import Script
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import CrystalTask, WrittenCrystal

_SPACING_ANGSTROM = 2.82  # half the cell edge of rock salt
_SPREAD = 0.1  # of the spacing, from seed to seed


class FakeCrystalWriter:
    """Puts the atoms of a formula unit on a cubic grid, whatever the space group.

    Attributes:
        script: lists of answers, exceptions or stalls, one for each call.
        tasks: every task received.
    """

    identity = "fake writer"

    def __init__(self) -> None:
        self.script: Script[list[WrittenCrystal]] = Script()
        self.tasks: list[CrystalTask] = []

    def write(
        self, tasks: Sequence[CrystalTask], seed: int, context: JobContext, attempts: int = 5
    ) -> list[WrittenCrystal]:
        """One answer for each task; one seed gives the same crystals.

        Raises:
            UserCorrectable: the composition fits no cell of the size asked for.
            JobCancelled: stopped between two atoms.
        """
        self.tasks += tasks
        scripted = self.script.play(context)
        answers = [_answer(task, seed, index) for index, task in enumerate(tasks)] if scripted is None else scripted
        for index, answer in enumerate(answers):
            _stream(answer, index, context)
            context.progress("writing", (index + 1) / len(answers))
        return answers


def _answer(task: CrystalTask, seed: int, index: int) -> WrittenCrystal:
    composition, most = task.composition.reduced, task.num_atoms or task.max_atoms
    if composition.num_atoms > most or (task.num_atoms or 0) % composition.num_atoms:
        raise UserCorrectable(f"{task.composition.formula} fits no cell of {most} atoms. Ask for another size.")
    species = composition.species((task.num_atoms or composition.num_atoms) // composition.num_atoms)
    random = np.random.default_rng([seed, index])
    spacing = _SPACING_ANGSTROM * (1 + random.uniform(-_SPREAD, _SPREAD))
    crystal = grid_crystal(len(species), spacing, ("H", "H")).with_species(species)
    text = "\n".join([str(task.space_group), f"{spacing:.2f}", *species])
    return WrittenCrystal(crystal, text, 1, len(text.split()))


def _stream(answer: WrittenCrystal, index: int, context: JobContext) -> None:
    """Hand out the text line by line, and the atoms one by one."""
    for line in answer.text.splitlines(keepends=True):
        context.check_cancelled()
        context.partial("token", line)
    if answer.crystal is not None:
        for frame in _frames(answer.crystal, index):
            context.check_cancelled()
            context.partial("frames", (frame,))


def _frames(crystal: Crystal, index: int) -> Iterator[Frame]:
    """The crystal with one atom, with two, and so on."""
    atoms = len(crystal)
    for count in range(1, atoms + 1):
        begun = Crystal(crystal.lattice, crystal.species[:count], crystal.frac_coords[:count])
        yield Frame(index, count, atoms, begun, is_written=True)
