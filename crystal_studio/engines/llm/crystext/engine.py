"""The factory that cards of the kind `crystal_writer` name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crystal_studio.engines.llm.adapted_model import load_adapted
from crystal_studio.engines.llm.crystext.writer import CrysTextWriter, Manner


def create(folder: Path, options: Mapping[str, Any]) -> CrysTextWriter:
    """Factory for ``model.toml``.

    Args:
        folder: the card's folder; the model itself where no base is named.
        options: those of `load_adapted`, and the fields of `Manner`.

    Raises:
        Unavailable: weights or libraries are missing, or the adapter does not fit the base.
    """
    manner = Manner(**{name: value for name, value in options.items() if name in Manner.__dataclass_fields__})
    return CrysTextWriter(*load_adapted(folder, options), manner)
