"""Looking for damage in a project file: at once where it is small, else when `HistoryStore.check` is called."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from crystal_studio.domain.errors import ProjectUnavailable
from crystal_studio.storage.failure import damaged

# SQLite looks through some hundred MB a second, and through this much before anyone notices.
CHECKED_ON_OPENING_BYTES = 16_000_000


def refuse_damage_if_small(path: Path, engine: Engine) -> None:
    """Check a small file whole; of a large one, what is read on the way is checked as it is read.

    Raises:
        ProjectUnavailable: damaged; names the newest good backup.
    """
    if not path.exists() or path.stat().st_size < CHECKED_ON_OPENING_BYTES:
        refuse_damage(path, engine)


def refuse_damage(path: Path, engine: Engine) -> None:
    """Check a whole file.

    Raises:
        ProjectUnavailable: damaged; names the newest good backup.
    """
    with engine.connect() as connection:
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
    if found != "ok":
        raise ProjectUnavailable(damaged(path))
