"""A job's lifeline over the pipe: progress and tokens out at a bearable pace, the wish to stop in."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from crystal_studio.domain.errors import JobCancelled
from crystal_studio.host.protocol import Event, Partial, Progress

_INTERVAL_SECONDS = 0.05
_MOST_A_SECOND = 20


class RelayingContext:
    """Implements `ports.context.JobContext` for one job.

    Progress is sent when it moved, a new part at once, and at most 20 times a second in all; tokens are joined.
    What is held back is sent by `flush`, which the server calls soon after `held` was set.

    Attributes:
        held: set while something is held back.
        stop: set by the server when the job is to be cancelled.
    """

    def __init__(self, job_id: str, send: Callable[[Event], None], held: threading.Event) -> None:
        self.held = held
        self.stop = threading.Event()
        self._id = job_id
        self._send = send
        self._lock = threading.Lock()
        self._shown: Progress | None = None
        self._progress: Progress | None = None
        self._sent_at: deque[float] = deque(maxlen=_MOST_A_SECOND)
        self._tokens: list[str] = []
        self._tokens_at = 0.0

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Report that `part` is `fraction` done."""
        report = Progress(self._id, part, min(1.0, max(0.0, fraction)), message)
        with self._lock:
            if report == (self._progress or self._shown):
                return
            self._progress = report
            if self._may_send_progress():
                self._send_progress()
            else:
                self.held.set()

    def partial(self, kind: str, payload: object) -> None:
        """Hand out something unfinished; tokens wait for each other."""
        with self._lock:
            if kind == "token":
                self._tokens.append(str(payload))
                if time.monotonic() - self._tokens_at < _INTERVAL_SECONDS:
                    self.held.set()
                    return
            self._send_tokens()
            if kind != "token":
                self._send(Partial(self._id, kind, payload))

    def check_cancelled(self) -> None:
        """Raise once the person has stopped the job.

        Raises:
            JobCancelled: stopped.
        """
        if self.stop.is_set():
            raise JobCancelled("The job was stopped. Start it again to go on.")

    def flush(self, last: bool = False) -> None:
        """Send what is held back, as far as the pace allows; all of it when it is the last time."""
        with self._lock:
            self._send_tokens()
            if self._progress is not None and (last or self._may_send_progress()):
                self._send_progress()
            if self._progress is not None:
                self.held.set()

    def discard(self) -> None:
        """Forget what is held back: the job has ended without a result."""
        with self._lock:
            self._progress = None
            self._tokens.clear()

    def _may_send_progress(self) -> bool:
        now = time.monotonic()
        if len(self._sent_at) == _MOST_A_SECOND and now - self._sent_at[0] < 1:
            return False
        is_new_part = self._progress is None or self._shown is None or self._progress.part != self._shown.part
        return is_new_part or now - self._sent_at[-1] >= _INTERVAL_SECONDS

    def _send_progress(self) -> None:
        if self._progress is not None:
            self._sent_at.append(time.monotonic())
            self._shown, self._progress = self._progress, None
            self._send(self._shown)

    def _send_tokens(self) -> None:
        if self._tokens:
            text, self._tokens = "".join(self._tokens), []
            self._tokens_at = time.monotonic()
            self._send(Partial(self._id, "token", text))
