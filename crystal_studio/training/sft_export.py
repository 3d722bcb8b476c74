"""Ships a trained adapter: half precision, no path of the machine it was trained on, a card with its scores.

python -m crystal_studio.training.sft_export --run runs/sft --output models_registry/adapter/dialogue-smollm2
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crystal_studio.domain.errors import UserCorrectable
from crystal_studio.engines.llm.gguf_source import sha256_of

WEIGHTS = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
_KEPT = ("peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "bias", "inference_mode")


def export(run: Path, output: Path, base: Path, dialogues: Path, scores: Mapping[str, float]) -> Path:
    """Write the adapter and its card; returns the card.

    Raises:
        UserCorrectable: the run has saved no adapter.
    """
    import torch
    from safetensors.torch import load_file, save_file

    if not (run / "adapter" / WEIGHTS).exists():
        raise UserCorrectable(f"There is no adapter in '{run}'. Run 'python -m crystal_studio.training.sft' first.")
    output.mkdir(parents=True, exist_ok=True)
    weights = load_file(run / "adapter" / WEIGHTS)
    save_file({name: tensor.to(torch.float16) for name, tensor in weights.items()}, output / WEIGHTS)
    config = json.loads((run / "adapter" / CONFIG).read_text(encoding="utf-8"))
    plain = {name: config[name] for name in _KEPT if name in config} | {"base_model_name_or_path": base.name}
    plain["target_modules"] = sorted(plain["target_modules"])
    (output / CONFIG).write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    card = output / "model.toml"
    card.write_text(_card(output, base, _provenance(run, dialogues, scores)), encoding="utf-8")
    _stamp(output.parents[1] / "language_model" / "smollm2-dialogue" / "model.toml", sha256_of(output / WEIGHTS))
    return card


def _stamp(card: Path, adapter_sha256: str) -> None:
    """Name the adapter in the version of the card that uses it, so that nodes record which one wrote their pivot."""
    if card.exists():
        text = card.read_text(encoding="utf-8")
        stamped = re.sub(r'^version = ".*"$', f'version = "1-{adapter_sha256[:12]}"', text, count=1, flags=re.MULTILINE)
        card.write_text(stamped, encoding="utf-8")


def _provenance(run: Path, dialogues: Path, scores: Mapping[str, float]) -> dict[str, Any]:
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    last = rows[-1]
    losses = [row["val_loss"] for row in rows if "val_loss" in row]
    return {
        "data": "Dialogues mined from crystals of the training split (Materials Project, CC BY 4.0; Jain et al. 2013, "
        "Horton et al. 2025), described by Robocrystallographer; no formula of the val or test splits or the benchmark",
        "dialogues_sha256": sha256_of(dialogues / "train.jsonl"),
        "licence": "Apache-2.0 (weights trained by us); the base is Apache-2.0",
        "steps": last["step"],
        "examples": last["examples"],
        "training_minutes": round(last["seconds"] / 60, 1),
        "learning_rate": config["learning_rate"],
        "rank": config["rank"],
        "alpha": config["alpha"],
        "batch": config["batch"],
        "precision": config["precision"],
        "seed": config["seed"],
        **({"val_loss": round(losses[-1], 4)} if losses else {}),
        **scores,
        "limits": "Writes English short pivots in the trained form only. Learned from few dialogues on two "
        "shared cores: its chemistry is weak, and constrained decoding keeps its formulas within the limits.",
    }


def _card(folder: Path, base: Path, provenance: Mapping[str, Any]) -> str:
    files = "".join(
        f'\n[[files]]\npath = "{name}"\nsha256 = "{sha256_of(folder / name)}"\n' for name in (WEIGHTS, CONFIG)
    )
    base_hash = sha256_of(base / "model.safetensors")
    facts = "".join(f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in provenance.items())
    return f"""id = "{folder.name}"
kind = "adapter"
version = "1"
backend = "crystal_studio.engines.llm.transformers_nf4:create"
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
    parser.add_argument("--dialogues", type=Path, default=Path("runs/dialogues"))
    parser.add_argument("--scores", type=json.loads, default={})
    options = parser.parse_args(arguments)
    export(options.run, options.output, options.base, options.dialogues, options.scores)


if __name__ == "__main__":
    main()
