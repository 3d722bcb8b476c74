"""The queues keep their port's promises; the one on disk also across a crash."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from job_queue_contract import FIRST, SECOND, JobQueueContract, queued

from crystal_studio.domain.errors import ProjectUnavailable
from crystal_studio.engines.fake.fake_job_queue import FakeJobQueue
from crystal_studio.ports.job_queue import JobState
from crystal_studio.storage.sql_history_store import SqlHistoryStore
from crystal_studio.storage.sql_job_queue import FINISHED_KEPT, SqlJobQueue


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Path]:
    with SqlHistoryStore.open(tmp_path / "p.cstudio") as store:
        yield store.file


class TestSqlJobQueue(JobQueueContract):
    @pytest.fixture
    def subject(self, project):
        with SqlJobQueue.open(project) as queue:
            yield queue


class TestFakeJobQueue(JobQueueContract):
    @pytest.fixture
    def subject(self):
        return FakeJobQueue()


def test_that_the_queue_outlives_the_program(project):
    queue = SqlJobQueue.open(project)
    queue.add(queued(FIRST, JobState.RUNNING))
    queue.add(queued(SECOND))
    # Never closed, as after a kill.
    with SqlJobQueue.open(project) as again:
        assert again.interrupted() == [queued(FIRST, JobState.INTERRUPTED)]
        assert again.jobs()[1] == queued(SECOND)
    queue.close()


def test_that_nothing_but_json_lies_in_the_file(project):
    with SqlJobQueue.open(project) as queue:
        queue.add(queued(FIRST))
    with closing(sqlite3.connect(project)) as connection:
        (payload,) = connection.execute("SELECT payload FROM jobs").fetchone()
    assert payload.startswith('{"message":"größer')


def test_that_a_closed_queue_refuses_jobs(project):
    queue = SqlJobQueue.open(project)
    queue.close()
    with pytest.raises(ProjectUnavailable, match="closed"):
        queue.add(queued(FIRST))


def test_that_old_jobs_that_ended_well_are_forgotten_at_opening(project):
    with SqlJobQueue.open(project) as queue:
        queue.add(queued(FIRST, JobState.FAILED))
        for number in range(FINISHED_KEPT + 3):
            queue.add(queued(f"{number:032d}", JobState.DONE))
    with SqlJobQueue.open(project) as queue:
        left = queue.jobs()
    assert left[0].id == FIRST
    assert [job.id for job in left[1:]] == [f"{number:032d}" for number in range(3, FINISHED_KEPT + 3)]
