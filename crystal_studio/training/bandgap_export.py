"""Write the band-gap predictor's folder: weights and card."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.engines.predictors.geometry_features import CUTOFF_ANGSTROM

_CARD = """id = "{identifier}"
kind = "predictor"
version = "1"
backend = "crystal_studio.engines.predictors.band_gap:create"
default = true
memory_mb = 40

[[files]]
path = "ensemble.safetensors"
sha256 = "{sha256}"

[options]
quantity = "band_gap"
file = "ensemble.safetensors"
known_elements = [{elements}]

[provenance]
data = "Materials Project (Jain et al. 2013, Horton et al. 2025), PBE band gaps, train split"
rows = {rows}
seed = 0
functional = "PBE"
features = "composition statistics and cell-independent geometry within {cutoff} angstrom"
licence = "Apache-2.0 (weights); CC BY 4.0 (data of the Materials Project)"
calibrated_on = "val"
limits = "PBE gaps are too small by about 40 %; sigma is calibrated for 68 %, and large errors are more frequent \
than for a normal distribution. Crystals unlike the training set are marked."
{metrics}"""


def export(
    output: Path, folder: Path, metrics: Mapping[str, Mapping[str, Any]], rows: int, elements: Sequence[str]
) -> None:
    """Copy the weights to the folder and write its `model.toml`."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(output / "ensemble.safetensors", folder / "ensemble.safetensors")
    digest = hashlib.sha256((folder / "ensemble.safetensors").read_bytes()).hexdigest()
    tables = "".join(_table(split, values) for split, values in metrics.items())
    text = _CARD.format(
        identifier=folder.name,
        sha256=digest,
        elements=", ".join(f'"{symbol}"' for symbol in elements),
        rows=rows,
        cutoff=CUTOFF_ANGSTROM,
        metrics=tables,
    )
    (folder / "model.toml").write_text(text, encoding="utf-8")


def _table(split: str, values: Mapping[str, Any]) -> str:
    lines = "".join(f"{name} = {round(value, 4)}\n" for name, value in values.items() if value is not None)
    return f"\n[provenance.metrics.{split}]\n{lines}"
