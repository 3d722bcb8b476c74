"""The window's jobs: queued per lane, run by engine hosts, answered with signals on the window's thread."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Mapping, Sequence
from uuid import uuid4

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer, Slot

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.host.protocol import (
    Cancel,
    Cancelled,
    Done,
    Event,
    Failed,
    Failure,
    Partial,
    Progress,
    Quit,
    Run,
    Started,
)
from crystal_studio.ports.job_queue import JobQueue, JobState
from crystal_studio.services.jobs import Job, Lane, WarmUpJob
from crystal_studio.ui.jobs.keeper import OBEY_SECONDS, LaneNews
from crystal_studio.ui.jobs.lane import LaneThread
from crystal_studio.ui.jobs.runner import JobRunner
from crystal_studio.ui.jobs.waiting import WaitingJobs

_TURN_SECONDS = 0.008  # of the window's thread at a time, so that it goes on painting under a flood of events
_JOBS_REMEMBERED = 256
_CLOSING_SECONDS = OBEY_SECONDS + 5


class _Lane:
    """The window's record of one lane: its thread, the job in hand, the jobs that wait."""

    def __init__(self, thread: LaneThread) -> None:
        self.thread = thread
        self.waiting: deque[str] = deque()
        self.running: str | None = None
        self.state = "closed"
        self.process: int | None = None
        self.was_warm = False
        self.is_cold = True


class QtJobRunner(JobRunner):
    """Implements `JobRunner` with one engine host per lane.

    Args:
        commands: lane -> program and arguments of its host. A host is started by the first job of its lane.
        queue: where the jobs that change the project wait, None to keep them in memory only.
        environment: of the hosts, None for ours.
        parent: Qt's.
    """

    def __init__(
        self,
        commands: Mapping[Lane, Sequence[str]],
        queue: JobQueue | None = None,
        environment: Mapping[str, str] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._kept = WaitingJobs(queue)
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._is_closed = False
        self._lanes: dict[Lane, _Lane] = {}
        for lane, command in commands.items():
            thread = LaneThread(command, environment, self)
            thread.setObjectName(f"lane {lane.value}")
            thread.arrived.connect(self._take_news, Qt.ConnectionType.QueuedConnection)
            self._lanes[lane] = _Lane(thread)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self.close)

    def resume(self) -> None:
        """Take up the project's queue: what was running when the program ended has failed, what waited runs on.

        Call it once, when those who listen are connected.
        """
        interrupted, waiting = self._kept.left()
        for job_id, job in interrupted:
            self._remember(job_id, job)
            self.queued.emit(job_id, job)
            message = "The program ended while this was running; nothing of it was kept. Try it again."
            self.failed.emit(job_id, Failed(job_id, Failure.HOST_DIED, message))
        for job_id, job in waiting:
            self._enqueue(job_id, job)

    def submit(self, job: Job) -> str:
        """Queue a job in its lane; returns its id at once.

        Raises:
            UserCorrectable: the runner is closed.
        """
        if self._is_closed:
            raise UserCorrectable("The window is closing. Open the project again to go on.")
        job_id = uuid4().hex
        self._kept.add(job_id, job)
        self._enqueue(job_id, job)
        return job_id

    def cancel(self, job_id: str) -> None:
        """Stop exactly this job, waiting or running; one that is over already stays as it is."""
        for lane in self._lanes.values():
            if job_id == lane.running:
                lane.thread.order(Cancel(job_id))
            elif job_id in lane.waiting:
                lane.waiting.remove(job_id)
                self._kept.move(job_id, JobState.CANCELLED)
                self.cancelled.emit(job_id)

    def retry(self, job_id: str) -> str:
        """Queue a job again; returns the new id.

        Raises:
            UserCorrectable: the job is no longer known.
        """
        if job_id not in self._jobs:
            raise UserCorrectable("That job is no longer known. Send it again.")
        return self.submit(self._jobs[job_id])

    @Slot()
    def close(self) -> None:
        """Stop everything and wait until no child process is left; jobs that wait run on when the project is opened."""
        if self._is_closed:
            return
        self._is_closed = True
        for lane in self._lanes.values():
            lane.thread.order(Quit())
        end = time.monotonic() + _CLOSING_SECONDS
        for name, lane in self._lanes.items():
            if lane.thread.wait(max(1, int(1000 * (end - time.monotonic())))):
                lane.thread.release()
            self._change(name, "closed", None)

    def process(self, lane: Lane) -> int | None:
        """Process id of a lane's host, None while there is none."""
        return self._lanes[lane].process

    def state(self, lane: Lane) -> str:
        """The last state that `lane_changed` told of."""
        return self._lanes[lane].state

    def waiting(self, lane: Lane) -> tuple[str, ...]:
        """Ids of the jobs that wait in a lane, in order."""
        return tuple(self._lanes[lane].waiting)

    def _enqueue(self, job_id: str, job: Job) -> None:
        self._remember(job_id, job)
        lane = self._lanes[job.lane]
        lane.waiting.append(job_id)
        self.queued.emit(job_id, job)
        self._run_next(lane)
        self._let_pass(lane)

    def _let_pass(self, lane: _Lane) -> None:
        """Loading ahead makes way for what somebody waits for; the model in hand, which it needs too, is loaded."""
        if lane.running is None or not isinstance(self._jobs[lane.running], WarmUpJob):
            return
        if any(not isinstance(self._jobs[one], WarmUpJob) for one in lane.waiting):
            lane.was_warm = True  # the others are loaded by the jobs that use them
            lane.thread.order(Cancel(lane.running, patient=True))

    def _remember(self, job_id: str, job: Job) -> None:
        """Keep a job for `retry`; those that are over are forgotten first, oldest first."""
        self._jobs[job_id] = job
        open_jobs = {one for lane in self._lanes.values() for one in (lane.running, *lane.waiting)}
        over = [one for one in self._jobs if one not in open_jobs and one != job_id]
        for one in over[: max(0, len(self._jobs) - _JOBS_REMEMBERED)]:
            del self._jobs[one]

    def _run_next(self, lane: _Lane) -> None:
        if self._is_closed or lane.running is not None or not lane.waiting:
            return
        lane.running = lane.waiting.popleft()
        if not lane.thread.isRunning():
            lane.thread.start()
        lane.thread.order(Run(lane.running, self._jobs[lane.running]))

    @Slot()
    def _take_news(self) -> None:
        """Turn what the lanes have heard into signals, for a few milliseconds at a time."""
        end = time.monotonic() + _TURN_SECONDS
        for name, lane in self._lanes.items():
            lane.thread.begin_reading()
            while lane.thread.inbox and time.monotonic() < end and not self._is_closed:
                self._hear(name, lane, lane.thread.inbox.popleft())
        if not self._is_closed and any(lane.thread.inbox for lane in self._lanes.values()):
            QTimer.singleShot(0, self._take_news)

    def _hear(self, name: Lane, lane: _Lane, news: Event | LaneNews) -> None:
        if isinstance(news, LaneNews):
            self._change(name, news.state, news.process)
        elif isinstance(news, Done | Failed | Cancelled):
            if news.id == lane.running:
                self._end(lane, news)
        elif isinstance(news, Started | Progress | Partial) and news.id == lane.running:
            self._relay(news)

    def _relay(self, news: Started | Progress | Partial) -> None:
        if isinstance(news, Started):
            self._kept.move(news.id, JobState.RUNNING)
            self.started.emit(news.id)
        elif isinstance(news, Progress):
            self.progressed.emit(news.id, news.part, news.fraction, news.message)
        else:
            self.partial.emit(news.id, news.kind, news.payload)

    def _end(self, lane: _Lane, news: Done | Failed | Cancelled) -> None:
        lane.running = None
        if isinstance(news, Done):
            self._note_warmth(lane, self._jobs[news.id])
            self._kept.move(news.id, JobState.DONE)
            self.finished.emit(news.id, news.result)
        elif isinstance(news, Failed):
            self._kept.move(news.id, JobState.FAILED, news.message)
            self.failed.emit(news.id, news)
        else:
            self._kept.move(news.id, JobState.CANCELLED)
            self.cancelled.emit(news.id)
        if lane.state != "died":  # a host that dies again and again is started again by a person only
            self._run_next(lane)

    def _change(self, name: Lane, state: str, process: int | None) -> None:
        lane = self._lanes[name]
        lane.process = process
        if state != lane.state:
            lane.state = state
            self.lane_changed.emit(name.value, state)
            self._warm_again(lane)

    def _note_warmth(self, lane: _Lane, done: Job) -> None:
        lane.is_cold = False
        lane.was_warm = lane.was_warm or isinstance(done, WarmUpJob)

    def _warm_again(self, lane: _Lane) -> None:
        """A host that took the place of one with loaded models loads them while there is nothing else to do."""
        if lane.state == "starting":
            lane.is_cold = True
        elif lane.state == "ready" and lane.is_cold and lane.was_warm and not lane.waiting and lane.running is None:
            lane.is_cold = False
            self.submit(WarmUpJob())
