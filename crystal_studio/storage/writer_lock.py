"""One writer at a time: an advisory lock file beside the project."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from crystal_studio.domain.errors import ProjectLocked


def lock_path(project: Path) -> Path:
    """The lock file of a project."""
    return project.with_name(project.name + ".lock")


class WriterLock:
    """Held from construction to `release`; the kernel frees it when the process dies, however it dies.

    Raises:
        ProjectLocked: another process, or another store of this one, is writing to the project.
    """

    def __init__(self, project: Path) -> None:
        self._path = lock_path(project)
        self._descriptor: int | None = self._take(project)

    def release(self) -> None:
        """Remove the lock file and free the lock."""
        if self._descriptor is None:
            return
        # Removed while still held: whoever opened it before must notice that it is gone (see `_take`).
        self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None

    def _take(self, project: Path) -> int:
        while True:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                holder = os.read(descriptor, 32).decode(errors="replace").strip()
                os.close(descriptor)
                raise ProjectLocked(_taken(project, holder)) from error
            except OSError:
                os.close(descriptor)
                raise
            if self._is_current(descriptor):
                os.ftruncate(descriptor, 0)
                os.write(descriptor, f"{os.getpid()}\n".encode())
                return descriptor
            os.close(descriptor)

    def _is_current(self, descriptor: int) -> bool:
        """Whether the file that was locked is still the one that others will open."""
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False


def _taken(project: Path, holder: str) -> str:
    who = f"process {holder}" if holder.isdigit() else "another process"
    return f"{project} is open for writing in {who}. Close it there, or use another project file."
