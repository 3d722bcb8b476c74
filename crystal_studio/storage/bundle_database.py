"""Making a database that anybody may have written ready to be read.

A database is a small program: triggers, views, virtual tables and generated columns run when they are touched. So the
tables have to be, to the letter, those that our migrations make.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from contextlib import closing
from functools import cache
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from crystal_studio.storage.bundle_format import NotABundle
from crystal_studio.storage.connection import writing_engine
from crystal_studio.storage.schema import APPLICATION_ID, HEAD, REVISIONS, SCHEMA_MAJOR, upgrade

_SECONDS = 4.0
_SECONDS_PER_BYTE = 1 / 20e6
_STEPS_BETWEEN_LOOKS = 10_000
_OF_SQLITE = "sqlite_"
_DAMAGED = "holds a damaged project; ask for the bundle again"
Schema = frozenset[tuple[str, str, str]]


def make_ready(copy: Path) -> None:
    """Check a project and bring it up to date.

    Raises:
        NotABundle: it is no project, damaged, newer than this program, or made to do harm.
    """
    try:
        with closing(sqlite3.connect(copy)) as connection:
            _hurry(connection, copy.stat().st_size)
            connection.execute("PRAGMA trusted_schema=OFF")
            connection.execute("PRAGMA cell_size_check=ON")
            revision = _revision(connection)
            if _schema(connection) != _schema_at(revision):
                raise NotABundle("holds a project whose tables are not those of Crystal Studio")
            if [row[0] for row in connection.execute("PRAGMA quick_check(1)")] != ["ok"]:
                raise NotABundle(_DAMAGED)
            if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
                raise NotABundle(_DAMAGED)
        if revision != HEAD:
            _upgrade(copy)
    except (sqlite3.Error, SQLAlchemyError) as error:
        raise NotABundle(_DAMAGED) from error


def _hurry(connection: sqlite3.Connection, size: int) -> None:
    """Interrupt what takes longer than an honest project of this size needs."""
    deadline = time.monotonic() + _SECONDS + size * _SECONDS_PER_BYTE
    connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS_BETWEEN_LOOKS)


def _revision(connection: sqlite3.Connection) -> str:
    """The revision of the schema, one that this program knows."""
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (major,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise NotABundle("holds a database of another program, no project")
    (kind,) = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = None
    if kind == 1 and _is_table(connection, "alembic_version"):
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    revision = row[0] if row else None
    if major > SCHEMA_MAJOR or (isinstance(revision, str) and revision not in REVISIONS):
        raise NotABundle("was written by a newer Crystal Studio; update this one to read it")
    if not isinstance(revision, str):
        raise NotABundle("holds a database of another program, no project")
    return revision


def _is_table(connection: sqlite3.Connection, name: str) -> bool:
    query = "SELECT type, sql FROM sqlite_master WHERE name = ?"
    kind, sql = connection.execute(query, (name,)).fetchone()
    return kind == "table" and str(sql).upper().startswith("CREATE TABLE")


def _schema(connection: sqlite3.Connection) -> Schema:
    """Type, name and definition of everything but what SQLite keeps for itself."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return frozenset(
        (str(kind), str(name), " ".join(str(sql).split()))
        for kind, name, sql in rows
        if not (str(name).startswith(_OF_SQLITE) and kind in ("table", "index"))
    )


@cache
def _schema_at(revision: str) -> Schema:
    """The schema that our migrations make."""
    with tempfile.TemporaryDirectory(prefix="crystal-studio-") as folder:
        path = Path(folder) / "empty"
        engine = writing_engine(path)
        try:
            upgrade(engine, revision)
        finally:
            engine.dispose()
        with closing(sqlite3.connect(path)) as connection:
            return _schema(connection)


def _upgrade(copy: Path) -> None:
    engine = writing_engine(copy)
    try:
        upgrade(engine)
    finally:
        engine.dispose()
