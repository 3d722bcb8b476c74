"""Jobs about files: each with what is to be done once it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from crystal_studio.domain.errors import StudioError
from crystal_studio.host.protocol import Failed, Failure
from crystal_studio.services.jobs import Job
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.notation import one_line

_LONGEST_DETAIL = 60


@dataclass(frozen=True)
class Errand:
    """What is to be done with a job.

    Attributes:
        done: is given its result.
        ended: is called when it is over, whichever way.
        heard: is given what it hands out on its way: a kind and something of that kind.
    """

    done: Callable[[Any], None]
    ended: Callable[[], None] = lambda: None
    heard: Callable[[str, Any], None] = lambda _kind, _payload: None


class Errands(QObject):
    """Runs them; what a person can mend is complained of here, all other failures by the window's bridge.

    Args:
        jobs: runs the jobs.
        say: shows a sentence for a while.
        complain: shows a sentence until it is closed.
        parent: Qt's.
    """

    def __init__(
        self,
        jobs: JobRunner,
        say: Callable[[str], None],
        complain: Callable[[str], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._say, self._complain = say, complain
        self._open: dict[str, Errand] = {}
        self._links = (
            (jobs.progressed, self._progress),
            (jobs.partial, self._hear),
            (jobs.finished, self._finish),
            (jobs.failed, self._fail),
            (jobs.cancelled, self._end),
        )
        for signal, slot in self._links:
            signal.connect(slot)

    def run(self, job: Job, errand: Errand, sentence: str) -> None:
        """Queue a job and say that it is on its way."""
        self._say(sentence)
        try:
            job_id = self._jobs.submit(job)
        except StudioError as error:
            self._complain(str(error))
            errand.ended()
        else:
            self._open[job_id] = errand

    def close(self) -> None:
        """Wait for nothing more."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        for job_id in list(self._open):
            self._end(job_id)

    def _progress(self, job_id: str, part: str, fraction: float, message: str) -> None:
        if job_id in self._open:
            detail = f": {one_line(message)[:_LONGEST_DETAIL]}" if message else ""
            self._say(f"{part.capitalize()} {round(100 * fraction)} %{detail}")

    def _hear(self, job_id: str, kind: str, payload: object) -> None:
        if job_id in self._open:
            self._open[job_id].heard(kind, payload)

    def _finish(self, job_id: str, result: object) -> None:
        if job_id not in self._open:
            return
        self._say("")  # the last word of its progress
        try:
            self._open[job_id].done(result)
        except StudioError as error:
            self._complain(str(error))
        finally:
            self._end(job_id)

    def _fail(self, job_id: str, failed: Failed) -> None:
        if job_id in self._open:
            self._say("")
            self._end(job_id)
            if failed.failure is Failure.USER_CORRECTABLE:
                self._complain(failed.message)

    def _end(self, job_id: str) -> None:
        if job_id in self._open:
            self._open.pop(job_id).ended()
