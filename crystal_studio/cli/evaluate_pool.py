"""Runs the batches of an evaluation here or in several processes."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from crystal_studio.cli.console import ConsoleContext, Stop
from crystal_studio.cli.installed import InstalledEngines
from crystal_studio.cli.program import Program
from crystal_studio.domain.errors import Unavailable
from crystal_studio.services.evaluate import EvaluationRow
from crystal_studio.services.evaluate_all import Evaluation
from crystal_studio.services.evaluate_csp import CspEvaluation, CspSettings

_POLL_SECONDS = 0.5
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

EngineLoader = Callable[[str | None], InstalledEngines]
Group = Sequence[EvaluationRow]
Outcomes = list[dict[str, Any]]
Maker = Callable[[InstalledEngines], Evaluation]


def csp_outcomes(groups: Sequence[Group], settings: CspSettings, program: Program, workers: int) -> Iterator[Outcomes]:
    """Outcomes batch by batch; with several workers in the order in which they finish.

    Raises:
        JobCancelled: Ctrl-C was pressed; what was yielded before is whole.
    """
    if groups:
        yield from outcomes_of(groups, _CspMaker(program.read_records("train"), settings), program, workers)


def outcomes_of(groups: Sequence[Group], maker: Maker, program: Program, workers: int) -> Iterator[Outcomes]:
    """The same for any evaluation; `maker` builds it in each process, so it has to be picklable.

    Raises:
        JobCancelled: Ctrl-C was pressed; what was yielded before is whole.
        Unavailable: a worker process died.
    """
    if not groups:
        return
    if workers == 1:
        evaluation = maker(program.engines(None))
        context = ConsoleContext(program.stop)
        for group in groups:
            yield evaluation.outcomes(group, context)
    else:
        yield from _in_processes(groups, maker, program, workers)


@dataclass(frozen=True)
class _CspMaker:
    """Builds what one process needs to predict structures."""

    templates: Sequence[Mapping[str, Any]]
    settings: CspSettings

    def __call__(self, engines: InstalledEngines) -> CspEvaluation:
        return CspEvaluation(engines, engines.nearest_templates(self.templates), self.settings)


_evaluation: Evaluation | None = None  # one for each worker process, made by `_start`


def _in_processes(groups: Sequence[Group], maker: Maker, program: Program, workers: int) -> Iterator[Outcomes]:
    threads = str(max(1, (os.cpu_count() or 1) // workers))
    for variable in _THREAD_VARIABLES:
        os.environ.setdefault(variable, threads)
    spawn = multiprocessing.get_context("spawn")  # a forked torch hangs in its threads
    pool = ProcessPoolExecutor(workers, spawn, _start, (program.engines, maker))
    try:
        waiting = {pool.submit(_evaluate, group) for group in groups}
        while waiting:
            finished, waiting = wait(waiting, _POLL_SECONDS, FIRST_COMPLETED)
            program.stop.check()  # also every half second in which nothing finishes
            for future in finished:
                yield future.result()
    except BrokenProcessPool as error:
        program.stop.check()
        raise Unavailable(
            "A worker process ended before its work was done, perhaps for want of memory. What is finished is kept: "
            "run the same command again, with --workers 1 if it happens twice."
        ) from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in multiprocessing.active_children():
            process.terminate()  # a batch takes up to minutes, and after Ctrl-C nobody waits for it


def _start(loader: EngineLoader, maker: Maker) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it and ends the pool
    global _evaluation  # noqa: PLW0603 - a pool hands its initializer's result to tasks in no other way
    _evaluation = maker(loader(None))


def _evaluate(group: Group) -> Outcomes:
    if _evaluation is None:
        raise AssertionError("the pool starts every worker with `_start`")
    return _evaluation.outcomes(group, ConsoleContext(Stop()))
