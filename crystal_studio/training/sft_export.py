"""Ships a trained adapter: half precision, no path of the machine it was trained on, a card with its scores.

The newest checkpoint is shipped, also of a run that is going on.

    python -m crystal_studio.training.sft_export --run runs/crystext-sft --base FOLDER --output FOLDER
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.llm.gguf_source import sha256_of
from crystal_studio.training.sft_checkpoints import newest_checkpoint, stored_in

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
_KEPT = ("peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "bias", "inference_mode")
_TOLD = ("learning_rate", "rank", "alpha", "row_tokens", "rows", "precision", "seed")
_TOLD_OF_REWARDED = (
    "generations",
    "prompts_per_step",
    "beta",
    "temperature",
    "max_tokens",
    "constrained",
    "space_group_weight",
)


@dataclass(frozen=True)
class Words:
    """What a card says of the data and the limits of an adapter, and the engine that reads it."""

    backend: str
    data: str
    limits: str


DIALOGUES = Words(
    backend="crystal_studio.engines.llm.transformers_nf4:create",
    data="Dialogues mined from crystals of the training split (Materials Project, CC BY 4.0; Jain et al. 2013, Horton "
    "et al. 2025), described by Robocrystallographer; no formula of the val or test splits or the benchmark",
    limits="Writes English short pivots in the trained form only. Learned from few dialogues on two shared cores: its "
    "chemistry is weak, and constrained decoding keeps its formulas within the limits.",
)
CRYSTALS = Words(
    backend="crystal_studio.engines.llm.crystext.engine:create",
    data="Crystals of the training split with at most 20 atoms in the primitive cell (MP-20 and the Materials Project, "
    "CC BY 4.0; Jain et al. 2013, Xie et al. 2022, Horton et al. 2025), written as short CIF",
    limits="Writes short CIF after the short layout of the prompt only. Learned from few crystals on two shared cores: "
    "cells and coordinates are often wrong, and constrained decoding keeps composition and space group.",
)


def export(run: Path, output: Path, base: Path, scores: Mapping[str, float]) -> Path:
    """Write the adapter and its card; returns the card.

    Raises:
        UserCorrectable: the run has saved no adapter.
    """
    import torch
    from safetensors.torch import load_file, save_file

    checkpoint = newest_checkpoint(run)
    if checkpoint is None:
        raise UserCorrectable(f"There is no adapter in '{run}'. Run 'python -m crystal_studio.training.sft' first.")
    output.mkdir(parents=True, exist_ok=True)
    weights = load_file(checkpoint / WEIGHTS)
    save_file({name: tensor.to(torch.float16) for name, tensor in weights.items()}, output / WEIGHTS)
    config = json.loads((checkpoint / CONFIG).read_text(encoding="utf-8"))
    plain = {name: config[name] for name in _KEPT if name in config} | {"base_model_name_or_path": base.name}
    plain["target_modules"] = sorted(plain["target_modules"])
    (output / CONFIG).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    card = output / "model.toml"
    card.write_text(_card(output, base, _provenance(run, checkpoint, scores), _words(run)), encoding="utf-8")
    _stamp(output, sha256_of(output / WEIGHTS))
    return card


def _stamp(adapter: Path, adapter_sha256: str) -> None:
    """Name the adapter in the version of the cards that use it, so that nodes record which one wrote them."""
    for card in adapter.parents[1].glob("*/*/model.toml"):
        text = card.read_text(encoding="utf-8")
        if f'ref = "{adapter.name}"' in text:
            version = f'version = "1-{adapter_sha256[:12]}"'
            card.write_text(re.sub(r'^version = ".*"$', version, text, count=1, flags=re.MULTILINE), encoding="utf-8")


def _settings(run: Path) -> dict[str, Any]:
    return dict(json.loads((run / "config.json").read_text(encoding="utf-8")))


def _words(run: Path) -> Words:
    with (Path(_settings(run)["data"]) / "train.jsonl").open(encoding="utf-8") as lines:
        return CRYSTALS if "space_group" in json.loads(next(lines)) else DIALOGUES


def _provenance(run: Path, checkpoint: Path, scores: Mapping[str, float]) -> dict[str, Any]:
    """What the card tells of the run, up to the checkpoint that is shipped."""
    config, stored, words = _settings(run), stored_in(checkpoint), _words(run)
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    done = [row for row in rows if row["step"] <= stored["step"]]
    losses = [row["val_loss"] for row in done if "val_loss" in row]
    return {
        "data": words.data,
        "data_sha256": sha256_of(Path(config["data"]) / "train.jsonl"),
        "licence": "Apache-2.0 (weights trained by us); the base is Apache-2.0",
        "steps": stored["step"],
        "tokens": sum(row.get("tokens", 0) for row in done),
        "training_minutes": round(stored["seconds"] / 60, 1),
        **{name: config[name] for name in _TOLD + _TOLD_OF_REWARDED if name in config},
        **({"supervised_sha256": sha256_of(Path(config["adapter"]) / WEIGHTS)} if config.get("adapter") else {}),
        **({"val_loss": round(losses[-1], 4)} if losses else {}),
        **scores,
        "limits": words.limits,
    }


def _card(folder: Path, base: Path, provenance: Mapping[str, Any], words: Words) -> str:
    files = "".join(
        f'\n[[files]]\npath = "{name}"\nsha256 = "{sha256_of(folder / name)}"\n' for name in (WEIGHTS, CONFIG)
    )
    base_hash = sha256_of(base / "model.safetensors")
    facts = "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in provenance.items())
    return f"""id = "{folder.name}"
kind = "adapter"
version = "1"
backend = "{words.backend}"
memory_mb = 20
{files}
[provenance]
base = "{base.name}"
base_sha256 = "{base_hash}"
{facts}"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Command line of the stage; ``--scores`` is a JSON object of further figures for the card."""
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.sft_export", description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/sft"))
    parser.add_argument("--output", type=Path, default=Path("models_registry/adapter/dialogue-smollm2"))
    parser.add_argument("--base", type=Path, required=True)
    parser.add_argument("--scores", type=json.loads, default={})
    options = parser.parse_args(arguments)
    export(options.run, options.output, options.base, options.scores)


if __name__ == "__main__":
    main()
