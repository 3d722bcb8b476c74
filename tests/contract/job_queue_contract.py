"""What every queue of jobs promises."""

from __future__ import annotations

import pytest

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.ports.job_queue import JobQueue, JobState, QueuedJob

FIRST, SECOND, THIRD = ("b" * 31 + last for last in "213")


def queued(job_id: str, state: JobState = JobState.WAITING) -> QueuedJob:
    payload = {"message": "größer 更 ' ; DROP TABLE jobs", "seed": 2**62, "strength": 0.1 + 0.2, "limits": None}
    return QueuedJob(job_id, "DesignJob", payload, state, "a wish", "", "2026-01-01T00:00:00+00:00")


class JobQueueContract:
    @pytest.fixture
    def subject(self) -> JobQueue:
        raise NotImplementedError

    def test_that_jobs_come_back_whole_and_in_order_of_creation(self, subject):
        subject.add(queued(FIRST))
        subject.add(queued(SECOND))
        assert subject.jobs() == [queued(FIRST), queued(SECOND)]

    @pytest.mark.parametrize("state", list(JobState))
    def test_that_a_job_moves_to_any_state_with_a_message(self, subject, state):
        subject.add(queued(FIRST))
        subject.add(queued(SECOND))
        subject.move(FIRST, state, "why")
        first, second = subject.jobs()
        assert (first.state, first.message) == (state, "why")
        assert second == queued(SECOND)

    def test_that_an_unknown_job_is_a_clear_error(self, subject):
        with pytest.raises(UserCorrectable, match="no job"):
            subject.move(FIRST, JobState.DONE)

    def test_that_only_what_was_running_is_interrupted_and_only_once(self, subject):
        for job_id, state in ((FIRST, JobState.RUNNING), (SECOND, JobState.WAITING), (THIRD, JobState.RUNNING)):
            subject.add(queued(job_id, state))
        assert subject.interrupted() == [queued(FIRST, JobState.INTERRUPTED), queued(THIRD, JobState.INTERRUPTED)]
        assert [job.state for job in subject.jobs()] == [
            JobState.INTERRUPTED,
            JobState.WAITING,
            JobState.INTERRUPTED,
        ]
        assert subject.interrupted() == []
