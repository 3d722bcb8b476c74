"""A worker's lifeline: progress out, cancellation in."""

from __future__ import annotations

from typing import Protocol


class JobContext(Protocol):
    """Handed to everything that may take longer than a blink."""

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Report that `part` ("sampling", "writing", ...) is `fraction` (0 to 1) done."""

    def partial(self, kind: str, payload: object) -> None:
        """Hand out something unfinished: a token, an intermediate structure."""

    def check_cancelled(self) -> None:
        """Call once per denoising step and per token.

        Raises:
            JobCancelled: the person has stopped the job.
        """
