"""Alembic's scripts; run by `storage.schema`, never by hand."""
