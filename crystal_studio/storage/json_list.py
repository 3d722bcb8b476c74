"""Lists of any length as one bound value: SQLite takes no more than 32,766 of them otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, Text, bindparam, func, select

from crystal_studio.storage.column_types import to_json


def among(values: Iterable[str | int]) -> Select[tuple[Any]]:
    """A subquery of one column, `value`, that holds the values in order."""
    bound = bindparam(None, to_json(list(values)), type_=Text, unique=True)
    return select(func.json_each(bound).table_valued("value").c.value)
