"""The schema of a new project as text, so that making one does not wait for Alembic.

`new_project.sql` is what all migrations leave of an empty file. After a new migration write it again:
`python -m crystal_studio.storage.new_project`; a test compares the two.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import Engine

from crystal_studio.storage.connection import writing_engine
from crystal_studio.storage.schema import APPLICATION_ID, SCHEMA_MAJOR, upgrade

_TEXT = Path(__file__).with_suffix(".sql")


def make_schema(engine: Engine) -> None:
    """Give an empty file the newest schema, in one transaction."""
    with engine.begin() as connection:
        for statement in _statements(_TEXT.read_text(encoding="utf-8")):
            connection.exec_driver_sql(statement)


def migrated_schema() -> str:
    """The text that all migrations lead to."""
    with tempfile.TemporaryDirectory(prefix="crystal-studio-") as folder:
        path = Path(folder) / "new.cstudio"
        engine = writing_engine(path)
        upgrade(engine)
        engine.dispose()
        with closing(sqlite3.connect(path)) as connection:
            return ";\n\n".join([*_schema_of(connection), ""]).rstrip("\n") + "\n"


def _schema_of(connection: sqlite3.Connection) -> Iterator[str]:
    yield f"PRAGMA application_id={APPLICATION_ID}"
    yield f"PRAGMA user_version={SCHEMA_MAJOR}"
    # Tables as they refer to each other; indices by name, as Alembic makes them in any order.
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND type {} 'index' ORDER BY {}"
    listed = [*connection.execute(query.format("<>", "rowid")), *connection.execute(query.format("=", "name"))]
    # A virtual table makes its own tables, which begin with its name.
    virtual = tuple(f"{name}_" for name, sql in listed if sql.startswith("CREATE VIRTUAL"))
    yield from ("\n".join(line.rstrip() for line in sql.split("\n")) for name, sql in listed
                if not (virtual and name.startswith(virtual)))  # fmt: skip
    (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    yield f"INSERT INTO alembic_version (version_num) VALUES ('{revision}')"


def _statements(text: str) -> Iterator[str]:
    """Each statement of a script."""
    begun = ""
    for line in text.splitlines(keepends=True):
        begun += line
        if sqlite3.complete_statement(begun):
            yield begun.strip()
            begun = ""


if __name__ == "__main__":
    _TEXT.write_text(migrated_schema(), encoding="utf-8")
