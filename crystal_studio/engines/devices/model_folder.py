"""What a registry folder of one of our own networks holds: configuration, weights and vocabulary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from crystal_studio.domain.errors import Unavailable

CONFIGURATION, WEIGHTS, VOCABULARY = "config.json", "weights.safetensors", "vocabulary.json"


def read_model(folder: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Configuration and weights, in single precision, of a registry folder.

    Raises:
        Unavailable: a file is missing.
    """
    for name in (CONFIGURATION, WEIGHTS, VOCABULARY):
        if not (folder / name).exists():
            raise Unavailable(f"The model '{folder.name}' has no {name}. Install it again.")
    config = json.loads((folder / CONFIGURATION).read_text(encoding="utf-8"))
    return config, {name: value.float() for name, value in load_file(folder / WEIGHTS).items()}


def part_of(weights: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The weights whose names begin with the prefix, without it."""
    return {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
