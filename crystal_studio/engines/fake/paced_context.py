"""A job context that takes its time, so that a demonstration can be watched and stopped."""

from __future__ import annotations

import time

from crystal_studio.ports.context import JobContext

_POLL_SECONDS = 0.05


class PacedContext:
    """Hands everything on; each poll for cancellation takes a while."""

    def __init__(self, context: JobContext, seconds: float) -> None:
        self._context = context
        self._seconds = seconds

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Handed on."""
        self._context.progress(part, fraction, message)

    def partial(self, kind: str, payload: object) -> None:
        """Handed on."""
        self._context.partial(kind, payload)

    def check_cancelled(self) -> None:
        """Handed on, again and again while time passes.

        Raises:
            JobCancelled: stopped.
        """
        end = time.monotonic() + self._seconds
        self._context.check_cancelled()
        while (left := end - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_SECONDS))
            self._context.check_cancelled()
