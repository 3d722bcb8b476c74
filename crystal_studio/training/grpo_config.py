"""What decides a run of the stage ``grpo``, and the command line that reads it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import inf
from pathlib import Path
from typing import Any

from crystal_studio.engines.llm.base_model import Precision
from crystal_studio.engines.llm.crystext.reading import Dialect


@dataclass(frozen=True)
class GrpoConfig:
    """Everything that decides a run.

    Attributes:
        base: folder of the language model.
        adapter: folder of the supervised adapter, or of a checkpoint: the policy starts as it.
        data: folder with ``train.jsonl``, a prompt and the true text a line.
        output: where the log, the plot and the checkpoints go.
        minutes: of wall time over all restarts.
        max_steps: of the optimizer; the run ends with whichever comes first.
        prompts_per_step: each is answered `generations` times.
        beta: weight of the Kullback-Leibler divergence from that adapter; 0 charges nothing. Source: Shao et al. 2024.
        max_tokens: of a text; prompts whose true text is longer are left out.
        constrained: whether only what a prompt asks for can be written, as in the product; not so in the paper.
        dialect: "short", or "cif" as the paper has it.
        space_group_weight: reward for the space group asked for; 0 as in the paper.
    """

    base: str = ""
    adapter: str = "models_registry/adapter/crystext-sft-smollm2"
    data: str = "runs/crystext"
    output: str = "runs/crystext-rl"
    minutes: float = 35.0
    max_steps: int = 1_000_000
    generations: int = 6
    prompts_per_step: int = 4
    learning_rate: float = 1e-5
    beta: float = 0.04
    temperature: float = 1.0
    max_tokens: int = 96
    constrained: bool = False
    dialect: Dialect = "short"
    space_group_weight: float = 0.0
    precision: Precision = "nf4"
    threads: int = 1
    seed: int = 0
    save_minutes: float = 4.0

    @property
    def evaluate_minutes(self) -> float:
        """Nothing is validated: the reward of each step is of texts that are new."""
        return inf


CONFIGS = {
    # Six samples and temperature are the paper's; the rest is what gained on two cores. No divergence is charged for:
    # that would take another pass over every text, also over those that teach nothing.
    "crystext": GrpoConfig(minutes=40.0, prompts_per_step=16, learning_rate=2.5e-4, beta=0.0, max_tokens=64, threads=2),
    # LLaMA-3.1-8B or Mistral-7B-v0.3 in 4 bits on a card. Source: CrysText (its GRPO training).
    "paper": GrpoConfig(
        adapter="runs/crystext-sft-cif/adapter",
        data="runs/crystext-cif",
        minutes=inf,
        max_steps=2000,
        learning_rate=1e-6,
        max_tokens=1500,
        dialect="cif",
    ),
    # The learning rate is the toy's own.
    "tiny": GrpoConfig(
        output="runs/grpo-tiny",
        minutes=5.0,
        max_steps=16,
        learning_rate=3e-3,
        max_tokens=40,
        precision="float32",
    ),
}


def configuration(arguments: Sequence[str] | None = None) -> tuple[GrpoConfig, Path | None]:
    """Read the command line: the run, and where its adapter is exported to, if anywhere.

    ``--config tiny`` makes its own model and teaches it first.
    """
    parser = argparse.ArgumentParser(prog="python -m crystal_studio.training.grpo", description=__doc__)
    parser.add_argument("--config", choices=list(CONFIGS), default="crystext")
    parser.add_argument("--export", type=Path, help="folder of models_registry/adapter that the adapter is shipped in")
    for each in fields(GrpoConfig):
        how: dict[str, Any] = {"type": type(each.default)}
        if isinstance(each.default, bool):
            how = {"action": argparse.BooleanOptionalAction}
        parser.add_argument(f"--{each.name.replace('_', '-')}", default=None, **how)
    options = vars(parser.parse_args(arguments))
    name, export_to = options.pop("config"), options.pop("export")
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    config = replace(CONFIGS[name], **given)
    if name == "tiny":
        from crystal_studio.training.grpo_tiny import teach_tiny

        taught = teach_tiny(Path(config.output) / "taught")
        config = replace(config, base=taught["base"], adapter=taught["adapter"], data=taught["data"])
    return config, export_to
