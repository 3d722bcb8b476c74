"""The Python interface: the same services as the command line, on one project."""

from __future__ import annotations

import secrets
from pathlib import Path
from types import TracebackType

from crystal_studio.app.projects import open_project
from crystal_studio.app.wiring import InstalledEngines, installed_engines
from crystal_studio.domain.history import Node
from crystal_studio.ports.context import JobContext
from crystal_studio.ports.history_store import HistoryStore
from crystal_studio.services.design import DesignRequest, respond


class SilentContext:
    """A job context for scripts: no progress is shown, and Ctrl-C interrupts as usual."""

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Nobody is watching."""

    def partial(self, kind: str, payload: object) -> None:
        """Nobody is watching."""

    def check_cancelled(self) -> None:
        """A script is stopped by KeyboardInterrupt."""


class Studio:
    """One open project and the installed engines."""

    def __init__(self, store: HistoryStore, engines: InstalledEngines) -> None:
        self._store = store
        self.engines = engines

    @classmethod
    def open(cls, path: Path) -> Studio:
        """Open or create a project file.

        Raises:
            ProjectUnavailable: damaged, newer than this program, locked or not writable.
        """
        return cls(open_project(path), installed_engines())

    def design(
        self,
        message: str | None,
        parent: Node | None = None,
        *,
        seed: int | None = None,
        candidates: int = 10,
        strength: float = 0.1,
        context: JobContext | None = None,
    ) -> Node:
        """One round: a wish without a parent, feedback with one; None lets the predictions drive.

        Raises:
            StudioError: see `services.design.respond`.
        """
        resolved = seed if seed is not None else secrets.randbelow(2**31)
        request = DesignRequest(message, parent, resolved, candidates, strength)
        return respond(request, self.engines, self._store, context or SilentContext())

    def nodes(self) -> list[Node]:
        """All nodes in order of creation."""
        return self._store.nodes()

    def close(self) -> None:
        """Close the project file."""
        self._store.close()

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
