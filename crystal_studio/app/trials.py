"""Starts the processes in which models are tried, and reads what they say."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Sequence
from time import monotonic
from typing import Any

from crystal_studio.domain.errors import Unavailable, UserCorrectable
from crystal_studio.domain.model_card import ModelCard
from crystal_studio.domain.trial import SelfTest, Trial, TriedStep
from crystal_studio.ports.context import JobContext
from crystal_studio.services.self_test import HALVES

TRIAL_SECONDS = 900.0  # a large language model on a slow disk takes minutes to load and verify
SELF_TEST_SECONDS = 120.0
_POLL_SECONDS = 0.1
_MODULE = "crystal_studio.app.trial_child"
_TRYING = "trying"

# The objects that a child wrote, and why it ended before its time, "" where it did not.
_Answer = tuple[list[dict[str, Any]], str]


class ChildTrials:
    """Implements `ports.model_trials.ModelTrials`.

    Args:
        command: starts the child; arguments are appended.
        trial_seconds: when a trial is given up.
        self_test_seconds: when the self-test is.
    """

    def __init__(
        self,
        command: Sequence[str] = (sys.executable, "-m", _MODULE),
        trial_seconds: float = TRIAL_SECONDS,
        self_test_seconds: float = SELF_TEST_SECONDS,
    ) -> None:
        self._command = tuple(command)
        self._trial_seconds, self._self_test_seconds = trial_seconds, self_test_seconds

    def try_model(self, card: ModelCard, context: JobContext) -> Trial:
        """Have a model do its part of a design round.

        Raises:
            UserCorrectable: the model does nothing by itself.
            Unavailable: it cannot be loaded, or its process died or took too long; says what to do.
            JobCancelled: the person stopped.
        """
        ((lines, ending),) = self._run([(card.kind.value, card.id)], self._trial_seconds, context)
        if not lines:
            remedy = "Verify the model, close other programs, or choose a smaller model."
            raise Unavailable(f"The trial of {card.id} {ending or 'said nothing'}. {remedy}")
        said = lines[-1]
        if "refused" in said:
            raise (UserCorrectable if said["correctable"] else Unavailable)(said["refused"])
        return Trial(**said)

    def self_test(self, context: JobContext) -> SelfTest:
        """Run a tiny design round on the models in use; what fails is told in the result.

        Raises:
            JobCancelled: the person stopped.
        """
        started = monotonic()
        asked = [("--self-test", *half) for half in HALVES]
        steps: list[TriedStep] = []
        broken_off: list[tuple[str, str]] = []
        for half, (lines, ending) in zip(HALVES, self._run(asked, self._self_test_seconds, context), strict=True):
            steps += [TriedStep(**line) for line in lines]
            if ending or len(lines) < len(half):
                broken_off.append((half[min(len(lines), len(half) - 1)], ending or "ended too early"))
        return SelfTest(tuple(steps), tuple(broken_off), monotonic() - started)

    def _run(self, asked: Sequence[Sequence[str]], seconds: float, context: JobContext) -> list[_Answer]:
        """Start a child for each of these arguments at once, and wait until all have ended or it took too long."""
        context.check_cancelled()
        children = [_start((*self._command, *arguments)) for arguments in asked]
        started = monotonic()
        answers: dict[subprocess.Popen[bytes], _Answer] = {}
        try:
            while len(answers) < len(children):
                context.check_cancelled()
                spent = monotonic() - started
                context.progress(_TRYING, min(spent / seconds, 1.0))
                for child in children:
                    if child not in answers and (answer := _answer(child, seconds, spent > seconds)):
                        answers[child] = answer
        finally:
            for child in children:
                if child.poll() is None:
                    child.kill()
                    child.communicate()
        return [answers[child] for child in children]


def _start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def _answer(child: subprocess.Popen[bytes], seconds: float, is_late: bool) -> _Answer | None:
    """What a child that has ended said; None where it still runs. One that is late is ended."""
    try:
        out, errors = child.communicate(timeout=_POLL_SECONDS)
    except subprocess.TimeoutExpired:
        if not is_late:
            return None
        child.kill()
        out, _ = child.communicate()
        return _objects(out), f"took longer than {seconds:.0f} s"
    return _objects(out), _ending(child.returncode, errors)


def _objects(out: bytes) -> list[dict[str, Any]]:
    """One for each whole line."""
    return [json.loads(line) for line in out.splitlines(keepends=True) if line.endswith(b"\n")]


def _ending(status: int, errors: bytes) -> str:
    if status == 0:
        return ""
    if status < 0:
        return f"died of {signal.Signals(-status).name}, perhaps because memory ran out"
    said = errors.decode("utf-8", "replace").strip().splitlines()
    return f"ended with status {status}" + (f" ({said[-1][:200]})" if said else "")
