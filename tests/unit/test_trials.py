"""Models are tried in processes of their own, whatever becomes of these."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from crystal_studio.app.trials import ChildTrials
from crystal_studio.domain.crystal import Crystal
from crystal_studio.domain.errors import JobCancelled, Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard, ModelKind
from crystal_studio.domain.trial import Trial
from crystal_studio.engines.fake import FakeContext
from crystal_studio.engines.fake.bundle import FakeEngines
from crystal_studio.services.self_test import HALVES, STEPS, TinyRound
from crystal_studio.services.trial import perovskite, try_part
from crystal_studio.storage.sql_history_store import SqlHistoryStore

CARD = ModelCard("small", ModelKind.DENOISER, "1", "m:f")
TRIAL = {"seconds": 1.5, "text": "NaCl", "memory_mb": 900, "device": "cpu", "load_seconds": 4.0, "card_mb": 0}


def child(script: str, **limits: float) -> ChildTrials:
    return ChildTrials((sys.executable, "-c", f"import json, os, signal, sys, time\n{script}"), **limits)


def test_that_a_trial_is_what_its_process_says() -> None:
    assert child(f"print(json.dumps({TRIAL!r}))").try_model(CARD, FakeContext()) == Trial(**TRIAL)


def test_that_the_process_is_told_which_model() -> None:
    told = child("print(json.dumps({'refused': ' '.join(sys.argv[1:]), 'correctable': True}))")
    with pytest.raises(UserCorrectable, match="denoiser small"):
        told.try_model(CARD, FakeContext())


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "died of SIGKILL, perhaps because memory ran out"),
        ("sys.exit('no such library')", r"ended with status 1 \(no such library\)"),
        ("print('{\"seconds\"', end='')", "said nothing"),
        ("print(json.dumps({'refused': 'Fetch it.', 'correctable': False}))", "Fetch it"),
    ],
)
def test_that_a_trial_that_fails_says_why_and_what_to_do(script: str, reason: str) -> None:
    with pytest.raises(Unavailable, match=reason):
        child(script).try_model(CARD, FakeContext())


def test_that_a_trial_that_hangs_is_ended() -> None:
    started = time.monotonic()
    with pytest.raises(Unavailable, match="took longer than 1 s"):
        child("time.sleep(60)", trial_seconds=1.0).try_model(CARD, FakeContext())
    assert time.monotonic() - started < 30


def test_that_a_stopped_trial_leaves_no_process_behind(tmp_path: Path) -> None:
    alive = tmp_path / "pid"
    script = f"open({str(alive)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    class Stopper(FakeContext):
        def check_cancelled(self) -> None:
            if alive.exists() and alive.read_text():
                raise JobCancelled("stopped")

    with pytest.raises(JobCancelled):
        child(script).try_model(CARD, Stopper())
    assert not Path(f"/proc/{alive.read_text()}").exists()


# Says of each step that it is told to try that it was done.
DO_ALL = "for name in sys.argv[2:]: print(json.dumps({'name': name, 'seconds': 1.0}), flush=True)"
DO_FIRST = "print(json.dumps({'name': sys.argv[2], 'seconds': 1.0}), flush=True); "


def test_that_the_self_test_tries_every_step_once_and_its_halves_at_the_same_time(tmp_path: Path) -> None:
    meet = f"open({str(tmp_path)!r} + '/' + sys.argv[2], 'w').close()\n"
    meet += f"while len(os.listdir({str(tmp_path)!r})) < {len(HALVES)}: time.sleep(0.05)\n"
    done = child(meet + DO_ALL, self_test_seconds=60.0).self_test(FakeContext())
    assert [step.name for step in done.steps] == list(STEPS)
    assert (done.broken_off, sorted(path.name for path in tmp_path.iterdir())) == ((), ["checks", "denoiser"])


def test_that_the_self_test_tells_what_was_done_before_a_process_died() -> None:
    first, second = (half[0] for half in HALVES), (half[1] for half in HALVES)
    died = child(DO_FIRST + "os.kill(os.getpid(), signal.SIGSEGV)").self_test(FakeContext())
    assert [step.name for step in died.steps] == list(first)
    assert died.broken_off == tuple((name, "died of SIGSEGV, perhaps because memory ran out") for name in second)
    silent = child(DO_FIRST).self_test(FakeContext())
    assert {how for _, how in silent.broken_off} == {"ended too early"}


def test_that_a_half_of_the_self_test_that_hangs_is_ended_and_the_other_one_counts() -> None:
    slow = child(f"if 'denoiser' in sys.argv: time.sleep(60)\n{DO_ALL}", self_test_seconds=8.0).self_test(FakeContext())
    assert [step.name for step in slow.steps] == list(HALVES[1])
    assert slow.broken_off == (("denoiser", "took longer than 8 s"),)
    assert slow.seconds < 40


def engines() -> FakeEngines:
    return FakeEngines()


def test_that_a_tiny_round_goes_through_every_step(tmp_path: Path) -> None:
    project = tmp_path / "p.cstudio"
    steps = list(TinyRound(engines(), SqlHistoryStore.open, project, FakeContext()).run())
    assert tuple(step.name for step in steps) == STEPS
    assert [step.problem for step in steps] == [""] * len(STEPS)
    assert all(step.found for step in steps)
    with SqlHistoryStore.open(project) as store:
        (node,) = store.nodes()
    assert node.crystal.formula == perovskite().formula


def test_that_a_step_that_fails_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    broken = engines()
    broken.language_model.enqueue([Unavailable("The weights are gone. Fetch them.")])
    steps = {step.name: step for step in TinyRound(broken, SqlHistoryStore.open, tmp_path / "p", FakeContext()).run()}
    assert steps["language model"].problem == "The weights are gone. Fetch them."
    assert [name for name, step in steps.items() if step.problem] == ["language model"]


def test_that_a_denoiser_that_draws_something_else_fails_the_test(tmp_path: Path) -> None:
    wrong = engines()
    salt = Crystal(np.eye(3) * 4.0, ("Cs", "Cl"), np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]))
    wrong.sampler.sample = lambda *_arguments: [salt]
    steps = {step.name: step for step in TinyRound(wrong, SqlHistoryStore.open, tmp_path / "p", FakeContext()).run()}
    assert "CsCl was drawn" in steps["denoiser"].problem


PARTS = [kind for kind in ModelKind if kind not in (ModelKind.ADAPTER, ModelKind.TEXT_ENCODER)]


@pytest.mark.parametrize("kind", PARTS)
def test_that_every_kind_that_does_a_job_does_its_part(kind: ModelKind) -> None:
    trial = try_part(kind, engines(), FakeContext())
    assert trial.text
    assert trial.seconds >= 0
    assert trial.load_seconds >= 0


@pytest.mark.parametrize("kind", [ModelKind.ADAPTER, ModelKind.TEXT_ENCODER])
def test_that_what_does_nothing_by_itself_is_refused(kind: ModelKind) -> None:
    with pytest.raises(UserCorrectable, match="the model that builds on it"):
        try_part(kind, engines(), FakeContext())


def test_that_a_shipped_model_is_tried_in_a_real_process() -> None:
    trial = ChildTrials().try_model(ModelCard("prototypes-mp", ModelKind.PROTOTYPES, "1", "m:f"), FakeContext())
    assert trial.device == "cpu"
    assert trial.memory_mb > 50
    assert trial.load_seconds > 0
    assert "prototypes of SrTiO3" in trial.text


def test_that_the_process_dies_with_the_one_that_started_it() -> None:
    script = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; from crystal_studio.host.lifeline import "
        "die_with_parent; die_with_parent(); print(1, flush=True); time.sleep(60)'], stdout=subprocess.PIPE)\n"
        "child.stdout.readline(); print(child.pid)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{done.stdout.strip()}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{done.stdout.strip()}").exists()
