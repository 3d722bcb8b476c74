"""SQLite's failures in words."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from crystal_studio.domain.errors import ProjectUnavailable

_SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk that holds {path} is full; nothing was stored. Free some space and try again.",
    sqlite3.SQLITE_READONLY: "{path} is read-only. Give yourself write access, or use a project in another folder.",
    sqlite3.SQLITE_IOERR: "The disk that holds {path} does not answer; nothing was stored. Check it, then try again.",
    sqlite3.SQLITE_CANTOPEN: "{path} cannot be opened. Check that its folder exists and that you may write there.",
    sqlite3.SQLITE_PERM: "{path} cannot be opened. Check that you may read and write it.",
    sqlite3.SQLITE_BUSY: "Another program is writing to {path}. Wait for it to finish, then try again.",
    sqlite3.SQLITE_LOCKED: "Another program is writing to {path}. Wait for it to finish, then try again.",
    sqlite3.SQLITE_CORRUPT: "{path} is damaged. Put its newest good backup in its place (see the folder `backups`).",
    sqlite3.SQLITE_NOTADB: "{path} is not a Crystal Studio project. Name another file.",
}


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
        sentence = _SENTENCES.get(primary_code(error) or 0)
        if sentence is None:
            raise
        raise ProjectUnavailable(sentence.format(path=path)) from error
