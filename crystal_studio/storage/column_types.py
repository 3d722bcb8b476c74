"""Column types that give back exactly what was stored."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from sqlalchemy import Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, UserDefinedType


class ExactFloat(UserDefinedType[float]):
    """A float64; SQLite would turn NaN into NULL, so NaN is kept as text.

    Not a decorated `Float`: that one's own processor would turn the text back into NaN on its way to SQLite.
    """

    cache_ok = True

    def get_col_spec(self, **options: object) -> str:
        """Column type of the DDL."""
        return "FLOAT"

    def bind_processor(self, dialect: Dialect) -> Callable[[float | None], float | str | None]:
        """Python to SQLite."""
        return _float_to_column

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], float | None]:
        """SQLite to Python."""
        return _float_from_column


class WholeNumber(TypeDecorator[int]):
    """An integer of any size, as text: seeds may exceed SQLite's signed 64 bits."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """Python to SQLite."""
        return None if value is None else str(int(value))

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """SQLite to Python."""
        return None if value is None else int(value)


class PlainJson(TypeDecorator[Any]):
    """JSON text of plain data; tuples come back as lists, NumPy scalars as Python numbers."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """Python to SQLite."""
        return to_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """SQLite to Python; what an older program left out is None."""
        return None if value is None else json.loads(value)


def _float_to_column(value: float | None) -> float | str | None:
    if value is None:
        return None
    number = float(value)
    return "nan" if math.isnan(number) else number


def _float_from_column(value: float | str | None) -> float | None:
    return None if value is None else float(value)


def to_json(value: Any) -> str:
    """Compact JSON; floats are written so that they read back bit for bit.

    Raises:
        TypeError: the value holds something that is not plain data.
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not plain data and cannot be stored in a project")
