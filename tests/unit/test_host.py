"""The engine host without Qt: messages, events, and every way to die."""

from __future__ import annotations

import itertools
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from living_processes import children, is_alive, wait_until

from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.sampling_engine import SamplingEngine
from crystal_studio.host import channel
from crystal_studio.host.channel import ChannelBroken, MessageReader, encode
from crystal_studio.host.client import HostClient, HostDied
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
    Ready,
    Run,
    Started,
)
from crystal_studio.services.jobs import DesignJob, SymmetryJob

SCRIPTED = [sys.executable, "-P", str(Path(__file__).parents[1] / "ui" / "scripted_host.py")]
START_SECONDS = 60.0


def job(message: str) -> DesignJob:
    return DesignJob(Path("design.cstudio"), message, None, seed=1)


@pytest.fixture
def host() -> Iterator[HostClient]:
    client = HostClient(SCRIPTED)
    client.start()
    assert client.receive(START_SECONDS) == Ready(client.process)
    yield client
    client.kill()


def events(host: HostClient, job_id: str, seconds: float = 30.0) -> list[Event]:
    """The events of a job up to its last one."""
    found: list[Event] = []
    while not found or not isinstance(found[-1], Done | Failed | Cancelled):
        event = host.receive(seconds)
        assert event is not None, f"nothing after {found[-3:]}"
        if event.id == job_id:
            found.append(event)
    return found


def exhaust(host: HostClient) -> None:
    """Take events until the host dies."""
    for _ in itertools.repeat(None):
        host.poll(10)


def outcome(host: HostClient, message: str) -> Event:
    host.send(Run(message, job(message)))
    return events(host, message)[-1]


# Messages


def test_that_messages_survive_being_cut_anywhere() -> None:
    crystal = Crystal(np.eye(3) * 4, ("Na", "Cl"), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]))
    sent = [Run("a", SymmetryJob(crystal)), Cancel("b"), Quit()]
    data = b"".join(map(encode, sent))
    for size in (1, 7, 64, len(data)):
        reader = MessageReader()
        got = [one for start in range(0, len(data), size) for one in reader.feed(data[start : start + size])]
        assert got[1:] == sent[1:]
        assert got[0].job.crystal.to_dict() == crystal.to_dict()
        assert reader.broken is None


@pytest.mark.parametrize(
    ("garbage", "complaint"),
    [
        (b"hello", "Something else"),
        (b"C", None),
        (b"CSh1\xff\xff\xff\xff", "announced"),
        (b"CSh1\x00\x00\x00\x05hello", "could not be read"),
        (b"\x00" * 100, "Something else"),
    ],
)
def test_that_garbage_is_refused_after_the_messages_before_it(garbage: bytes, complaint: str | None) -> None:
    reader = MessageReader()
    assert reader.feed(encode(Quit()) + garbage) == [Quit()]
    assert (complaint in str(reader.broken)) if complaint else reader.broken is None
    assert reader.feed(encode(Quit())) == []


def test_that_a_message_cannot_bring_a_library_along() -> None:
    body = pickle.dumps(subprocess.Popen)
    reader = MessageReader()
    assert reader.feed(b"CSh1" + len(body).to_bytes(4, "big") + body) == []
    assert "subprocess.Popen may not be sent" in str(reader.broken)


def test_that_members_of_enumerations_travel_where_python_pickles_them_as_a_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Python 3.11.2 does.
    monkeypatch.setattr(SamplingEngine, "__reduce_ex__", lambda self, _protocol: (getattr, (type(self), self.name)))
    sent = Run("1", job("a perovskite"))
    assert MessageReader().feed(encode(sent)) == [sent]


def test_that_a_message_beyond_the_limit_is_refused_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "MOST_BYTES", 1000)
    with pytest.raises(ChannelBroken, match="too large"):
        encode(Partial("a", "token", "x" * 2000))


# Jobs


def test_that_a_job_answers_started_and_done(host: HostClient) -> None:
    host.send(Run("a", job("say:hello")))
    assert events(host, "a") == [Started("a"), Done("a", "hello")]


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        ("UserCorrectable", Failure.USER_CORRECTABLE),
        ("NothingValid", Failure.USER_CORRECTABLE),
        ("ProjectUnavailable", Failure.USER_CORRECTABLE),
        ("Unavailable", Failure.UNAVAILABLE),
        ("ValueError", Failure.BUG),
        ("unpicklable", Failure.BUG),
        ("allocate", Failure.UNAVAILABLE),
    ],
)
def test_that_each_kind_of_failure_is_told_apart_and_the_next_job_runs(
    host: HostClient, error: str, failure: Failure
) -> None:
    ended = outcome(host, error)
    assert isinstance(ended, Failed)
    assert ended.failure is failure
    assert bool(ended.details) == (failure is Failure.BUG or error == "allocate")
    assert isinstance(outcome(host, "say:next"), Done)


def test_that_progress_comes_at_most_twenty_times_a_second_and_ends_at_one(host: HostClient) -> None:
    host.send(Run("a", job("progress:2000")))
    heard = events(host, "a")
    reports = [event for event in heard if isinstance(event, Progress)]
    done = heard[-1]
    assert isinstance(done, Done)
    assert isinstance(done.result, float)
    assert 5 < len(reports) <= 20 * (done.result + 1) + 1
    assert [one.fraction for one in reports] == sorted({one.fraction for one in reports})
    assert reports[-1].fraction == 1.0


def test_that_tokens_are_joined_and_none_is_lost(host: HostClient) -> None:
    host.send(Run("a", job("tokens:5000")))
    parts = [event for event in events(host, "a") if isinstance(event, Partial)]
    assert "".join(str(part.payload) for part in parts) == "".join(f"{index} " for index in range(5000))
    assert len(parts) < 1000


def test_that_what_a_library_prints_stays_out_of_the_pipe(host: HostClient) -> None:
    assert outcome(host, "print") == Done("print", "printed")


# Stopping


def test_that_a_running_job_is_cancelled_within_a_second(host: HostClient) -> None:
    host.send(Run("a", job("sleep:30")))
    assert host.receive(10) == Started("a")
    asked = time.monotonic()
    host.send(Cancel("a"))
    assert events(host, "a") == [Cancelled("a")]
    assert time.monotonic() - asked < 1.0


def test_that_cancelling_a_waiting_job_touches_no_other(host: HostClient) -> None:
    for name in "abc":
        host.send(Run(name, job("sleep:0.3")))
    host.send(Cancel("b"))
    assert [events(host, name)[-1] for name in "abc"] == [Done("a", "slept"), Cancelled("b"), Done("c", "slept")]


def test_that_quitting_in_the_middle_of_a_job_ends_the_host(host: HostClient) -> None:
    host.send(Run("a", job("sleep:30")))
    host.send(Quit())
    assert events(host, "a")[-1] == Cancelled("a")
    assert host.wait(5) == 0


@pytest.mark.parametrize(
    ("message", "how"),
    [
        ("crash", "it was killed by SIGSEGV"),
        ("exit", "it exited with status 7"),
        ("garbage", "what it sent could not be read"),
        ("huge", "what it sent could not be read"),
    ],
)
def test_that_a_host_that_dies_says_how_and_leaves_no_process(host: HostClient, message: str, how: str) -> None:
    process = host.process
    host.send(Run("a", job(message)))
    with pytest.raises(HostDied) as death:
        exhaust(host)
    assert death.value.how == how
    assert process is not None
    assert not is_alive(process)


def test_that_a_program_that_cannot_be_started_is_a_clear_error() -> None:
    with pytest.raises(HostDied, match="it cannot be started"):
        HostClient(["no-such-program-here"]).start()


def test_that_sending_to_a_host_that_does_not_read_never_blocks(host: HostClient) -> None:
    assert host.process is not None
    os.kill(host.process, signal.SIGSTOP)
    started = time.monotonic()
    for index in range(40):
        host.send(Run(str(index), job("say:" + "x" * 100_000)))
    assert time.monotonic() - started < 5
    os.kill(host.process, signal.SIGCONT)
    assert events(host, "39")[-1] == Done("39", "x" * 100_000)


@pytest.mark.parametrize("message", ["sleep:60", "stall:60", "grip", ""])
def test_that_the_host_dies_with_its_parent(tmp_path: Path, message: str) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import time\n"
        "from pathlib import Path\n"
        "from crystal_studio.host.client import HostClient\n"
        "from crystal_studio.host.protocol import Run\n"
        "from crystal_studio.services.jobs import DesignJob\n"
        f"host = HostClient({SCRIPTED!r})\n"
        "host.start()\n"
        f"host.receive({START_SECONDS})\n"
        f"host.send(Run('a', DesignJob(Path('x'), {message!r}, None, 1)))\n"
        "host.receive(10)\n"
        f"Path({str(tmp_path / 'pid')!r}).write_text(str(host.process))\n"
        "time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    parent = subprocess.Popen([sys.executable, str(script)], env=environment)
    assert wait_until(lambda: (tmp_path / "pid").exists() and bool((tmp_path / "pid").read_text()), START_SECONDS)
    host = int((tmp_path / "pid").read_text())
    assert host in children(parent.pid)
    parent.kill()
    parent.wait()
    assert wait_until(lambda: not is_alive(host), 2.0)
