"""Asks a question of a process of its own, which may crash or hang over a broken driver."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from crystal_studio.ports.context import JobContext

LIBRARIES = "crystal_studio.engines.devices.probe"
GRAPHICS = "crystal_studio.ui.viewer.probe"
MOST_SECONDS = 300.0  # importing torch takes a minute on a busy machine with a cold disk
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Probed:
    """What a process said.

    Attributes:
        facts: the object that it wrote; empty where it wrote none.
        problem: why it wrote none, "" otherwise.
    """

    facts: dict[str, Any] = field(default_factory=dict)
    problem: str = ""


class ChildProbe:
    """A module that is run as a program and writes one JSON object; started at once, so that several run together."""

    def __init__(self, module: str, most_seconds: float = MOST_SECONDS) -> None:
        self._most_seconds = most_seconds
        self._started = monotonic()
        self._child = subprocess.Popen(
            [sys.executable, "-m", module],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def answer(self, context: JobContext) -> Probed:
        """Wait for what it says.

        Raises:
            JobCancelled: the person stopped.
        """
        try:
            while True:
                context.check_cancelled()
                try:
                    out, errors = self._child.communicate(timeout=_POLL_SECONDS)
                    return self._said(out, errors)
                except subprocess.TimeoutExpired:
                    if monotonic() - self._started > self._most_seconds:
                        return Probed(problem=f"no answer within {self._most_seconds:.0f} s")
        finally:
            self.close()

    def close(self) -> None:
        """End the process, where it has not ended."""
        if self._child.poll() is None:
            self._child.kill()
            self._child.communicate()

    def _said(self, out: bytes, errors: bytes) -> Probed:
        status = self._child.returncode
        if status < 0:
            return Probed(problem=f"the process died of {signal.Signals(-status).name}")
        try:
            said = json.loads(out)
        except ValueError:
            last = errors.decode("utf-8", "replace").strip().splitlines()
            return Probed(problem=last[-1][:300] if last else f"the process ended with status {status}")
        return Probed(said) if isinstance(said, dict) else Probed(problem="the answer cannot be read")
