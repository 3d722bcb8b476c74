"""Strontium titanate and what a science host would say of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.inspection import Orbit, Reflection, SiteReport, SymmetryReport
from crystal_studio.domain.symmetry import SpaceGroup
from crystal_studio.host.protocol import Failed, Failure
from crystal_studio.services.jobs import Job
from crystal_studio.ui.jobs.runner import JobRunner

EDGE_ANGSTROM = 3.905
_HALF = 0.5
STRONTIUM_TITANATE = Crystal(
    np.eye(3) * EDGE_ANGSTROM,
    ("Sr", "Ti", "O", "O", "O"),
    np.array([[0, 0, 0], [_HALF, _HALF, _HALF], [_HALF, _HALF, 0], [_HALF, 0, _HALF], [0, _HALF, _HALF]]),
)
ORBITS = (
    Orbit("Sr", "a", 1, "m-3m", (0,), np.array([1 - 1e-9, -1e-9, 0])),
    Orbit("Ti", "b", 1, "m-3m", (1,), np.full(3, _HALF)),
    Orbit("O", "c", 3, "4/mm.m", (2, 3, 4), np.array([_HALF, _HALF, 0])),
)
_BONDS = ((("O", 2.761),) * 12, (("O", 1.9525),) * 6, *(((("Ti", 1.9525),) * 2 + (("Sr", 2.761),) * 4),) * 3)
SITES = tuple(
    SiteReport(i, symbol, "abccc"[i], len(_BONDS[i]), ("cuboctahedral", "octahedral", "", "", "")[i], _BONDS[i])
    for i, symbol in enumerate(STRONTIUM_TITANATE.species)
)
LINES = (
    Reflection(22.772, 3.9, 3.905, ((1, 0, 0),)),
    Reflection(32.424, 100.0, 2.7613, ((1, 1, 0), (-1, 1, 0))),
    Reflection(57.838, 37.5, 1.5942, ((2, 1, 1),)),
)


def symmetry(number: int = 221, symprec_angstrom: float = 0.1) -> SymmetryReport:
    """A report of the three orbits."""
    return SymmetryReport(SpaceGroup(number, symprec_angstrom), "m-3m", "-P 4 2 3", ORBITS)


class Asked:
    """What a panel asked of a runner, answered by the test through the runner's own signals."""

    def __init__(self, runner: JobRunner) -> None:
        self._runner = runner
        self.jobs: list[Job] = []
        self._ids: list[str] = []
        runner.queued.connect(self._note)

    def of(self, kind: type[Any], **fields: Any) -> list[Any]:
        """Jobs of one kind with these field values, in the order asked."""
        return [
            job
            for job in self.jobs
            if isinstance(job, kind) and all(getattr(job, name) == value for name, value in fields.items())
        ]

    def answer(self, job: Job, result: object) -> None:
        """The host answers."""
        self._runner.finished.emit(self._id_of(job), result)

    def refuse(self, job: Job, message: str) -> None:
        """The host fails."""
        self._runner.failed.emit(self._id_of(job), Failed(self._id_of(job), Failure.USER_CORRECTABLE, message))

    def _id_of(self, job: Job) -> str:
        return next(job_id for job_id, one in zip(self._ids, self.jobs, strict=True) if one is job)

    def _note(self, job_id: str, job: Job) -> None:
        self._ids.append(job_id)
        self.jobs.append(job)
