"""JSON from strangers: an object with no key twice and no NaN; anything else is refused."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from math import isfinite
from typing import Any

from crystal_studio.domain.errors import UserCorrectable


class _Refused(ValueError):
    """What the decoder's hooks say."""


def strict_object(text: bytes, name: str) -> dict[str, Any]:
    """The object that a text holds.

    Args:
        text: in UTF-8.
        name: of the file, for the message.

    Raises:
        UserCorrectable: it is no such object; names the file.
    """
    try:
        table = json.loads(
            text.decode(), object_pairs_hook=_without_twins, parse_constant=_no_constant, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        reason = str(error) if isinstance(error, _Refused) else "it is not JSON in UTF-8, or cut short"
        raise UserCorrectable(f"'{name}' cannot be read: {reason}. Fetch the model again.") from error
    if not isinstance(table, dict):
        raise UserCorrectable(f"'{name}' cannot be read: it holds no JSON object. Fetch the model again.")
    return table


def is_count(value: object) -> bool:
    """Whether a value is a whole number that counts something."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def counted(table: Mapping[str, Any], key: str) -> int:
    """The count under a key, 0 where there is none."""
    value = table.get(key)
    return int(value) if is_count(value) and isinstance(value, int) else 0


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        twin = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _Refused(f"the key {twin[:60]!r} is there twice")
    return table


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise _Refused(f"{text[:20]} is too large a number")
    return value


def _no_constant(name: str) -> None:
    raise _Refused(f"{name} is no JSON number")
