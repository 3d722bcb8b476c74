"""The two ways in which a language model writes a crystal, each with what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.imported import RefusedFile
from crystal_studio.engines.chem import short_cif
from crystal_studio.engines.chem.file_formats import only_ordered
from crystal_studio.engines.chem.file_reader import CAN_FORK, MAX_WALL_SECONDS
from crystal_studio.engines.chem.files import items_of
from crystal_studio.engines.chem.limited_worker import TASKS_OF_ONE_CHILD, LimitedWorker

Dialect = Literal["short", "cif"]
_NAME = "written.cif"


@contextmanager
def reader_of(dialect: Dialect) -> Iterator[Callable[[str], Crystal]]:
    """What reads a dialect; a plain CIF is read in one limited child process that serves until the end.

    A short CIF is no more than numbers for a parser of ours. Libraries that read a plain one are no match for what a
    model may write.
    """
    if dialect == "short":
        yield short_cif.read
        return
    tasks = TASKS_OF_ONE_CHILD if CAN_FORK else 1
    with LimitedWorker("crystal_studio.engines.chem.file_reader", MAX_WALL_SECONDS + 10, tasks) as worker:

        def read(text: str) -> Crystal:
            """The first crystal of a CIF.

            Raises:
                UserCorrectable: it cannot be read; says why.
            """
            answer = worker.ask({"name": _NAME, "text": text})
            return only_ordered(next(items_of(answer, _NAME), RefusedFile(_NAME, "It holds no crystal.")))

        yield read
