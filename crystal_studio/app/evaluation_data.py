"""Crystals for `evaluate`: a split of the data folder with its descriptions, or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.app.paths import training_data_folder
from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.training.data import Record, read_descriptions, read_records

_DESCRIPTIONS = "descriptions.jsonl.gz"


def evaluation_records(name: str) -> Sequence[Mapping[str, Any]]:
    """The rows of "train", "val", "test", ... of the data folder, or of a file or folder of crystals.

    Raises:
        UserCorrectable: no data folder is set, or there is no such file.
    """
    folder = training_data_folder()
    split = folder / "crystals" / f"{name}.jsonl.gz" if folder else None
    path = Path(name)
    if split is not None and split.is_file():
        path = split
    elif not path.exists():
        raise UserCorrectable(
            f"There are no crystals '{name}'. Set CRYSTAL_STUDIO_DATA to a folder with crystals/{name}.jsonl.gz, "
            "or name a file with --data."
        )
    texts = read_descriptions(folder / _DESCRIPTIONS) if folder and (folder / _DESCRIPTIONS).is_file() else {}
    return [_row(record, texts.get(record.identifier, "")) for record in read_records(path)]


def _row(record: Record, text: str) -> dict[str, Any]:
    known = {"id": record.identifier, "spacegroup": record.space_group, "text": text}
    asked = {"prompt": record.prompt, "megnet_gap": record.megnet_gap_ev, "e_above_hull": record.hull_energy_ev}
    told = {name: value for name, value in asked.items() if value is not None}
    return {**record.crystal.to_dict(), "formula": record.crystal.formula, **known, **told}
