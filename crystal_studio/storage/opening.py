"""What happens before a project may be used: refusals in words, recovery, backup, migration."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from crystal_studio.domain.errors import ProjectUnavailable
from crystal_studio.storage.backup import write_backup
from crystal_studio.storage.connection import reading_engine, use_best_journal, writing_engine
from crystal_studio.storage.damage import refuse_damage_if_small
from crystal_studio.storage.failure import in_words, primary_code
from crystal_studio.storage.new_project import make_schema
from crystal_studio.storage.outline_fill import fill_outlines, is_behind
from crystal_studio.storage.schema import refuse_foreign, schema_state, upgrade
from crystal_studio.storage.writer_lock import WriterLock

_NOT_WAL = (
    "This file system does not take SQLite's write-ahead log; the project uses a rollback journal, "
    "which is as safe and a little slower."
)


@dataclass(frozen=True)
class OpenProject:
    """A project that may be used.

    Attributes:
        engine: its connections.
        lock: the writer's lock, None when only reading or under another's lock.
        copy: temporary folder of the copy that is read instead, None for the file itself.
        notices: sentences to show.
    """

    engine: Engine
    lock: WriterLock | None = None
    copy: tempfile.TemporaryDirectory[str] | None = None
    notices: tuple[str, ...] = ()

    def dispose(self) -> None:
        """Close the connections, drop the copy, free the lock."""
        self.engine.dispose()
        if self.copy is not None:
            self.copy.cleanup()
        if self.lock is not None:
            self.lock.release()


def open_for_writing(path: Path, take_lock: bool = True, vfs: str | None = None) -> OpenProject:
    """Open or make a project.

    Args:
        path: the project file.
        take_lock: False for a process that writes under the lock of another.
        vfs: name of SQLite's file layer, None for the usual one.

    Raises:
        ProjectUnavailable: missing or read-only folder, locked, damaged, newer, another program's file.
    """
    _refuse_unwritable(path)
    project = OpenProject(writing_engine(path, vfs), _lock(path) if take_lock else None)
    try:
        with in_words(path):
            if take_lock:  # whoever holds the lock has looked; looking again would take every job a while
                refuse_damage_if_small(path, project.engine)
            refuse_foreign(schema_state(project.engine), path)
            journal = use_best_journal(project.engine, path)
            notices = _bring_up_to_date(project.engine, path)
    except BaseException:
        project.dispose()
        raise
    return OpenProject(project.engine, project.lock, notices=notices if journal == "wal" else (*notices, _NOT_WAL))


def open_for_reading(path: Path) -> OpenProject:
    """Open a project without changing it.

    Where SQLite cannot read it in place (a log left by a killed program in a folder that is read-only) or its schema
    is old, a temporary copy is recovered, brought up to date and read instead.

    Raises:
        ProjectUnavailable: missing, damaged, newer, another program's file.
    """
    _refuse_unreadable(path)
    with in_words(path):
        project = OpenProject(reading_engine(path))
        try:
            refuse_damage_if_small(path, project.engine)
            state = schema_state(project.engine)
            refuse_foreign(state, path)
            if state.empty:  # a program was killed while it made the project
                raise ProjectUnavailable(_no_project(path))
            is_current = not state.outdated and not is_behind(project.engine)
        except DBAPIError as error:
            project.dispose()
            if primary_code(error) not in {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}:
                raise
            return _open_copy(path)
        except BaseException:
            project.dispose()
            raise
        if is_current:
            return project
        project.dispose()
        return _open_copy(path)


def _refuse_unwritable(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise ProjectUnavailable(f"The folder {folder} does not exist. Make it, or name a project in another folder.")
    if path.exists() and not path.is_file():
        raise ProjectUnavailable(f"{path} is not a file. Name a project file such as design.cstudio.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ProjectUnavailable(f"The folder {folder} is read-only. Name a project in a folder you may write to.")
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise ProjectUnavailable(f"{path} is read-only. Give yourself write access, or name another project.")


def _refuse_unreadable(path: Path) -> None:
    if not path.is_file() or not path.stat().st_size:
        raise ProjectUnavailable(_no_project(path))
    if not os.access(path, os.R_OK):
        raise ProjectUnavailable(f"{path} cannot be read. Give yourself read access to it.")


def _no_project(path: Path) -> str:
    return f"There is no project in {path}. Check its name."


def _lock(path: Path) -> WriterLock:
    try:
        return WriterLock(path)
    except OSError as error:
        raise ProjectUnavailable(
            f"The lock file beside {path} cannot be written ({error.strerror}). Check the disk, or use another folder."
        ) from error


def _bring_up_to_date(engine: Engine, path: Path) -> tuple[str, ...]:
    state = schema_state(engine)
    if state.empty:
        make_schema(engine)
    if not state.outdated:
        fill_outlines(engine)
        return ()
    try:
        backup = write_backup(path)
    except OSError as error:
        raise ProjectUnavailable(
            f"{path} must be brought up to date, but its backup cannot be written ({error.strerror}). Free some space."
        ) from error
    upgrade(engine)
    fill_outlines(engine)
    return (f"The project was brought up to date; the file as it was is kept as {backup}.",)


def _open_copy(path: Path) -> OpenProject:
    folder = tempfile.TemporaryDirectory(prefix="crystal-studio-")
    for file in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-journal")):
        if file.exists():
            shutil.copyfile(file, Path(folder.name) / file.name)
    project = OpenProject(writing_engine(Path(folder.name) / path.name), copy=folder)
    try:
        refuse_damage_if_small(path, project.engine)
        state = schema_state(project.engine)
        refuse_foreign(state, path)
        if state.outdated:
            upgrade(project.engine)
        fill_outlines(project.engine)
    except BaseException:
        project.dispose()
        raise
    return project
