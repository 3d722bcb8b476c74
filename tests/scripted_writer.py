"""A crystal writer that answers what the test says, else the prototype of the group that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.trajectory import Frame
from crystal_studio.engines.fake.fake_prototype_library import FakePrototypeLibrary
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.crystal_writer import CrystalTask, WrittenCrystal

Answer = WrittenCrystal | Exception
TEXT = ("221", "\n", "3.9", "\n", "Sr", " 1a", "\n", "Ti", " 1b", "\n", "O", " 3c")


class ScriptedWriter:
    """Implements `CrystalWriter`.

    Attributes:
        answer: called with each task and its place, in place of the usual answer.
        calls: tasks, seed and attempts of every call.
        tasks: every task received.
    """

    identity = "scripted@1"

    def __init__(self, answer: Callable[[CrystalTask, int], Answer] | None = None) -> None:
        self.answer = answer or usual
        self.calls: list[tuple[tuple[CrystalTask, ...], int, int]] = []
        self.tasks: list[CrystalTask] = []

    def write(
        self, tasks: Sequence[CrystalTask], seed: int, context: JobContext, attempts: int = 5
    ) -> list[WrittenCrystal]:
        """One answer for each task; the text and the atoms of the first are handed out while it is written."""
        self.calls.append((tuple(tasks), seed, attempts))
        self.tasks += tasks
        answers = [self.answer(task, index) for index, task in enumerate(tasks)]
        for index, answer in enumerate(answers):
            if isinstance(answer, Exception):
                raise answer
            for token in TEXT:
                context.check_cancelled()
                context.partial("token", token)
            for frame in growth(answer.crystal, index):
                context.partial("frames", (frame,))
        return [answer for answer in answers if not isinstance(answer, Exception)]


def usual(task: CrystalTask, _index: int) -> WrittenCrystal:
    """The known prototype of the group in one text; refused five times where there is none."""
    found = FakePrototypeLibrary().decorate(task.composition, 1, space_group=task.space_group)
    if not found:
        return refused("the space group is P1 (1), not the one asked for.")
    return WrittenCrystal(found[0].crystal, "".join(TEXT), attempts=1, tokens=len(TEXT))


def refused(reason: str, attempts: int = 5) -> WrittenCrystal:
    """No crystal, every attempt for one reason."""
    return WrittenCrystal(None, "nonsense", attempts, 10 * attempts, (reason,) * attempts)


def growth(crystal: Crystal | None, draw: int) -> list[Frame]:
    """The crystal with one atom, then two, and so on."""
    if crystal is None:
        return []
    grown = [
        Crystal(crystal.lattice, crystal.species[:number], crystal.frac_coords[:number])
        for number in range(1, len(crystal) + 1)
    ]
    return [Frame(draw, 4 * number, 200, one) for number, one in enumerate(grown, 1)]
