"""Projects on disk: SQLite through SQLAlchemy, migrations through Alembic, backups beside the file."""

from crystal_studio.storage.sql_history_store import SqlHistoryStore

__all__ = ["SqlHistoryStore"]
