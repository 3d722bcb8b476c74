"""The queue of jobs in the project's file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, delete, insert, select, update

from crystal_studio.domain.errors import ProjectUnavailable, UserCorrectable
from crystal_studio.ports.job_queue import JobState, QueuedJob
from crystal_studio.storage.failure import in_words
from crystal_studio.storage.opening import OpenProject, open_for_writing
from crystal_studio.storage.tables import jobs

FINISHED_KEPT = 500
_FINISHED = (JobState.DONE.value, JobState.CANCELLED.value)


class SqlJobQueue:
    """Implements `ports.job_queue.JobQueue` on SQLite.

    Attributes:
        path: the project file.
    """

    def __init__(self, path: Path, project: OpenProject) -> None:
        self.path = path
        self._project = project
        self._is_open = True
        self._forget_oldest()

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open the queue of a project, under the lock of the history store that the window has open.

        Raises:
            ProjectUnavailable: missing or read-only folder, damaged, newer, another program's file.
        """
        resolved = Path(path).expanduser().resolve()
        return cls(resolved, open_for_writing(resolved, take_lock=False))

    def add(self, job: QueuedJob) -> None:
        """Append a job; durable when it returns.

        Raises:
            ProjectUnavailable: closed, or the disk is full, read-only or gone.
        """
        row = {**vars(job), "state": job.state.value}
        with self._writing() as connection:
            connection.execute(insert(jobs).values(row))

    def move(self, job_id: str, state: JobState, message: str = "") -> None:
        """Change the state of a job.

        Raises:
            UserCorrectable: there is no such job.
            ProjectUnavailable: as `add`.
        """
        with self._writing() as connection:
            changed = update(jobs).where(jobs.c.id == job_id).values(state=state.value, message=message)
            if connection.execute(changed).rowcount != 1:
                raise UserCorrectable(f"There is no job '{job_id[:40]}' in the queue of {self.path}.")

    def jobs(self) -> list[QueuedJob]:
        """All jobs in order of creation."""
        with in_words(self.path), self._project.engine.connect() as connection:
            rows = connection.execute(select(jobs).order_by(jobs.c.ordinal)).mappings()
            return [_job(dict(row)) for row in rows]

    def interrupted(self) -> list[QueuedJob]:
        """Mark every job that was running when the program ended as interrupted, and return those."""
        running = jobs.c.state == JobState.RUNNING.value
        with self._writing() as connection:
            rows = connection.execute(select(jobs).where(running).order_by(jobs.c.ordinal)).mappings()
            found = [dict(row) for row in rows]
            connection.execute(update(jobs).where(running).values(state=JobState.INTERRUPTED.value))
        return [_job({**row, "state": JobState.INTERRUPTED.value}) for row in found]

    def close(self) -> None:
        """Close; closing again does nothing."""
        if self._is_open:
            self._is_open = False
            self._project.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """One transaction.

        Raises:
            ProjectUnavailable: closed, or the disk is full, read-only or gone.
        """
        if not self._is_open:
            raise ProjectUnavailable(f"The queue of {self.path} was closed. Open the project again.")
        with in_words(self.path), self._project.engine.begin() as connection:
            yield connection

    def _forget_oldest(self) -> None:
        """Jobs that ended well are only worth a while's remembering: their nodes are in the history."""
        kept = select(jobs.c.ordinal).where(jobs.c.state.in_(_FINISHED)).order_by(jobs.c.ordinal.desc())
        old = jobs.c.ordinal.in_(kept.offset(FINISHED_KEPT).limit(-1))
        with self._writing() as connection:
            connection.execute(delete(jobs).where(old))


def _job(row: dict[str, Any]) -> QueuedJob:
    return QueuedJob(
        id=row["id"],
        kind=row["kind"],
        payload=row["payload"],
        state=JobState(row["state"]),
        title=row["title"],
        message=row["message"],
        created=row["created"],
    )
