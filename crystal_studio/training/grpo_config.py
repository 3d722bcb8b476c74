"""What decides a run of the stage ``grpo``, and the command line that reads it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from crystal_studio.engines.llm.base_model import Precision
from crystal_studio.training.crystal_dialects import Dialect

CONFIGS = ("crystext", "paper", "tiny")


@dataclass(frozen=True)
class GrpoConfig:
    """Everything that decides a run.

    Attributes:
        base: folder of the language model.
        adapter: folder of the supervised adapter: the policy starts as it, and is held near it.
        prompts: folder with ``train.jsonl``, a prompt and the true text a line.
        output: where the log, the plot, the checkpoints and the adapter go.
        minutes: of wall time over all restarts.
        max_steps: of the optimizer; the run ends with whichever comes first.
        prompts_per_step: each is answered `generations` times.
        beta: weight of the Kullback-Leibler divergence from the supervised model.
        max_tokens: of a text; prompts whose true text is longer are left out.
        dialect: "short", or "cif" as the paper has it.
        space_group_weight: reward for the space group asked for; 0 as in the paper.
    """

    base: str = ""
    adapter: str = "models_registry/adapter/crystext-sft-smollm2"
    prompts: str = "runs/crystext"
    output: str = "runs/crystext-rl"
    minutes: float = 35.0
    max_steps: int = 400
    generations: int = 6
    prompts_per_step: int = 4
    learning_rate: float = 1e-5
    warmup_steps: int = 5
    beta: float = 0.04
    temperature: float = 1.0
    max_tokens: int = 96
    dialect: Dialect = "short"
    space_group_weight: float = 0.0
    precision: Precision = "nf4"
    device: Literal["cpu", "cuda"] = "cpu"
    threads: int = 1
    seed: int = 0
    save_steps: int = 10


# The published sizes: LLaMA-3.1-8B or Mistral-7B-v0.3 in 4 bits on a card. Source: CrysText (its GRPO training).
PAPER = {
    "prompts": "runs/crystext-cif",
    "minutes": 1e6,
    "max_steps": 2000,
    "learning_rate": 1e-6,
    "max_tokens": 1500,
    "dialect": "cif",
    "device": "cuda",
}


def configuration(arguments: Sequence[str] | None = None) -> GrpoConfig:
    """Read the command line; ``--config tiny`` teaches a model of its own first."""
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.grpo", description=__doc__)
    parser.add_argument("--config", choices=CONFIGS, default="crystext")
    for each in fields(GrpoConfig):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=type(each.default), default=None)
    options = vars(parser.parse_args(arguments))
    name = options.pop("config")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    if name == "tiny":
        return _tiny(given)
    return GrpoConfig(**{**(PAPER if name == "paper" else {}), **given})


def _tiny(given: dict[str, Any]) -> GrpoConfig:
    from crystal_studio.training.grpo_tiny import TINY, teach_tiny

    output = Path(given.get("output", "runs/grpo-tiny"))
    taught = teach_tiny(output / "taught", int(given.get("seed", 0)))
    return GrpoConfig(**{**TINY, **taught, **given, "output": str(output)})
