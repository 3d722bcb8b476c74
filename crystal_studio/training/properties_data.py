"""Features and targets of the property network, computed once and kept as arrays."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.predictors.geometry_features import crystal_features
from crystal_studio.training.data import Record, read_json_lines

Floats = NDArray[np.float32]
SPLITS = ("val", "megnet_test", "test", "train")


@dataclass(frozen=True)
class Samples:
    """Crystals of one split, M of them.

    Attributes:
        features: (M, F).
        targets: (M, 3) band gap (eV), formation energy and energy above hull (eV/atom), PBE; NaN where unknown.
        sizes: (M,) numbers of atoms.
        megnet_gaps: (M,) band gaps of the MEGNet set of 2018 (eV, PBE); NaN where the crystal is not in it.
    """

    features: Floats
    targets: Floats
    sizes: NDArray[np.int64]
    megnet_gaps: Floats

    def __len__(self) -> int:
        return len(self.sizes)


def say(report: dict[str, Any]) -> None:
    """One JSON object on a line of its own."""
    sys.stdout.write(json.dumps(report) + "\n")
    sys.stdout.flush()


def prepare(data: Path, output: Path) -> None:
    """Compute the features of every crystal of which a target is known, split by split; finished ones are kept."""
    output.mkdir(parents=True, exist_ok=True)
    for split in SPLITS:
        path = output / f"{split}.npz"
        if not path.exists():
            save(_samples(read_json_lines(data / "crystals" / f"{split}.jsonl.gz")), path)
        say({"split": split, "crystals": len(load(output, split))})


def save(samples: Samples, path: Path) -> None:
    """Write one split; the file appears when it is complete."""
    partial = path.with_suffix(".partial.npz")
    np.savez(partial, **vars(samples))
    os.replace(partial, path)


def load(output: Path, split: str) -> Samples:
    """The samples of one split.

    Raises:
        UserCorrectable: `prepare` has not been run.
    """
    path = output / f"{split}.npz"
    if not path.exists():
        raise UserCorrectable(f"There is no '{path}'. Run 'crystal-studio train properties prepare' first.")
    with np.load(path, allow_pickle=False) as arrays:
        return Samples(**{name: arrays[name] for name in ("features", "targets", "sizes", "megnet_gaps")})


def _samples(records: Iterable[Record]) -> Samples:
    kept = [record for record in records if any(value is not None for value in _known(record))]
    return Samples(
        features=np.stack([crystal_features(record.crystal) for record in kept]).astype(np.float32),
        targets=np.array([_known(record) for record in kept], dtype=np.float32),
        sizes=np.array([len(record.crystal) for record in kept], dtype=np.int64),
        megnet_gaps=np.array([record.megnet_gap_ev for record in kept], dtype=np.float32),
    )


def _known(record: Record) -> tuple[float | None, float | None, float | None]:
    return record.band_gap_ev, record.formation_energy_ev, record.hull_energy_ev
