"""A tiny design round, step by step: a crystal, its checks, its description, its place in a project, a pivot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from uuid import uuid4

from crystal_studio.domain.candidate import Candidate, Start
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import StudioError, Unavailable
from crystal_studio.domain.history import Node
from crystal_studio.domain.intent import Intent
from crystal_studio.domain.pivot import PivotSource
from crystal_studio.domain.trial import TriedStep
from crystal_studio.domain.validity import CheckResult
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.ports.sampler import SampleRequest
from crystal_studio.services.engines import Engines
from crystal_studio.services.trial import PIVOT, STRENGTH, WISH, perovskite, start_states

LANGUAGE_MODEL, DENOISER, CHECKS = "language model", "denoiser", "checks"
DESCRIPTION, PROJECT_FILE = "description", "project file"
# What is done by itself in a process: loading takes longer than anything else here, and one half needs the libraries
# of models, the other those of chemistry. The language model comes last: it loads longest, and may take too long.
HALVES = ((DENOISER, LANGUAGE_MODEL), (CHECKS, DESCRIPTION, PROJECT_FILE))
STEPS = (*HALVES[0], *HALVES[1])
_SEED = 0
_DENOISING_STEPS = 10

OpenStore = Callable[[Path], AbstractContextManager[HistoryStore]]


class TinyRound:
    """The steps of one round; each goes on from what the steps before it made, or from an example.

    Args:
        engines: the models in use.
        open_store: opens a project file.
        project: a file that does not exist yet.
        context: tells when to stop.
    """

    def __init__(self, engines: Engines, open_store: OpenStore, project: Path, context: JobContext) -> None:
        self._engines, self._open_store, self._project, self._context = engines, open_store, project, context
        self._crystal = perovskite()
        self._checks: tuple[CheckResult, ...] = ()
        self._description = ""

    def run(self, names: Sequence[str] = STEPS) -> Iterator[TriedStep]:
        """Each of these steps once it is done; one that fails is told, and the next goes on from an example."""
        parts = {
            DENOISER: self._draw,
            LANGUAGE_MODEL: self._write,
            CHECKS: self._check,
            DESCRIPTION: self._describe,
            PROJECT_FILE: self._store,
        }
        for name in names:
            started = perf_counter()
            try:
                found = parts[name]()
            except StudioError as error:
                yield TriedStep(name, perf_counter() - started, problem=str(error))
            else:
                yield TriedStep(name, perf_counter() - started, found)

    def _write(self) -> str:
        return self._engines.language_model.write_pivots(WISH, 1, _SEED, self._context)[0]

    def _draw(self) -> str:
        request = SampleRequest(PIVOT, start_states(1, 0), _SEED, steps=_DENOISING_STEPS)
        (drawn,) = self._engines.sampler.sample(request, self._context)
        if drawn.formula != perovskite().formula:
            raise Unavailable(f"{drawn.formula} was drawn where SrTiO3 was asked for. Verify the models.")
        self._crystal = drawn
        return f"{drawn.formula}, {drawn.volume_angstrom3:.1f} Å³"

    def _check(self) -> str:
        self._checks = self._engines.checker.check(self._crystal)
        passed = sum(one.passed is True for one in self._checks)
        return f"{passed} of {len(self._checks)} passed"

    def _describe(self) -> str:
        self._description = self._engines.describer.describe(perovskite())
        return self._description

    def _store(self) -> str:
        node = self._node()
        with self._open_store(self._project) as store:
            store.commit(node)
        with self._open_store(self._project) as store:
            read = store.node(node.id)
        if read.crystal.content_hash != self._crystal.content_hash:
            raise Unavailable("A project gave back another crystal than was written. Check this disk.")
        return f"{self._project.stat().st_size / 1000:.0f} kB written and read"

    def _node(self) -> Node:
        group = self._engines.symmetrizer.space_group(self._crystal)
        return Node(
            id=uuid4().hex,
            parent=None,
            round=1,
            message=WISH.message,
            intent=Intent(WISH.message),
            pivot=PIVOT,
            pivot_source=PivotSource.PERSON,
            crystal=self._crystal,
            relaxed=False,
            description=self._description,
            space_group=group,
            alignment=None,
            checks=self._checks,
            band_gap=None,
            chosen=0,
            candidates=(_candidate(self._crystal, self._checks),),
            seed=_SEED,
            strength=STRENGTH,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )


def _candidate(crystal: Crystal, checks: tuple[CheckResult, ...]) -> Candidate:
    return Candidate(drawn=crystal, start=Start.PROTOTYPE, origin="self-test", checks=checks)
