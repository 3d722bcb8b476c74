"""Writing a model card as TOML (the standard library only reads it)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from crystal_studio.domain.model_card import ModelCard

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def card_to_toml(card: ModelCard) -> str:
    """The text of a ``model.toml``: equal cards give equal text.

    Raises:
        TypeError: an option or a provenance entry is not plain data.
    """
    head = {
        "id": card.id,
        "kind": card.kind.value,
        "version": card.version,
        "backend": card.backend,
        "default": card.default,
        "memory_mb": card.memory_mb,
    }
    blocks = [_pairs(head)]
    blocks += ["[[files]]\n" + _pairs({"path": file.path, "sha256": file.sha256}) for file in card.files]
    blocks += ["[[sources]]\n" + _pairs(source) for source in card.sources]
    blocks += [f"[{name}]\n" + _pairs(table) for name in ("options", "provenance") if (table := getattr(card, name))]
    return "\n\n".join(blocks) + "\n"


def _pairs(table: Mapping[str, Any]) -> str:
    """One line a pair; TOML has no null, so a pair without a value is left out."""
    return "\n".join(f"{_key(key)} = {_value(value)}" for key, value in table.items() if value is not None)


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _text(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        pairs = [f"{_key(key)} = {_value(item)}" for key, item in value.items() if item is not None]
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} cannot be written into a model card")


def _float(value: float) -> str:
    if math.isfinite(value):
        return repr(float(value))
    return "nan" if math.isnan(value) else ("inf" if value > 0 else "-inf")


def _text(value: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
