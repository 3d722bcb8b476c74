"""What the command line shows: progress on stderr, one JSON object or plain text on stdout."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TextIO

from crystal_studio.domain.errors import JobCancelled

if TYPE_CHECKING:
    from rich.progress import Progress


class Stop:
    """Ctrl-C and termination as a flag that jobs poll; a second Ctrl-C interrupts at once."""

    def __init__(self) -> None:
        self.requested = False

    def install(self) -> None:
        """Take over SIGINT and SIGTERM for the rest of the program."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True

    def check(self) -> None:
        """Raise where a stop was requested.

        Raises:
            JobCancelled: Ctrl-C was pressed.
        """
        if self.requested:
            raise JobCancelled("Stopped. Every node committed before is kept.")


class ConsoleContext:
    """A job context that draws a progress bar on stderr."""

    def __init__(self, stop: Stop, progress: Progress | None = None) -> None:
        self._stop = stop
        self._progress = progress
        self._tasks: dict[str, Any] = {}

    def progress(self, part: str, fraction: float, message: str = "") -> None:
        """Show the part that runs now."""
        if self._progress is None:
            return
        if part not in self._tasks:
            for task in self._tasks.values():
                self._progress.remove_task(task)
            self._tasks = {part: self._progress.add_task(part, total=1.0)}
        self._progress.update(self._tasks[part], completed=fraction, description=f"{part} {message}".strip())

    def partial(self, kind: str, payload: object) -> None:
        """Say what was written so far, and how the engines had to work; unfinished structures are for the window."""
        if self._progress is not None and kind in ("pivot", "notice"):
            self._progress.console.print(f"{kind}: {payload}", markup=False, highlight=False)

    def check_cancelled(self) -> None:
        """Raise after Ctrl-C.

        Raises:
            JobCancelled: Ctrl-C was pressed.
        """
        self._stop.check()


@contextmanager
def console_context(stop: Stop) -> Iterator[ConsoleContext]:
    """A context whose bar lives on stderr, and disappears when it ends; no bar where stderr is no terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield ConsoleContext(stop)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield ConsoleContext(stop, progress)


def print_json(data: object, stream: TextIO) -> None:
    """One JSON object on one line."""
    print(json.dumps(data, ensure_ascii=False, allow_nan=False), file=stream, flush=True)
