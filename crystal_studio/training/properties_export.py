"""Write the property predictor's folder: weights and card."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio.domain.card_toml import card_to_toml
from crystal_studio.domain.model_card import ModelCard, ModelFile, ModelKind
from crystal_studio.engines.predictors.geometry_features import CUTOFF_ANGSTROM
from crystal_studio.engines.predictors.property_network import QUANTITIES
from crystal_studio.training.properties_calibrate import WEIGHTS
from crystal_studio.training.properties_fit import BATCH

_LIMITS = (
    "Gaps are PBE: read against experiment they are too small, by about 40 %. Trained on relaxed crystals of the "
    "Materials Project, most of them within 0.1 eV/atom of the hull: an energy above the hull of a crystal that is not "
    "relaxed, or could not have been in that database, is a guess; crystals unlike the training set are marked. "
    "Coverages were measured on crystals of the same database. Half of the gaps are those of all but certain metals, "
    "which any sigma covers: look at the unsure half. The energies do not choose between structures of one "
    "composition: on 100 crystals of val the lowest of five templates was the right structure 57 times, the chemically "
    "nearest one 67 times."
)


@dataclass(frozen=True)
class Training:
    """What the card tells of the training.

    Attributes:
        rows: crystals with a gap, with a formation energy, with an energy above the hull.
        steps: of each member, BATCH crystals each.
        elements: that occur among them.
        epochs: of each member.
        members: of the ensemble.
        distorted_marked: share of distorted val crystals that are marked as unlike the training set.
    """

    rows: tuple[int, int, int]
    steps: int
    elements: tuple[str, ...]
    epochs: int
    members: int
    distorted_marked: float


def export(
    output: Path, folder: Path, metrics: Mapping[str, Mapping[str, Mapping[str, Any]]], training: Training
) -> None:
    """Copy the weights to the folder and write its `model.toml`; `metrics` by split, then by quantity."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(output / WEIGHTS, folder / WEIGHTS)
    digest = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    card = ModelCard(
        id=folder.name,
        kind=ModelKind.PREDICTOR,
        version="2",
        backend="crystal_studio.engines.predictors.properties:create",
        files=(ModelFile(WEIGHTS, digest),),
        options={"file": WEIGHTS, "quantities": list(QUANTITIES), "known_elements": list(training.elements)},
        provenance=_provenance(training) | {"metrics": {split: _rounded(parts) for split, parts in metrics.items()}},
        memory_mb=40,
        default=True,
    )
    (folder / "model.toml").write_text(card_to_toml(card), encoding="utf-8")


def _provenance(training: Training) -> dict[str, Any]:
    gaps, formation, hull = training.rows
    return {
        "data": "Materials Project (Jain et al. 2013, Horton et al. 2025; CC BY 4.0), train split",
        "rows": {"band_gap": gaps, "formation_energy": formation, "e_above_hull": hull},
        "functional": "PBE (energies with the Materials Project's corrections)",
        "features": f"composition statistics and cell-independent geometry within {CUTOFF_ANGSTROM} angstrom",
        "network": "one trunk of 256 and 96 units with three heads",
        "members": training.members,
        "epochs": training.epochs,
        "steps_of_each_member": training.steps,
        "batch": BATCH,
        "seed": 0,
        "commit": _commit(),
        "selected_on": "val",
        "calibrated_on": "val, conformal factors for 68 % and 95 %",
        "marked_of_distorted_val_crystals": round(training.distorted_marked, 3),
        "licence": "Apache-2.0 (weights); CC BY 4.0 (data of the Materials Project)",
        "limits": _LIMITS,
    }


def _rounded(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    return {
        quantity: {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in figures.items()
            if value is not None
        }
        for quantity, figures in parts.items()
    }


def _commit() -> str:
    """The commit the code was at, "unknown" outside a checkout."""
    try:
        found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found.stdout.strip()
