"""Which schema a file has, and bringing it to ours.

`PRAGMA application_id` marks our files, `PRAGMA user_version` holds the major version (another major is another
meaning of the tables, and is refused when newer), Alembic's revision counts additions within a major.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine

from crystal_studio.domain.errors import ProjectUnavailable

APPLICATION_ID = 0x43535444
SCHEMA_MAJOR = 1
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007")
HEAD = REVISIONS[-1]


@dataclass(frozen=True)
class SchemaState:
    """What a file says about itself.

    Attributes:
        empty: no table yet.
        ours: marked as a project of this program.
        major: schema's major version.
        revision: Alembic's revision, None where no migration has run.
    """

    empty: bool
    ours: bool
    major: int
    revision: str | None

    @property
    def outdated(self) -> bool:
        """Whether a known migration is still to run; revisions that we do not know only add."""
        return not self.empty and self.revision in REVISIONS[:-1]


def schema_state(engine: Engine) -> SchemaState:
    """Read the state without changing anything."""
    with engine.connect() as connection:
        names = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
        revision = None
        if "alembic_version" in names:
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
        application = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
        major = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    return SchemaState(not names, application == APPLICATION_ID and revision is not None, int(major), revision)


def refuse_foreign(state: SchemaState, path: Path) -> None:
    """Refuse what is not ours to read.

    Raises:
        ProjectUnavailable: another program's database, or a project of a newer major version.
    """
    if state.empty:
        return
    if not state.ours:
        raise ProjectUnavailable(f"{path} is a database of another program, not a project. Name another file.")
    if state.major > SCHEMA_MAJOR:
        raise ProjectUnavailable(
            f"{path} was written by a newer Crystal Studio (schema {state.major}; this one reads up to "
            f"{SCHEMA_MAJOR}) and was left untouched. Update Crystal Studio to open it."
        )


def upgrade(engine: Engine, revision: str = HEAD) -> None:
    """Run the missing migrations in one transaction: killed half-way, the file is as it was."""
    with engine.begin() as connection:
        _run_alembic(connection, revision)


def _run_alembic(connection: Connection, revision: str) -> None:
    # Imported here: Alembic takes 0.3 s, and a project that is up to date does not need it.
    from alembic.command import upgrade as alembic_upgrade
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    alembic_upgrade(config, revision)
