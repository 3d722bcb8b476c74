"""Write trained weights as a registry folder: half-precision safetensors, vocabulary, configuration and card."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from crystal_studio.engines.devices.model_folder import CONFIGURATION, VOCABULARY, WEIGHTS
from crystal_studio.engines.nets.clip_net import ClipConfig, CrystalClip
from crystal_studio.engines.nets.configurations import clip_to_dict, denoiser_to_dict
from crystal_studio.engines.nets.denoiser_net import DenoiserConfig
from crystal_studio.engines.nets.tokenizer import Tokenizer
from crystal_studio.training.loop import BEST

CARD = "model.toml"
_DATA = "Materials Project crystals with at most 20 atoms (CC BY 4.0; Jain et al. 2013, Horton et al. 2025)"
_DENOISER_LIMITS = (
    "Trained on {rows} crystals, on two cores, for a small share of the steps of a published model. Cells of more than "
    "20 atoms and disordered crystals are outside training. From noise it seldom finds the ground state; it is "
    "meant to be started from prototypes and parents as well, and judged beside the retrieval baseline."
)
_ALIGNER_LIMITS = (
    "Trained on {rows} crystals with Robocrystallographer sentences; free wording is outside training. The score "
    "ranks crystals under one text; its value is not a probability."
)


@dataclass(frozen=True)
class Provenance:
    """What a card says of the training: rows and hash of the training data, seed, configuration, scores in words.

    Attributes:
        version: of the model, one higher for new weights under an id that is known.
    """

    rows: int
    data_sha256: str
    seed: int
    configuration: str
    measured: str = "losses of the validation split only"
    version: str = "1"


@dataclass(frozen=True)
class Card:
    """The fixed part of a card: kind, backend, what it can hold in memory, options and limits."""

    kind: str
    backend: str
    memory_mb: int
    options: Mapping[str, int | float | str]
    limits: str


_ALIGNER = Card(
    "aligner", "crystal_studio.engines.alignment.crystal_clip:create", 200, {"device": "auto"}, _ALIGNER_LIMITS
)
_DENOISER = Card(
    "denoiser",
    "crystal_studio.engines.sampling.denoiser:create",
    300,
    {"device": "auto", "steps": 50, "guidance": 1.0, "stochasticity": 1.0, "corrector_steps": 1},
    _DENOISER_LIMITS,
)


def export_clip(run: Path, config: ClipConfig, tokenizer: Tokenizer, folder: Path, provenance: Provenance) -> None:
    """Export the best Crystal CLIP of a run."""
    best = torch.load(run / BEST, map_location="cpu", weights_only=True)
    body = {"clip": clip_to_dict(config)}
    _write(folder, best["weights"], body, tokenizer, _card(_ALIGNER, folder.name, best, provenance))


def export_denoiser(
    run: Path, config: DenoiserConfig, clip: CrystalClip, tokenizer: Tokenizer, folder: Path, provenance: Provenance
) -> None:
    """Export the best denoiser of a run with the text half of the Crystal CLIP that it was trained under."""
    best = torch.load(run / BEST, map_location="cpu", weights_only=True)
    weights = {f"denoiser.{name}": value for name, value in best["weights"].items()}
    halves = ("text.", "text_projection.")
    weights |= {f"clip.{name}": value for name, value in clip.state_dict().items() if name.startswith(halves)}
    body = {"denoiser": denoiser_to_dict(config), "clip": clip_to_dict(clip.config)}
    _write(folder, weights, body, tokenizer, _card(_DENOISER, folder.name, best, provenance))


def sha256_of_file(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _write(
    folder: Path, weights: Mapping[str, Tensor], config: dict[str, Any], tokenizer: Tokenizer, card: dict[str, Any]
) -> None:
    """Write everything beside the folder first, so that a reader never sees half of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".export-") as name:
        partial = Path(name)
        half = {key: value.half().contiguous() for key, value in weights.items() if value.dtype.is_floating_point}
        save_file(half, partial / WEIGHTS)
        tokenizer.save(partial / VOCABULARY)
        (partial / CONFIGURATION).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        files = [
            {"path": file, "sha256": sha256_of_file(partial / file)} for file in (WEIGHTS, VOCABULARY, CONFIGURATION)
        ]
        (partial / CARD).write_text(to_toml(card | {"files": files}), encoding="utf-8")
        folder.mkdir(exist_ok=True)
        for file in (WEIGHTS, VOCABULARY, CONFIGURATION, CARD):
            (partial / file).chmod(0o644)
            shutil.move(partial / file, folder / file)


def _card(card: Card, identifier: str, best: Mapping[str, Any], provenance: Provenance) -> dict[str, Any]:
    told = {name: value for name, value in vars(provenance).items() if name != "version"}
    return {
        "id": identifier,
        "kind": card.kind,
        "version": provenance.version,
        "backend": card.backend,
        "default": True,
        "memory_mb": card.memory_mb,
        "options": dict(card.options),
        "provenance": {
            "data": f"{_DATA}; trained on {provenance.rows / 1000:.1f} k",
            "licence": "Apache-2.0 (weights trained by us)",
            **told,
            "steps": int(best["step"]),
            "training_minutes": round(float(best["seconds"]) / 60, 1),
            "parameters": int(sum(value.numel() for value in best["weights"].values())),
            **{f"val_{name}": round(float(value), 4) for name, value in best["figures"].items()},
            "limits": card.limits.format(rows=provenance.rows),
        },
    }


def to_toml(card: Mapping[str, Any]) -> str:
    """A card as TOML: plain values first, then tables, then arrays of tables."""
    plain = [f"{key} = {_value(value)}" for key, value in card.items() if not isinstance(value, (dict, list))]
    tables: list[str] = []
    for key, value in card.items():
        if isinstance(value, dict):
            tables += ["", f"[{key}]", *(f"{name} = {_value(item)}" for name, item in value.items())]
    for key, value in card.items():
        if isinstance(value, list):
            for row in value:
                tables += ["", f"[[{key}]]", *(f"{name} = {_value(item)}" for name, item in row.items())]
    return "\n".join([*plain, *tables]) + "\n"


def _value(value: bool | int | float | str) -> str:
    return json.dumps(value, ensure_ascii=False)
