"""What one window asks of the engine hosts; an answer that comes when the window is closed goes nowhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from crystal_studio.domain.errors import StudioError
from crystal_studio.host.protocol import Failed
from crystal_studio.services.jobs import Job
from crystal_studio.ui.jobs.runner import JobRunner


def _nothing(*_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Hearing:
    """Who is told of one job; at most one of the first three is called, and only once.

    Attributes:
        done: is given the result.
        failed: is given one sentence on what was wrong and what to do.
        stopped: it was cancelled.
        started: it waits no longer.
        progressed: is given the part of the work, a fraction from 0 to 1, and a message.
    """

    done: Callable[[Any], None]
    failed: Callable[[str], None] = _nothing
    stopped: Callable[[], None] = _nothing
    started: Callable[[], None] = _nothing
    progressed: Callable[[str, float, str], None] = _nothing


class Asking(QObject):
    """Hands each answer to the one who asked."""

    def __init__(self, jobs: JobRunner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._open: dict[str, Hearing] = {}
        self._links = (
            (jobs.started, self._start),
            (jobs.progressed, self._progress),
            (jobs.finished, self._finish),
            (jobs.failed, self._fail),
            (jobs.cancelled, self._stop),
        )
        for signal, slot in self._links:
            signal.connect(slot)

    def ask(self, job: Job, hearing: Hearing) -> str:
        """Queue a job; returns its id, "" where it could not be queued."""
        try:
            job_id = self._jobs.submit(job)
        except StudioError as error:
            hearing.failed(str(error))
            return ""
        self._open[job_id] = hearing
        return job_id

    def cancel(self, job_id: str) -> None:
        """Stop a job, where it is not over already."""
        if job_id in self._open:
            self._jobs.cancel(job_id)

    def close(self) -> None:
        """Stop what was asked and wait for no answer."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        asked, self._open = list(self._open), {}
        for job_id in asked:
            self._jobs.cancel(job_id)

    def _start(self, job_id: str) -> None:
        if job_id in self._open:
            self._open[job_id].started()

    def _progress(self, job_id: str, part: str, fraction: float, message: str) -> None:
        if job_id in self._open:
            self._open[job_id].progressed(part, fraction, message)

    def _finish(self, job_id: str, result: object) -> None:
        hearing = self._open.pop(job_id, None)
        if hearing is not None:
            hearing.done(result)

    def _fail(self, job_id: str, failed: Failed) -> None:
        hearing = self._open.pop(job_id, None)
        if hearing is not None:
            hearing.failed(failed.message)

    def _stop(self, job_id: str) -> None:
        hearing = self._open.pop(job_id, None)
        if hearing is not None:
            hearing.stopped()
