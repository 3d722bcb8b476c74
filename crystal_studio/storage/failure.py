"""SQLite's failures in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from crystal_studio.domain.errors import ProjectUnavailable
from crystal_studio.storage.backup import newest_good_backup

_SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk that holds {path} is full; nothing was stored. Free some space and try again.",
    sqlite3.SQLITE_READONLY: "{path} is read-only. Give yourself write access, or use a project in another folder.",
    sqlite3.SQLITE_IOERR: "The disk that holds {path} does not answer; nothing was stored. Check it, then try again.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened. Check that its folder exists and that you may write there.",
    sqlite3.SQLITE_PERM: "{path} cannot be opened. Check that you may read and write it.",
    sqlite3.SQLITE_BUSY: "Another program is writing to {path}. Wait for it to finish, then try again.",
    sqlite3.SQLITE_LOCKED: "Another program is writing to {path}. Wait for it to finish, then try again.",
}


_OF_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def damaged(path: Path) -> str:
    """What to do about a damaged project."""
    backup = newest_good_backup(path)
    if backup is None:
        return f"{path} is damaged or no project, and no good backup lies beside it. Restore it, or name another file."
    return f"{path} is damaged. Its newest good backup is {backup}: open that, or copy it over the damaged file."


def primary_code(error: BaseException) -> int | None:
    """SQLite's primary result code behind an error, None where there is none."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    extended = getattr(origin, "sqlite_errorcode", None)
    return None if extended is None else extended & 0xFF


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Turn SQLite's environmental failures into sentences; anything else is our bug and passes through.

    Raises:
        ProjectUnavailable: the disk is full, read-only, gone, busy, or the file is damaged.
    """
    try:
        yield
    except (DBAPIError, sqlite3.Error) as error:
        code = primary_code(error)
        if code in _OF_DAMAGE:
            raise ProjectUnavailable(damaged(path)) from error
        sentence = _SENTENCES.get(code or 0)
        if sentence is None:
            raise
        raise ProjectUnavailable(sentence.format(path=path)) from error
