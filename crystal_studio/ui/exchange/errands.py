"""Jobs about files: each with what is to be done once it has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject

from crystal_studio.domain.errors import StudioError
from crystal_studio.host.protocol import Failed, Failure
from crystal_studio.services.jobs import Job
from crystal_studio.ui.jobs.runner import JobRunner

Done = Callable[[Any], None]
Ended = Callable[[], None]


class Errands(QObject):
    """Runs them; what a person can mend is complained of here, all other failures by the window's bridge."""

    def __init__(self, jobs: JobRunner, complain: Callable[[str], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._complain = complain
        self._open: dict[str, tuple[Done, Ended]] = {}
        self._links = ((jobs.finished, self._finish), (jobs.failed, self._fail), (jobs.cancelled, self._stop))
        for signal, slot in self._links:
            signal.connect(slot)

    def run(self, job: Job, done: Done, ended: Ended = lambda: None) -> None:
        """Queue a job.

        Args:
            job: what to do.
            done: is given its result.
            ended: is called when it is over, whichever way.
        """
        kept: list[tuple[str, Failed]] = []
        # A runner may refuse a job before `submit` has returned its id.
        self._jobs.failed.connect(hear := lambda job_id, failed: kept.append((job_id, failed)))
        try:
            job_id = self._jobs.submit(job)
        except StudioError as error:
            self._complain(str(error))
            ended()
            return
        finally:
            self._jobs.failed.disconnect(hear)
        self._open[job_id] = (done, ended)
        for one_id, failed in kept:
            self._fail(one_id, failed)

    def close(self) -> None:
        """Wait for nothing more."""
        for signal, slot in self._links:
            signal.disconnect(slot)
        self._open.clear()

    def _finish(self, job_id: str, result: object) -> None:
        if job_id not in self._open:
            return
        done, ended = self._open.pop(job_id)
        try:
            done(result)
        except StudioError as error:
            self._complain(str(error))
        finally:
            ended()

    def _fail(self, job_id: str, failed: Failed) -> None:
        if job_id not in self._open:
            return
        self._open.pop(job_id)[1]()
        if failed.failure is Failure.USER_CORRECTABLE:
            self._complain(failed.message)

    def _stop(self, job_id: str) -> None:
        if job_id in self._open:
            self._open.pop(job_id)[1]()
