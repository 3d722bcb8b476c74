"""A configuration from a stranger, reduced to numbers and a few known words.

Whatever could name code, a file, a kernel or an address is text; so texts pass only under keys that are known to
choose among built-in things, and every other text is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_WORDS = frozenset(
    {
        "model_type",
        "architectures",
        "hidden_act",
        "hidden_activation",
        "activation_function",
        "dtype",
        "torch_dtype",
        "layer_types",
        "rope_type",
        "type",
        "peft_type",
        "task_type",
        "bias",
        "target_modules",
        "base_model_name_or_path",
    }
)
# Known to say something about code; told apart from what is merely unknown.
_OF_CODE = ("auto_map", "auto_mapping", "trust_remote_code", "custom_pipelines", "chat_template", "use_kernels")
_WORD = re.compile(r"[\w./-]{1,120}")


def plain_config(table: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What may be kept, and a sentence on each key that may not; tables inside are treated alike."""
    kept: dict[str, Any] = {}
    said: list[str] = []
    for key, value in table.items():
        if key in _OF_CODE:
            said.append(f"its '{key}' is left out, which names code or a program")
        elif isinstance(value, Mapping):
            kept[key], inner = plain_config(value)
            said.extend(inner)
        elif _is_plain(key, value):
            kept[key] = value
        else:
            said.append(f"its '{key[:60]}' is left out, a text that the studio does not use")
    return kept, tuple(said)


def _is_plain(key: str, value: object) -> bool:
    if isinstance(value, list):
        return all(_is_plain(key, item) for item in value)
    if isinstance(value, str):
        return key in _WORDS and _WORD.fullmatch(value) is not None
    return value is None or isinstance(value, bool | int | float)


def names_code(table: Mapping[str, Any]) -> str | None:
    """The first key that says something about code, None where there is none."""
    return next((key for key in _OF_CODE if key in table), None)
