"""The factory that cards of the kind `crystal_writer` name."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crystal_studio.engines.devices.sparing import loaded_where_it_fits, memory_in_words
from crystal_studio.engines.llm.adapted_model import AdaptedModel, load_adapted
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

    def load(device: str) -> AdaptedModel:
        return load_adapted(folder, {**options, "device": device})

    with memory_in_words("the writer of crystals"):
        loaded, has_left = loaded_where_it_fits(load, str(options.get("device", "auto")))
    writer = CrysTextWriter(*loaded, manner, lambda: load("cpu").model)
    if has_left:
        writer.sparing.left_at_once()
    return writer
