"""Copies of a project in the folder `backups` beside it."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

BACKUPS_KEPT = 5
# About what is copied and checked in half a second: a larger project is not backed up while a person waits for it to
# close, but by the check after its next opening, in another process.
COPIED_ON_CLOSING_BYTES = 64_000_000
_UNFINISHED = ".part"
_FORSAKEN_SECONDS = 86_400.0
_EMPTY = (0, 0, 0)


def backup_folder(project: Path) -> Path:
    """Where the backups of a project lie."""
    return project.parent / "backups"


def backups(project: Path) -> list[Path]:
    """Backups of a project, newest first."""
    found = backup_folder(project).glob(f"*{project.suffix}")
    mine = [path for path in found if _project_stem(path) == project.stem]
    return sorted(mine, key=lambda path: path.name, reverse=True)


def newest_good_backup(project: Path) -> Path | None:
    """The newest backup whose pages are whole, None where there is none."""
    return next((path for path in backups(project) if is_whole(path)), None)


def is_whole(path: Path) -> bool:
    """Whether SQLite's quick check finds nothing wrong."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            return [row[0] for row in connection.execute("PRAGMA quick_check(1)")] == ["ok"]
    except sqlite3.DatabaseError:
        return False


def is_backed_up(project: Path) -> bool:
    """Whether the newest backup has every node and every operation of the project, or there is none to have."""
    extent = _extent(project)
    newest = next(iter(backups(project)), None)
    return extent == _EMPTY or (extent is not None and newest is not None and _extent(newest) == extent)


def write_backup(project: Path, kept: int = BACKUPS_KEPT) -> Path:
    """Copy a project as of now, check the copy, and drop the oldest beyond `kept`.

    Raises:
        OSError: the copy cannot be written.
        sqlite3.Error: likewise, or the copy is not whole.
    """
    folder = backup_folder(project)
    folder.mkdir(exist_ok=True)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    target = folder / f"{project.stem}-{stamp}{project.suffix}"
    unfinished = target.with_name(target.name + _UNFINISHED)
    try:
        _copy(project, unfinished)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    for old in [*backups(project)[kept:], *_forsaken(project)]:
        old.unlink(missing_ok=True)
    return target


def _forsaken(project: Path) -> list[Path]:
    """Copies that a killed program left unfinished."""
    unfinished = backup_folder(project).glob(f"*{project.suffix}{_UNFINISHED}")
    mine = [path for path in unfinished if _project_stem(path.with_suffix("")) == project.stem]
    return [path for path in mine if time.time() - path.stat().st_mtime > _FORSAKEN_SECONDS]


def _copy(project: Path, target: Path) -> None:
    source = sqlite3.connect(f"file:{quote(str(project))}?mode=ro", uri=True)
    with closing(source), closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
    if not is_whole(target):
        raise sqlite3.DatabaseError(f"the copy {target} is not whole")
    descriptor = os.open(target, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _extent(path: Path) -> tuple[int, ...] | None:
    """How far nodes and operations go; None where the file cannot tell, being damaged or from before operations."""
    query = "SELECT (SELECT max(ordinal) FROM nodes), max(ordinal), total(is_undone) FROM operations"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            return tuple(int(number or 0) for number in connection.execute(query).fetchone())
    except sqlite3.DatabaseError:
        return None


def _project_stem(backup: Path) -> str:
    return backup.stem.rpartition("-")[0]
