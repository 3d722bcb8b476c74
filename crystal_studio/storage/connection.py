"""Opening SQLite with the settings that keep an acknowledged node."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

BUSY_TIMEOUT_SECONDS = 5.0
_NETWORK_FILESYSTEMS = ("nfs", "cifs", "smb", "9p", "afs", "fuse.sshfs", "fuse.glusterfs", "lustre", "ceph")


def writing_engine(path: Path, vfs: str | None = None) -> Engine:
    """An engine that writes, makes a missing file, and waits for the disk at every commit.

    Args:
        path: the project file.
        vfs: name of SQLite's file layer, None for the usual one.
    """

    def connect() -> sqlite3.Connection:
        connection = _connect(path, "rwc", vfs)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    return _engine(connect, "BEGIN IMMEDIATE")


def reading_engine(path: Path) -> Engine:
    """An engine that cannot write."""
    return _engine(lambda: _connect(path, "ro", None), "BEGIN")


def use_best_journal(engine: Engine, path: Path) -> str:
    """Switch to WAL, or to DELETE where the file system refuses WAL; returns the mode in force."""
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        wanted = "DELETE" if on_network_filesystem(path) else "WAL"
        return str(cursor.execute(f"PRAGMA journal_mode={wanted}").fetchone()[0])
    finally:
        connection.close()


def rest_in_one_file(path: Path) -> None:
    """Fold the write-ahead log in and leave WAL, so that a closed project is one file that opens anywhere.

    Does nothing while another connection is open: the last one to close does it.
    """
    with closing(_connect(path, "rw", None)) as connection:
        try:
            connection.execute("PRAGMA journal_mode=DELETE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise


def compact_file(engine: Engine, path: Path) -> int:
    """Write the file anew without unused pages; returns the bytes won.

    Needs as much free space as the file takes, for as long as it runs.
    """
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        fold = "PRAGMA wal_checkpoint(TRUNCATE)"
        cursor.execute(fold).fetchall()
        before = path.stat().st_size
        cursor.execute("INSERT INTO words(words) VALUES ('optimize')")
        cursor.execute("VACUUM")
        cursor.execute(fold).fetchall()
        return max(0, before - path.stat().st_size)
    finally:
        connection.close()


def on_network_filesystem(path: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Whether the folder lies on a mount over the network, where WAL's shared memory does not hold."""
    try:
        lines = mounts.read_text(errors="replace").splitlines()
    except OSError:
        return False
    folder = path.parent.resolve()
    found = ("", "")
    for line in lines:
        fields = line.split(" ")
        if len(fields) > 2 and folder.is_relative_to(fields[1].replace("\\040", " ")):
            found = max(found, (fields[1], fields[2]), key=lambda mount: len(mount[0]))
    return found[1].startswith(_NETWORK_FILESYSTEMS)


def _connect(path: Path, mode: str, vfs: str | None) -> sqlite3.Connection:
    uri = f"file:{quote(str(path))}?mode={mode}" + (f"&vfs={vfs}" if vfs else "")
    # isolation_level=None hands transactions to us: the driver's own would commit before DDL, and a migration
    # that is killed must leave nothing behind.
    return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False)


def _engine(connect: Callable[[], sqlite3.Connection], begin: str) -> Engine:
    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=4)

    def begin_explicitly(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "begin", begin_explicitly)
    return engine
