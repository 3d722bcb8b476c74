"""The full-text index: which nodes a word occurs in."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, Select, literal_column, select
from sqlalchemy.dialects.sqlite import insert

from crystal_studio.domain.node_search import plain_words
from crystal_studio.storage.tables import words


def write_words(connection: Connection, texts: Mapping[int, str]) -> None:
    """Enter texts under the ordinals of their nodes."""
    rows = [{"rowid": ordinal, "text": plain_words(text)} for ordinal, text in texts.items()]
    connection.execute(insert(words), rows)


def ordinals_with(plain: str) -> Select[tuple[int]]:
    """Ordinals of the nodes whose text holds a word, or a phrase, that begins with these plain words."""
    matches = literal_column("words").op("MATCH")(f'"{plain.strip()}" *')
    return select(words.c.rowid).where(matches)
