"""A new project has the very schema that the migrations lead to."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from crystal_studio.storage import SqlHistoryStore
from crystal_studio.storage.connection import writing_engine
from crystal_studio.storage.new_project import migrated_schema
from crystal_studio.storage.schema import upgrade

STORED = Path(__file__).parents[2] / "crystal_studio" / "storage" / "new_project.sql"


def described(path: Path) -> dict[str, object]:
    with closing(sqlite3.connect(path)) as connection:
        found: dict[str, object] = {
            pragma: connection.execute(f"PRAGMA {pragma}").fetchone() for pragma in ("application_id", "user_version")
        }
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master ORDER BY name")]
        found["names"] = names
        found["columns"] = {name: connection.execute(f"PRAGMA table_info('{name}')").fetchall() for name in names}
        found["keys"] = {name: connection.execute(f"PRAGMA foreign_key_list('{name}')").fetchall() for name in names}
        found["revision"] = connection.execute("SELECT * FROM alembic_version").fetchall()
        return found


def test_that_the_stored_text_is_what_the_migrations_lead_to() -> None:
    assert STORED.read_text(encoding="utf-8") == migrated_schema()


def test_that_a_new_project_is_like_one_that_was_migrated(tmp_path: Path) -> None:
    SqlHistoryStore.open(tmp_path / "new.cstudio").close()
    engine = writing_engine(tmp_path / "migrated.cstudio")
    upgrade(engine)
    engine.dispose()
    assert described(tmp_path / "new.cstudio") == described(tmp_path / "migrated.cstudio")


def test_that_a_new_project_does_not_wait_for_alembic(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from crystal_studio.storage import SqlHistoryStore; "
        "SqlHistoryStore.open(Path(sys.argv[1])).close(); print('alembic' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "new.cstudio")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == "False"
