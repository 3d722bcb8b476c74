"""What the window may ask of its engine hosts; `QtJobRunner` does it, tests may do it by hand."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from crystal_studio.services.jobs import Job


class JobRunner(QObject):
    """Jobs in, signals out, all on the window's thread.

    Signals:
        queued: (job id, job) was accepted.
        started: job id.
        progressed: (job id, part, fraction 0 to 1, message).
        partial: (job id, kind, payload): "token" (str), "pivot" (str), "frames" (tuple of `Frame`).
        finished: (job id, result).
        failed: (job id, `protocol.Failed`).
        cancelled: job id.
        lane_changed: (lane value, state): "starting", "ready", "loading", "busy", "died", "closed".
    """

    queued = Signal(str, object)
    started = Signal(str)
    progressed = Signal(str, str, float, str)
    partial = Signal(str, str, object)
    finished = Signal(str, object)
    failed = Signal(str, object)
    cancelled = Signal(str)
    lane_changed = Signal(str, str)

    def submit(self, job: Job) -> str:
        """Queue a job in its lane; returns its id at once."""
        raise NotImplementedError

    def cancel(self, job_id: str) -> None:
        """Stop exactly this job, waiting or running."""
        raise NotImplementedError

    def retry(self, job_id: str) -> str:
        """Queue a failed, cancelled or interrupted job again; returns the new id."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop everything and wait until no child process is left."""
        raise NotImplementedError
