"""The window's job runner over real host processes that do what the tests script."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from living_processes import children, is_alive, name_of, wait_until
from PySide6.QtCore import QElapsedTimer, QThread, QTimer
from pytestqt.qtbot import QtBot

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.domain.history import Node
from crystal_studio.engines.fake.fake_job_queue import FakeJobQueue
from crystal_studio.host.protocol import Done, Failed, Failure, Progress, Quit, Run
from crystal_studio.ports.job_queue import JobQueue, JobState, QueuedJob
from crystal_studio.services.job_json import job_to_json
from crystal_studio.services.jobs import DesignJob, Job, Lane, PromoteJob, SymmetryJob, WarmUpJob
from crystal_studio.storage.sql_history_store import SqlHistoryStore
from crystal_studio.storage.sql_job_queue import SqlJobQueue
from crystal_studio.ui.jobs.lane import LaneThread
from crystal_studio.ui.jobs.qt_runner import QtJobRunner

SCRIPTED = (sys.executable, "-P", str(Path(__file__).with_name("scripted_host.py")))
BOTH = {lane: SCRIPTED for lane in Lane}
START_MS = 60_000


def said(message: str, project: Path = Path("design.cstudio")) -> DesignJob:
    return DesignJob(project, message, None, seed=1)


class Heard:
    """Everything a runner said, in order, and on which thread."""

    def __init__(self, runner: QtJobRunner) -> None:
        self.log: list[tuple[str, tuple[object, ...]]] = []
        self.threads: set[QThread] = set()
        for name in ("queued", "started", "progressed", "partial", "finished", "failed", "cancelled", "lane_changed"):
            getattr(runner, name).connect(self._listener(name))

    def _listener(self, name: str) -> Callable[..., None]:
        def hear(*arguments: object) -> None:
            self.threads.add(QThread.currentThread())
            self.log.append((name, arguments))

        return hear

    def of(self, job_id: str) -> list[str]:
        """What was said of a job."""
        return [name for name, arguments in self.log if arguments[0] == job_id]

    def end(self, job_id: str) -> str | None:
        """How a job ended, None while it has not."""
        return next((name for name in self.of(job_id) if name in ("finished", "failed", "cancelled")), None)

    def told(self, name: str, job_id: str) -> object:
        """The last argument of a signal."""
        return next(arguments[-1] for one, arguments in self.log if one == name and arguments[0] == job_id)

    def states(self, lane: Lane) -> list[object]:
        return [arguments[1] for name, arguments in self.log if name == "lane_changed" and arguments[0] == lane.value]


# The display that windows are drawn on is a child of this process as well.
NOT_HOSTS = "Xvfb"


def hosts() -> set[int]:
    """The engine hosts that this process has."""
    return {one for one in children(os.getpid()) if name_of(one) != NOT_HOSTS}


class Bench:
    """A runner, what it said, and the bot to wait with."""

    def __init__(
        self, qtbot: QtBot, queue: JobQueue | None = None, commands: Mapping[Lane, Sequence[str]] = BOTH
    ) -> None:
        self.runner = QtJobRunner(commands, queue)
        self.heard = Heard(self.runner)
        self.bot = qtbot

    def submit(self, message: str) -> str:
        return self.runner.submit(said(message))

    def wait_end(self, *job_ids: str) -> list[str | None]:
        self.bot.waitUntil(lambda: all(self.heard.end(one) for one in job_ids), timeout=START_MS)
        return [self.heard.end(one) for one in job_ids]

    def wait_start(self, job_id: str) -> None:
        self.bot.waitUntil(lambda: "started" in self.heard.of(job_id), timeout=START_MS)

    def failure(self, job_id: str) -> Failed:
        failed = self.heard.told("failed", job_id)
        assert isinstance(failed, Failed)
        return failed

    def kill_host(self, lane: Lane = Lane.MODEL) -> int:
        process = self.runner.process(lane)
        assert process is not None
        os.kill(process, signal.SIGKILL)
        return process


@pytest.fixture
def bench(qtbot: QtBot) -> Iterator[Bench]:
    made = Bench(qtbot)
    yield made
    made.runner.close()
    assert hosts() == set()


def test_that_a_host_is_started_by_the_first_job_of_its_lane(bench: Bench) -> None:
    assert hosts() == set()
    done = bench.submit("say:hello")
    assert bench.wait_end(done) == ["finished"]
    assert bench.heard.told("finished", done) == "hello"
    assert bench.heard.of(done) == ["queued", "started", "finished"]
    assert bench.runner.process(Lane.SCIENCE) is None
    assert bench.heard.states(Lane.MODEL)[:2] == ["starting", "busy"]
    bench.bot.waitUntil(lambda: bench.runner.state(Lane.MODEL) == "ready", timeout=5000)


def test_that_every_signal_comes_on_the_windows_thread(bench: Bench) -> None:
    done = [bench.submit("tokens:200 progress:50"), bench.submit("ValueError"), bench.submit("exit")]
    bench.wait_end(*done)
    assert bench.heard.threads == {QThread.currentThread()}


def test_that_loading_models_is_a_state_of_its_own(bench: Bench) -> None:
    bench.wait_end(bench.runner.submit(WarmUpJob()))
    assert bench.heard.states(Lane.MODEL)[:2] == ["starting", "loading"]


def test_that_loading_ahead_makes_way_for_what_somebody_waits_for_without_losing_what_is_loaded(qtbot: QtBot) -> None:
    bench = Bench(qtbot, commands={Lane.MODEL: (*SCRIPTED, "loads-slowly")})
    loading = bench.runner.submit(WarmUpJob())
    bench.wait_start(loading)
    process = bench.runner.process(Lane.MODEL)
    wish, other = bench.submit("pid"), bench.submit("pid")
    assert bench.wait_end(loading, wish, other) == ["cancelled", "finished", "finished"]
    assert [bench.heard.told("finished", one) for one in (wish, other)] == [process, process]
    bench.runner.close()


def test_that_a_person_need_not_wait_for_loading_that_has_made_way(qtbot: QtBot) -> None:
    bench = Bench(qtbot, commands={Lane.MODEL: (*SCRIPTED, "loads-slowly")})
    loading = bench.runner.submit(WarmUpJob())
    bench.wait_start(loading)
    process = bench.runner.process(Lane.MODEL)
    wish = bench.submit("pid")
    bench.runner.cancel(loading)
    assert bench.wait_end(loading, wish) == ["cancelled", "finished"]
    assert bench.heard.told("finished", wish) != process, "the host was killed and replaced"
    bench.runner.close()


def test_that_both_lanes_run_at_the_same_time(bench: Bench, node_of: Callable[..., Node]) -> None:
    slow = bench.submit("sleep:30")
    bench.wait_start(slow)
    quick = bench.runner.submit(SymmetryJob(node_of().crystal))
    assert bench.wait_end(quick) == ["finished"]
    assert bench.heard.end(slow) is None
    bench.runner.cancel(slow)
    assert bench.wait_end(slow) == ["cancelled"]


def test_that_cancelling_a_running_job_takes_less_than_a_second_and_touches_no_other(bench: Bench) -> None:
    jobs = [bench.submit("sleep:30"), bench.submit("say:second")]
    bench.wait_start(jobs[0])
    process, asked = bench.runner.process(Lane.MODEL), time.monotonic()
    bench.runner.cancel(jobs[0])
    bench.bot.waitUntil(lambda: bench.heard.end(jobs[0]) is not None, timeout=START_MS)
    assert time.monotonic() - asked < 1.0
    assert bench.wait_end(*jobs) == ["cancelled", "finished"]
    assert bench.runner.process(Lane.MODEL) == process


def test_that_cancelling_a_waiting_job_removes_only_that_one(bench: Bench) -> None:
    jobs = [bench.submit("sleep:0.5"), bench.submit("say:b"), bench.submit("say:c")]
    bench.runner.cancel(jobs[1])
    assert bench.heard.end(jobs[1]) == "cancelled"
    assert bench.wait_end(*jobs) == ["finished", "cancelled", "finished"]


def test_that_a_job_is_cancelled_while_its_host_starts(bench: Bench) -> None:
    first, second = bench.submit("sleep:30"), bench.submit("say:b")
    bench.runner.cancel(first)
    assert bench.wait_end(first, second) == ["cancelled", "finished"]
    assert "started" not in bench.heard.of(first)


@pytest.mark.parametrize("message", ["stall:60", "grip"])
def test_that_a_host_that_does_not_obey_is_killed_after_three_seconds(bench: Bench, message: str) -> None:
    deaf, following = bench.submit(message), bench.submit("say:after")
    bench.wait_start(deaf)
    process, asked = bench.runner.process(Lane.MODEL), time.monotonic()
    bench.runner.cancel(deaf)
    bench.bot.waitUntil(lambda: bench.heard.end(deaf) is not None, timeout=START_MS)
    assert 2.9 < time.monotonic() - asked < 5
    assert bench.wait_end(deaf, following) == ["cancelled", "finished"]
    assert process is not None
    assert not is_alive(process)


@pytest.mark.parametrize("message", ["crash", "exit", "garbage", "huge"])
def test_that_a_host_that_dies_fails_its_job_in_plain_words_and_the_queue_goes_on(bench: Bench, message: str) -> None:
    jobs = [bench.submit("say:a"), bench.submit(message), bench.submit("say:c")]
    assert bench.wait_end(*jobs) == ["finished", "failed", "finished"]
    failed = bench.failure(jobs[1])
    assert failed.failure is Failure.HOST_DIED
    assert failed.message.startswith("The engine stopped in the middle of this (")
    assert "Try this again." in failed.message
    assert "\\x" not in failed.message


def test_that_a_host_killed_in_the_middle_loses_no_node(bench: Bench, project: Path, store: SqlHistoryStore) -> None:
    kept = bench.runner.submit(said("commit", project))
    lost = bench.runner.submit(said("sleep:30 commit", project))
    after = bench.runner.submit(said("commit", project))
    bench.wait_start(lost)
    bench.kill_host()
    assert bench.wait_end(kept, lost, after) == ["finished", "failed", "finished"]
    assert bench.failure(lost).failure is Failure.HOST_DIED
    nodes = [bench.heard.told("finished", one) for one in (kept, after)]
    assert [node.id for node in store.nodes()] == [node.id for node in nodes if isinstance(node, Node)]
    assert len(store.nodes()) == 2


def test_that_an_idle_host_that_is_killed_is_replaced(bench: Bench) -> None:
    bench.wait_end(bench.submit("say:a"))
    killed = bench.kill_host()
    bench.bot.waitUntil(
        lambda: bench.runner.state(Lane.MODEL) == "ready" and bench.runner.process(Lane.MODEL) != killed,
        timeout=START_MS,
    )
    assert bench.wait_end(bench.submit("say:b")) == ["finished"]


def test_that_models_are_loaded_again_after_a_host_was_replaced(bench: Bench) -> None:
    bench.wait_end(bench.runner.submit(WarmUpJob()))
    bench.bot.waitUntil(lambda: bench.runner.state(Lane.MODEL) == "ready", timeout=START_MS)
    bench.kill_host()
    bench.bot.waitUntil(lambda: len([1 for name, _ in bench.heard.log if name == "finished"]) == 2, timeout=START_MS)
    assert bench.heard.states(Lane.MODEL).count("loading") == 2


def test_that_a_host_that_dies_thrice_waits_for_a_person(bench: Bench) -> None:
    jobs = [bench.submit("exit") for _ in range(3)] + [bench.submit("say:last")]
    bench.wait_end(*jobs[:3])
    assert bench.heard.states(Lane.MODEL)[-1] == "died"
    assert "3 times in a row" in bench.failure(jobs[2]).message
    bench.bot.wait(300)
    assert bench.heard.end(jobs[3]) is None
    assert hosts() == set()
    again = bench.runner.retry(jobs[0])
    assert bench.wait_end(jobs[3], again) == ["finished", "failed"]


def test_that_a_host_that_cannot_start_says_so(qtbot: QtBot) -> None:
    runner = QtJobRunner({Lane.MODEL: (*SCRIPTED, "dies-at-start")})
    heard = Heard(runner)
    job_id = runner.submit(said("say:a"))
    qtbot.waitUntil(lambda: heard.end(job_id) == "failed", timeout=START_MS)
    failed = heard.told("failed", job_id)
    assert isinstance(failed, Failed)
    assert "it exited with status 3" in failed.message
    assert heard.states(Lane.MODEL)[-1] == "died"
    runner.close()


def test_that_a_job_can_be_tried_again_under_a_new_id(bench: Bench) -> None:
    first = bench.submit("UserCorrectable")
    bench.wait_end(first)
    again = bench.runner.retry(first)
    assert again != first
    assert bench.wait_end(again) == ["failed"]
    assert bench.heard.told("queued", again) == said("UserCorrectable")
    with pytest.raises(UserCorrectable, match="no longer known"):
        bench.runner.retry("0" * 32)


def test_that_a_flood_of_events_leaves_the_window_its_turns(bench: Bench) -> None:
    bench.wait_end(bench.submit("say:a"))
    gaps: list[int] = []
    clock = QElapsedTimer()
    heartbeat = QTimer()
    heartbeat.setInterval(5)
    heartbeat.timeout.connect(lambda: gaps.append(clock.restart()))
    clock.start()
    heartbeat.start()
    jobs = [bench.submit("flood:20000"), bench.submit("tokens:20000 progress:500")]
    bench.wait_end(*jobs)
    heartbeat.stop()
    assert sum(1 for name, _ in bench.heard.log if name == "progressed") > 20_000
    # Exact figures are in tests/benchmarks/event_loop_gap.py; these hold on a busy machine too.
    assert sorted(gaps)[len(gaps) * 99 // 100] < 150
    assert max(gaps) < 600


def test_that_a_host_waits_for_a_window_that_has_fallen_behind(qtbot: QtBot) -> None:
    lane = LaneThread(SCRIPTED)
    lane.start()
    lane.order(Run("a", said("flood:20000")))
    assert wait_until(lambda: len(lane.inbox) >= 200, START_MS / 1000)
    time.sleep(0.5)
    assert len(lane.inbox) < 5000
    news: list[object] = []
    assert wait_until(lambda: bool(take_all(lane, news)), START_MS / 1000)
    assert len([one for one in news if isinstance(one, Progress)]) == 20_000
    lane.order(Quit())
    assert lane.wait(10_000)
    lane.release()


def take_all(lane: LaneThread, news: list[object]) -> bool:
    """Empty the inbox; whether the job is done."""
    while lane.inbox:
        news.append(lane.inbox.popleft())
    return any(isinstance(one, Done) for one in news)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("message", ["crash", "exit", "garbage", "huge", "allocate", "ValueError", "kill"])
def test_that_after_each_of_two_hundred_deaths_the_next_job_runs_and_no_handle_is_left(
    bench: Bench, message: str, pytestconfig: pytest.Config
) -> None:
    if "slow" not in str(pytestconfig.getoption("markexpr")):
        pytest.skip("takes half an hour; run it with -m slow")
    bench.wait_end(bench.submit("say:a"))
    handles = len(os.listdir("/proc/self/fd"))
    for _ in range(200):
        dying = bench.submit("sleep:60" if message == "kill" else message)
        if message == "kill":
            bench.wait_start(dying)
            bench.kill_host()
        assert bench.wait_end(dying, bench.submit("say:next")) == ["failed", "finished"]
    assert len(os.listdir("/proc/self/fd")) <= handles + 2
    assert len(hosts()) == 1


# Closing


@pytest.mark.parametrize("message", ["sleep:60", "stall:60", "say:a"])
def test_that_closing_leaves_no_process(qtbot: QtBot, message: str) -> None:
    bench = Bench(qtbot)
    job_id = bench.submit(message)
    bench.wait_start(job_id)
    assert len(hosts()) == 1
    started = time.monotonic()
    bench.runner.close()
    assert time.monotonic() - started < 6
    assert hosts() == set()
    assert bench.runner.state(Lane.MODEL) == "closed"
    with pytest.raises(UserCorrectable, match="closing"):
        bench.submit("say:b")


def test_that_closing_without_a_host_does_nothing(qtbot: QtBot) -> None:
    runner = QtJobRunner(BOTH)
    runner.close()
    runner.close()
    assert runner.state(Lane.SCIENCE) == "closed"


# The persistent queue


def test_that_the_queue_knows_what_became_of_each_job(qtbot: QtBot) -> None:
    queue = FakeJobQueue()
    bench = Bench(qtbot, queue)
    jobs = [bench.submit(message) for message in ("say:a", "UserCorrectable", "sleep:30", "say:d")]
    bench.wait_start(jobs[2])
    states = {row.id: row.state for row in queue.jobs()}
    assert [states[one] for one in jobs] == [JobState.DONE, JobState.FAILED, JobState.RUNNING, JobState.WAITING]
    bench.runner.cancel(jobs[2])
    bench.wait_end(*jobs)
    states = {row.id: row.state for row in queue.jobs()}
    assert [states[one] for one in jobs[2:]] == [JobState.CANCELLED, JobState.DONE]
    assert queue.jobs()[1].message == "This is what is wrong."
    bench.runner.close()


def test_that_questions_about_crystals_are_not_kept(qtbot: QtBot, node_of: Callable[..., Node]) -> None:
    queue = FakeJobQueue()
    kept = Bench(qtbot, queue)
    kept.wait_end(kept.runner.submit(SymmetryJob(node_of().crystal)))
    assert queue.jobs() == []
    kept.runner.close()


def test_that_after_a_restart_the_interrupted_job_is_shown_and_the_waiting_ones_run(qtbot: QtBot) -> None:
    queue = FakeJobQueue()
    before = Bench(qtbot, queue)
    running, waiting = before.submit("sleep:30"), before.submit("say:second")
    before.wait_start(running)
    before.runner.close()
    assert [row.state for row in queue.jobs()] == [JobState.RUNNING, JobState.WAITING]

    after = Bench(qtbot, queue)
    after.runner.resume()
    assert after.heard.of(running) == ["queued", "failed"]
    assert "The program ended" in after.failure(running).message
    assert after.wait_end(waiting) == ["finished"]
    assert [row.state for row in queue.jobs()] == [JobState.INTERRUPTED, JobState.DONE]
    again = after.runner.retry(running)
    after.wait_start(again)
    after.runner.close()


def test_that_waiting_jobs_of_a_project_that_was_moved_write_into_the_moved_one(qtbot: QtBot, tmp_path: Path) -> None:
    old, new = tmp_path / "old.cstudio", tmp_path / "new.cstudio"
    job = said("commit", old)
    row = QueuedJob("a" * 32, "DesignJob", job_to_json(job), JobState.WAITING, "", "", "2026-01-01T00:00:00+00:00")
    with SqlHistoryStore.open(old), SqlJobQueue.open(old) as queue:
        queue.add(row)
    old.rename(new)
    with SqlHistoryStore.open(new) as store, SqlJobQueue.open(new) as queue:
        bench = Bench(qtbot, queue)
        bench.runner.resume()
        assert bench.wait_end(row.id) == ["finished"]
        bench.runner.close()
        assert len(store.nodes()) == 1
        assert [one.state for one in queue.jobs()] == [JobState.DONE]
    assert not old.exists()


def test_that_a_row_that_cannot_be_read_stops_no_other(qtbot: QtBot) -> None:
    queue = FakeJobQueue()
    good: Job = PromoteJob(Path("design.cstudio"), "a" * 32, 2)
    for kind, payload in (("NoSuchJob", {}), ("PromoteJob", job_to_json(good))):
        queue.add(QueuedJob(kind, kind, payload, JobState.WAITING, kind, "", "2026-01-01T00:00:00+00:00"))
    bench = Bench(qtbot, queue)
    bench.runner.resume()
    assert bench.wait_end("PromoteJob") == ["finished"]
    assert bench.heard.told("queued", "PromoteJob") == good
    bench.runner.close()
