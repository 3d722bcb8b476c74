"""Opens project files."""

from __future__ import annotations

from pathlib import Path

from crystal_studio.storage.sql_history_store import SqlHistoryStore
from crystal_studio.storage.sql_job_queue import SqlJobQueue


def open_project(path: Path, read_only: bool = False, take_lock: bool = True) -> SqlHistoryStore:
    """Open or create a project file; without its lock in a process that writes under the lock of its parent."""
    return SqlHistoryStore.open(path, read_only=read_only, take_lock=take_lock)


def open_job_queue(path: Path) -> SqlJobQueue:
    """The queue in a project's file, under the lock of the store that has it open."""
    return SqlJobQueue.open(path)
