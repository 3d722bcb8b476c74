"""A writer of crystals that needs no model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.engines.fake.geometry import grid_crystal
from crystal_studio.engines.fake.script import Script
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import CrystalTask, WrittenCrystal
from crystal_studio.ports.prototype_library import PrototypeLibrary

_SPACING_ANGSTROM = 2.82  # half the cell edge of rock salt
_SPREAD = 0.1  # of the edges, from seed to seed


class FakeCrystalWriter:
    """Writes the known prototype of the space group; else the atoms of a formula unit on a cubic grid.

    Args:
        prototypes: where prototypes are looked up.

    Attributes:
        script: lists of answers, exceptions or stalls, one for each call.
        tasks: every task received.
    """

    identity = "fake writer"

    def __init__(self, prototypes: PrototypeLibrary | None = None) -> None:
        self._prototypes = prototypes or FakePrototypeLibrary()
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
        answers = (
            [self._answer(task, seed, index) for index, task in enumerate(tasks)] if scripted is None else scripted
        )
        for index, answer in enumerate(answers):
            _stream(answer, index, context)
            context.progress("writing", (index + 1) / len(answers))
        return answers

    def _answer(self, task: CrystalTask, seed: int, index: int) -> WrittenCrystal:
        strain = np.random.default_rng([seed, index]).uniform(-_SPREAD, _SPREAD)
        found = self._crystal(task)
        crystal = found.scaled_to(found.volume_angstrom3 * (1 + strain) ** 3)
        edges = " ".join(f"{edge:.2f}" for edge in crystal.lengths_angstrom)
        text = "\n".join([str(task.space_group), edges, *crystal.species])
        return WrittenCrystal(crystal, text, 1, len(text.split()))

    def _crystal(self, task: CrystalTask) -> Crystal:
        unit, most = task.composition.reduced, task.num_atoms or task.max_atoms
        if unit.num_atoms > most or (task.num_atoms or 0) % unit.num_atoms:
            raise UserCorrectable(f"{unit.formula} fits no cell of {most} atoms. Ask for another size.")
        known = self._prototypes.decorate(unit, 1, space_group=task.space_group, max_atoms=most)
        if known and task.num_atoms in (None, len(known[0].crystal)):
            return known[0].crystal
        species = unit.species((task.num_atoms or unit.num_atoms) // unit.num_atoms)
        return grid_crystal(len(species), _SPACING_ANGSTROM, ("H", "H")).with_species(species)


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
