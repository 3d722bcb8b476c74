"""A child process that does one small task after another under limits, and is replaced when it dies of one."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

_BLOCK_BYTES = 1 << 16
TASKS_OF_ONE_CHILD = 2_000  # what libraries keep in memory must not add up to the child's limit
_START_SECONDS = 120.0


def child_environment() -> dict[str, str]:
    """The environment of a child: our import path, and one thread for each numerical library."""
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    return os.environ | threads | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


class LimitedWorker:
    """Asks `python -m module` one JSON line at a time.

    Args:
        module: its program; it prints an empty object when it is ready, then one JSON line for each line it reads.
        wall_seconds: when to kill it; its own limit of processor time acts first on anything but a stalled disk.
        tasks: after how many tasks it is replaced.
    """

    def __init__(self, module: str, wall_seconds: float, tasks: int = TASKS_OF_ONE_CHILD) -> None:
        self._module = module
        self._tasks = tasks
        self._wall_seconds = wall_seconds
        self._child: subprocess.Popen[bytes] | None = None
        self._answered = 0
        self._buffer = b""

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """The answer, None where the child ran past a limit or crashed on this request."""
        child = self._ready_child()
        if child is None or child.stdin is None:
            return None
        try:
            child.stdin.write(json.dumps(request).encode() + b"\n")
            child.stdin.flush()
        except BrokenPipeError:
            self.close()
            return None
        answer = self._line(child, self._wall_seconds)
        self._answered += 1
        if answer is None or self._answered >= self._tasks:
            self.close()
        return answer

    def close(self) -> None:
        """End the child."""
        child, self._child, self._buffer, self._answered = self._child, None, b"", 0
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                _close_quietly(pipe)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _ready_child(self) -> subprocess.Popen[bytes] | None:
        if self._child is None:
            command = [sys.executable, "-m", self._module]
            self._child = subprocess.Popen(
                command,
                env=child_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            if self._line(self._child, _START_SECONDS) is None:
                self.close()
        return self._child

    def _line(self, child: subprocess.Popen[bytes], seconds: float) -> dict[str, Any] | None:
        """The next line of the child, None at its end or when the time is over."""
        if child.stdout is None:
            return None
        end = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([child.stdout], [], [], max(0.0, end - time.monotonic()))
            block = os.read(child.stdout.fileno(), _BLOCK_BYTES) if ready else b""
            if not block:
                return None
            self._buffer += block
        line, self._buffer = self._buffer.split(b"\n", 1)
        try:
            return dict(json.loads(line))
        except ValueError:
            return None


def _close_quietly(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:
        return  # what was still to be flushed went to a child that is gone
